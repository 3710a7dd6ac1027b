using LlmOps.Bench.Gateway;
using LlmOps.Bench.Reporting;
using LlmOps.Bench.Revert;
using LlmOps.Bench.Scale;
using LlmOps.Bench.Statistics;
using Spectre.Console;

namespace LlmOps.Bench;

/// <summary>What every part gets.</summary>
/// <param name="Quick">Few repetitions.</param>
/// <param name="Say">Shows a line of progress.</param>
/// <param name="ScaleData">Folder of the cluster's data of the part scale; null for one that goes with the run.</param>
/// <param name="Soak">How long the part scale goes on with rollouts; zero for not at all.</param>
internal sealed record BenchContext(bool Quick, Action<string> Say, TimeProvider Time, string? ScaleData = null, TimeSpan Soak = default);

/// <summary>Runs the parts one after the other, so that none disturbs another, and reports.</summary>
internal static class BenchRun
{
    /// <summary>A part that hangs must not hold the others: each gets this long, and is then told as not measured.</summary>
    private static readonly TimeSpan PartLimit = TimeSpan.FromMinutes(10);

    /// <summary>Ten thousand of everything take their time to be made.</summary>
    private static readonly TimeSpan ScaleLimit = TimeSpan.FromMinutes(40);

    /// <summary>Columns where there is no terminal to ask.</summary>
    private const int LogWidth = 160;

    private static readonly IReadOnlyDictionary<string, Func<BenchContext, CancellationToken, Task<PartResult>>> Parts =
        new Dictionary<string, Func<BenchContext, CancellationToken, Task<PartResult>>>
        {
            ["gateway"] = GatewayPart.RunAsync,
            ["revert"] = RevertPart.RunAsync,
            ["statistics"] = StatisticsPart.RunAsync,
            ["scale"] = ScalePart.RunAsync,
        };

    public static IReadOnlyList<string> AllParts { get; } = [.. Parts.Keys];

    public static async Task<int> RunAsync(IReadOnlyList<string> asked, bool quick, string jsonFile, string? scaleData, TimeSpan soak, CancellationToken ct)
    {
        var time = TimeProvider.System;
        var console = AnsiConsole.Console;
        if (Console.IsOutputRedirected)
            console.Profile.Width = LogWidth;
        var started = time.GetTimestamp();
        var machine = Machine.Describe();
        console.WriteLine($"{machine.Cores} cores ({machine.Cpu}), {machine.MemoryGiB} GiB, load {machine.LoadAverage:0.0} before the start");
        var context = new BenchContext(quick, line => console.WriteLine($"[{time.GetElapsedTime(started):mm\\:ss}] {line}"), time, scaleData, soak);
        var results = new List<PartResult>();
        foreach (var part in AllParts.Where(name => asked.Count == 0 || asked.Contains(name)))
        {
            context.Say($"{part}: starts");
            results.Add(await RunPartAsync(part, context, ct));
        }

        Report.Show(console, results);
        Report.WriteJson(jsonFile, new(time.GetUtcNow(), quick, time.GetElapsedTime(started).TotalSeconds, machine, results));
        console.WriteLine($"figures: {Path.GetRelativePath(Directory.GetCurrentDirectory(), jsonFile)}");
        return results.All(result => result.Problems.Count == 0) ? 0 : 1;
    }

    private static async Task<PartResult> RunPartAsync(string part, BenchContext context, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var longest = part == "scale" ? ScaleLimit + context.Soak : PartLimit;
        limit.CancelAfter(longest);
        try
        {
            return await Parts[part](context, limit.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return new(part, [], [], [$"not done after {longest.TotalMinutes:0} minutes"]);
        }
        catch (Exception failure) when (!ct.IsCancellationRequested)
        {
            // Whatever stops one part, the others can be measured; the exit code tells.
            return new(part, [], [], [failure.Message]);
        }
    }
}
