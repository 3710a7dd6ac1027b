using LlmOps.Bench.Reporting;

namespace LlmOps.Bench.Scale;

/// <summary>
/// Rollouts for a long time, again and again of the same few LlmDeployments so that their histories are full soon: what the operator then still takes more memory
/// for, it never gives back.
/// </summary>
internal static class Soak
{
    /// <summary>LlmDeployments that are changed in turn.</summary>
    private const int Turning = 40;

    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Sampling = TimeSpan.FromSeconds(2);

    public static async Task<IReadOnlyList<Figure>> RunAsync(ScaleBed bed, OperatorProcess process, TimeSpan length, BenchContext context, List<string> problems, CancellationToken ct)
    {
        using var reactions = new Reactions(bed, context.Time);
        var (started, cpu, requests) = (context.Time.GetTimestamp(), process.Cpu, await bed.RequestsAsync(ct));
        var samples = new List<Sample>();
        var (begun, sampled, next) = (0, TimeSpan.Zero, 0);
        var pending = new List<Task<double>>();
        for (var passed = TimeSpan.Zero; passed < length; passed = context.Time.GetElapsedTime(started))
        {
            var i = next++ % Turning * (bed.Size.Deployments / Turning);
            if (reactions.IsPromoted(i))
            {
                // Other revisions than those of the parts before.
                pending.Add(reactions.ChangeAsync(i, 1000 + begun++, ct));
            }

            if (passed >= sampled)
            {
                sampled = passed + Sampling;
                samples.Add(new(passed / length, process.RssMiB, await process.HeapMiBAsync(ct)));
            }

            await Task.Delay(Every, context.Time, ct);
        }

        (cpu, requests) = (process.Cpu - cpu, await bed.RequestsAsync(ct) - requests);
        if (!await Eventually(() => reactions.Unfinished().Count == 0, context, ct))
            problems.Add($"soak: {reactions.Unfinished().Count} rollouts are not promoted; {reactions.Unfinished().First}");
        var reacted = await Task.WhenAll(pending.Where(change => change.IsCompletedSuccessfully));
        // The first third fills histories and caches of the runtime.
        var (early, late) = (samples.Where(sample => sample.Part is > 0.33 and < 0.5).ToList(), samples.Where(sample => sample.Part > 0.85).ToList());
        var (rss, heap) = (Growth(early, late, sample => sample.RssMiB), Growth(early, late, sample => sample.HeapMiB));
        context.Say($"scale: soak of {length.TotalMinutes:0.#} minutes, {begun} rollouts, RSS {rss.Before:0} → {rss.After:0} MiB, heap {heap.Before:0} → {heap.After:0} MiB");
        return
        [
            new($"soak of {length.TotalMinutes:0.#} minutes: rollouts", begun),
            new("soak: RSS before its middle", rss.Before, "MiB"),
            new("soak: RSS in its last part", rss.After, "MiB"),
            new("soak: growth of RSS between them", 100 * ((rss.After / rss.Before) - 1), "%") { AtMost = 5 },
            new("soak: growth of the managed heap between them", 100 * ((heap.After / heap.Before) - 1), "%") { AtMost = 5 },
            new("soak: change → first API write, p99", Quantiles.Of(reacted, 0.99), "ms"),
            new("soak: CPU", 100 * cpu / length, "% of a core"),
            new("soak: API writes a rollout", requests.Writes / Math.Max(1, begun)),
        ];
    }

    private static (double Before, double After) Growth(IReadOnlyList<Sample> early, IReadOnlyList<Sample> late, Func<Sample, double> value) =>
        (Quantiles.Median([.. early.Select(value)]), Quantiles.Median([.. late.Select(value)]));

    private static async Task<bool> Eventually(Func<bool> condition, BenchContext context, CancellationToken ct)
    {
        for (var started = context.Time.GetTimestamp(); !condition();)
        {
            if (context.Time.GetElapsedTime(started) > TimeSpan.FromMinutes(3))
                return false;
            await Task.Delay(Every, context.Time, ct);
        }

        return true;
    }

    /// <param name="Part">Of the soak's length, 0 to 1.</param>
    private sealed record Sample(double Part, double RssMiB, double HeapMiB);
}
