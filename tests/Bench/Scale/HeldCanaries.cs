using LlmOps.Api;
using LlmOps.Bench.Reporting;
using LlmOps.Kubernetes;

namespace LlmOps.Bench.Scale;

/// <summary>Hundreds of canaries that hold their weight: what looking at each four times a second costs, and how soon one that turns bad is off its traffic, also while hundreds of others begin.</summary>
internal static class HeldCanaries
{
    /// <summary>Candidates that fail, and as many more in the flood.</summary>
    private const int Breaks = 50;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Held = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    public static async Task<IReadOnlyList<Figure>> RunAsync(ScaleBed bed, OperatorProcess process, BenchContext context, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(4 * Limit);
        using var reactions = new Reactions(bed, context.Time);
        var (first, held) = (bed.Size.Deployments - bed.Size.Rollouts, bed.Size.Rollouts);
        var breaks = Math.Min(Breaks, held / 4);
        await Task.WhenAll(Enumerable.Range(first, held).Select(async i =>
        {
            await reactions.ChangeAsync(i, 4, limit.Token, new() { ["weight"] = 10, ["hold"] = "2h" });
            await reactions.UntilAsync(i, status => status.Candidate is { Weight: 10 }, limit.Token);
        }));
        // By then each has been asked and its first counts are written.
        await Task.Delay(Held / 4, context.Time, ct);
        var (cpu, requests) = (process.Cpu, await bed.RequestsAsync(ct));
        await Task.Delay(Held, context.Time, ct);
        (cpu, requests) = (process.Cpu - cpu, await bed.RequestsAsync(ct) - requests);
        context.Say($"scale: {held} canaries hold, CPU {100 * cpu / Held:0} % of a core, {requests.Writes:0} writes a minute");

        var (quiet, bareQuiet) = await BreakAsync(bed, reactions, Enumerable.Range(first, breaks), context, limit.Token);
        var flood = Task.WhenAll(Enumerable.Range(first - held, held).Select(i => reactions.ChangeAsync(i, 4, limit.Token)));
        var (flooded, bareFlooded) = await BreakAsync(bed, reactions, Enumerable.Range(first + breaks, breaks), context, limit.Token);
        var wasFlooded = !flood.IsCompleted;
        await flood;
        context.Say($"scale: evidence → weight 0 beside {held} canaries {Told(quiet)} (bare writes {Told(bareQuiet)}); while {held} rollouts begin {Told(flooded)} (bare writes {Told(bareFlooded)})");
        await Task.WhenAll(Enumerable.Range(first - held, held).Select(i => reactions.PromotedAsync(i, limit.Token)));
        await Task.WhenAll(Enumerable.Range(first, held).Select(i => reactions.TakeBackAsync(i, limit.Token)));
        return
        [
            new($"{held} canaries that hold: CPU", 100 * cpu / Held, "% of a core"),
            new($"{held} canaries that hold: API writes a minute", requests.Writes) { Note = "counts, each canary's at most once in ten seconds" },
            new($"sufficient evidence → weight 0 beside {held} canaries, p50", Quantiles.Median(quiet), "ms"),
            new($"sufficient evidence → weight 0 beside {held} canaries, p99 of {quiet.Count}", Quantiles.Of(quiet, 0.99), "ms") { AtMost = 1000 },
            new($"yardstick: a bare write at the same times → the same watch, p99 of {bareQuiet.Count}", Quantiles.Of(bareQuiet, 0.99), "ms"),
            new($"the same while {held} rollouts begin, p50", Quantiles.Median(flooded), "ms"),
            new($"the same while {held} rollouts begin, p99 of {flooded.Count}", Quantiles.Of(flooded, 0.99), "ms") { AtMost = 1000, Note = wasFlooded ? null : "all had begun before the last of these" },
            new("yardstick: a bare write at the same times → the same watch, p50", Quantiles.Median(bareFlooded), "ms"),
            new($"yardstick: a bare write at the same times → the same watch, p99 of {bareFlooded.Count}", Quantiles.Of(bareFlooded, 0.99), "ms"),
        ];
    }

    private static string Told(IReadOnlyCollection<double> took) => $"p50 {Quantiles.Median(took):0} ms, p90 {Quantiles.Of(took, 0.9):0} ms, p99 {Quantiles.Of(took, 0.99):0} ms";

    /// <summary>Lets candidates fail, one after the other.</summary>
    /// <returns>Milliseconds until a watch shows that each has no weight any more, and until it shows an object that the bench made right before.</returns>
    private static async Task<(List<double> Took, List<double> Bare)> BreakAsync(ScaleBed bed, Reactions reactions, IEnumerable<int> which, BenchContext context, CancellationToken ct)
    {
        var (took, bare) = (new List<double>(), new List<double>());
        foreach (var i in which)
        {
            bare.Add(await reactions.BareWriteAsync(i, ct));
            var key = ScaleObjects.KeyOf(i, bed.Size);
            var off = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
            void Watch(LlmDeployment? before, LlmDeployment? after)
            {
                if (after?.Key() == key && after.Status is not { Candidate.Weight: > 0 })
                    off.TrySetResult(context.Time.GetTimestamp());
            }

            bed.Deployments.Changed += Watch;
            var start = context.Time.GetTimestamp();
            bed.Break(key);
            took.Add(context.Time.GetElapsedTime(start, await off.Task.WaitAsync(ct)).TotalMilliseconds);
            bed.Deployments.Changed -= Watch;
            await Task.Delay(Pause, context.Time, ct);
        }

        return (took, bare);
    }
}
