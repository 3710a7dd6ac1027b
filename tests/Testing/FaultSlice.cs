using System.Globalization;

namespace LlmOps.Testing;

/// <summary>
/// Which faults a run plays, of more than it has time for: another slice every day. <c>LLMOPS_FAULTS=all</c> plays all of them, and a number the slice of the
/// day that printed it.
/// </summary>
public static class FaultSlice
{
    private const string Variable = "LLMOPS_FAULTS";

    private static readonly string? Asked = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } value ? value : null;

    private static readonly int Number = Asked is null ? DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime).DayNumber
        : IsAll ? 0 : int.Parse(Asked, NumberStyles.None, CultureInfo.InvariantCulture);

    public static bool IsAll => Asked == "all";

    /// <summary>To be printed by what plays a slice.</summary>
    public static string Description => IsAll ? "all of them" : $"a slice of them, which {Variable}={Number} plays again";

    /// <summary>Whether this one is played where a run has time for one of so many.</summary>
    public static bool Has(int index, int oneOf) => IsAll || (index + Number) % oneOf == 0;
}
