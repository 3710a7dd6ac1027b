using System.Globalization;
using System.Text.Json.Nodes;

namespace LlmOps.Testing;

/// <summary>
/// Which odd objects a fuzz test plays: <see cref="Few"/> from the first in a normal run, as many as <c>LLMOPS_FUZZ</c> says (<c>make fuzz</c>), from number <c>LLMOPS_FUZZ_FROM</c> to play again
/// what was found.
/// </summary>
public static class FuzzRun
{
    /// <summary>Odd objects of a normal run.</summary>
    public const int Few = 600;

    /// <summary>Levels that an object of ours may have; what is deeper is skipped, and the log and a metric say so.</summary>
    private const int MostLevels = 64;

    private static readonly int? Asked = Number("LLMOPS_FUZZ");

    /// <summary>Whether so many were asked for that memory and real delays are asserted too.</summary>
    public static bool IsLong => Asked is not null;

    /// <summary>Number of the first one.</summary>
    public static int First { get; } = Number("LLMOPS_FUZZ_FROM") ?? 0;

    /// <summary>Number behind the last one.</summary>
    public static int End { get; } = First + (Asked ?? Few);

    /// <summary>Whether an object is not deeper than ours may be.</summary>
    public static bool CanBeRead(JsonObject obj) => Levels(obj) <= MostLevels;

    private static int Levels(JsonNode? node) => node switch
    {
        JsonObject obj => 1 + obj.Select(member => Levels(member.Value)).DefaultIfEmpty().Max(),
        JsonArray array => 1 + array.Select(Levels).DefaultIfEmpty().Max(),
        _ => 0,
    };

    private static int? Number(string variable) => int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
