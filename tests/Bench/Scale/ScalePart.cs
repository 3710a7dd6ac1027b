using LlmOps.Bench.Reporting;

namespace LlmOps.Bench.Scale;

/// <summary>
/// A large cluster on a real API server: how long the operator takes to know it, what it costs while nothing happens, how fast it reacts, and what
/// hundreds of rollouts at once do to it.
/// </summary>
internal static class ScalePart
{
    private static readonly TimeSpan SetupLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan RolloutsLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan IdleFor = TimeSpan.FromMinutes(1);

    /// <summary>Between two single changes: the rollouts that they begin are five at a time then.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>At a change a second the API server collects every 20 s if it is left to itself.</summary>
    private const int ChangesBetweenCollections = 10;

    /// <summary>Between two more while hundreds are rolled out.</summary>
    private static readonly TimeSpan ShortPause = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    public static async Task<PartResult> RunAsync(BenchContext context, CancellationToken ct)
    {
        var size = context.Quick ? ScaleSize.Quick : ScaleSize.Full;
        await using var bed = await ScaleBed.StartAsync(size, context, ct);
        if (!bed.IsFilled)
            await FillAsync(bed, context, ct);
        await bed.SettleAsync(ct);
        List<Figure> figures = [];
        List<string> problems = [];
        await using (var process = await bed.StartOperatorAsync(ct))
        {
            figures.AddRange(await IdleAsync(bed, process, context, ct));
            figures.AddRange(await ReactAsync(bed, process, context, problems, ct));
            figures.AddRange(await HeldCanaries.RunAsync(bed, process, context, ct));
            if (context.Soak > TimeSpan.Zero)
                figures.AddRange(await Soak.RunAsync(bed, process, context.Soak, context, problems, ct));
            figures.Add(new("most RSS of all this", process.PeakRssMiB, "MiB") { AtMost = OperatorProcess.MemoryLimitMiB });
        }

        figures.AddRange(await ForeignPodsAsync(bed, context, ct));
        return new("scale", figures, [], problems);
    }

    /// <summary>The operator brings the first LlmDeployments up; the others become copies of them.</summary>
    private static async Task FillAsync(ScaleBed bed, BenchContext context, CancellationToken ct)
    {
        await using (var process = await bed.StartOperatorAsync(ct))
        {
            await bed.CreateSeedsAsync(ct);
            var started = context.Time.GetTimestamp();
            while (bed.Deployments.Store.List().Count(deployment => deployment.Status is { Stable.ReadyReplicas: > 0, Candidate: null }) < Clones.Seeds)
            {
                if (context.Time.GetElapsedTime(started) > SetupLimit)
                    throw new TimeoutException($"the first LlmDeployments do not serve after {SetupLimit.TotalMinutes:0} minutes");
                await Task.Delay(Look, context.Time, ct);
            }

            await QuietAsync(process, Clones.Seeds, context, ct);
        }

        await bed.CloneAsync(ct);
        await bed.PlayAsync(ct);
        context.Say($"scale: {bed.Size.Deployments} LlmDeployments with what they own");
    }

    private static async Task<IReadOnlyList<Figure>> IdleAsync(ScaleBed bed, OperatorProcess process, BenchContext context, CancellationToken ct)
    {
        var written = await bed.RequestsAsync(ct);
        context.Say($"scale: in sync after {process.InSyncAfter.TotalSeconds:0.00} s, CPU {process.Cpu.TotalSeconds:0.0} s, RSS {process.RssMiB:0} MiB");
        var cpuInSync = process.Cpu;
        await QuietAsync(process, bed.Size.Deployments, context, ct);
        context.Say($"scale: looked at all, CPU {process.Cpu.TotalSeconds:0.0} s, RSS {process.RssMiB:0} MiB (peak {process.PeakRssMiB:0}); idle from now on");
        written = await bed.RequestsAsync(ct) - written;
        var (lookedAt, cpu, requests, reads) = (process.Cpu, process.Cpu, await bed.RequestsAsync(ct), await process.ReadsAsync(ct));
        await Task.Delay(IdleFor, context.Time, ct);
        cpu = process.Cpu - cpu;
        (requests, reads) = (await bed.RequestsAsync(ct) - requests, await process.ReadsAsync(ct) - reads);
        var heap = await process.HeapMiBAsync(ct);
        context.Say($"scale: idle CPU {cpu.TotalSeconds:0.00} s, RSS {process.RssMiB:0} MiB, heap {heap:0} MiB, {reads:0} reads, {requests.Writes:0} writes");
        return
        [
            new($"operator start with {bed.Size.Deployments} LlmDeployments → in sync", process.InSyncAfter.TotalSeconds, "s") { AtMost = 10 },
            new("CPU time until in sync", cpuInSync.TotalSeconds, "s"),
            new("CPU time until all were reconciled once", lookedAt.TotalSeconds, "s"),
            new("writes until then", written.Writes) { Note = $"{bed.Size.Namespaces} statuses of PromptVersions, which tell where they serve; objects of LlmDeployments none" },
            new("idle: CPU", 100 * cpu / IdleFor, "% of a core") { AtMost = 2 },
            new("idle: RSS after a minute", process.RssMiB, "MiB") { AtMost = 300 },
            new("idle: most RSS so far", process.PeakRssMiB, "MiB"),
            new("idle: managed heap after its last collection", heap, "MiB"),
            new("idle: API requests a minute", reads + requests.Writes) { Note = "the operator's reads, and all writes to the cluster; without those of the leader election" },
            new("idle: requests of the leader election a minute", requests.LeaseRequests),
            new("idle: API writes", requests.Writes) { AtMost = 0, Note = "without the lease's renewals" },
        ];
    }

    private static async Task<IReadOnlyList<Figure>> ReactAsync(ScaleBed bed, OperatorProcess process, BenchContext context, List<string> problems, CancellationToken ct)
    {
        using var reactions = new Reactions(bed, context.Time);
        // The code on this way is compiled when it is first taken.
        var cold = await reactions.ChangeAloneAsync(1, 0, ct);
        var (alone, bareAlone) = (new List<double>(), new List<double>());
        for (var i = 0; i < bed.Size.Changes; i++)
        {
            await CollectAsync(bed, i, ct);
            bareAlone.Add(await reactions.BareWriteAsync((i * 7) + 5, ct));
            alone.Add(await reactions.ChangeAloneAsync((i * 7) + 5, 0, ct));
        }

        context.Say($"scale: reaction to a change alone p50 {Quantiles.Median(alone):0.0} ms, p99 {Quantiles.Of(alone, 0.99):0.0} ms; a bare write p50 {Quantiles.Median(bareAlone):0.0} ms, p99 {Quantiles.Of(bareAlone, 0.99):0.0} ms");
        var (single, bare) = (new List<double>(), new List<double>());
        for (var i = 0; i < bed.Size.Changes; i++)
        {
            await CollectAsync(bed, i, ct);
            bare.Add(await reactions.BareWriteAsync(i * 7, ct));
            single.Add(await reactions.ChangeAsync(i * 7, 1, ct));
            await Task.Delay(Pause, context.Time, ct);
        }

        context.Say($"scale: reaction to one change p50 {Quantiles.Median(single):0.0} ms, p99 {Quantiles.Of(single, 0.99):0.0} ms; a bare write p50 {Quantiles.Median(bare):0.0} ms, p99 {Quantiles.Of(bare, 0.99):0.0} ms");
        await PromotedAsync(reactions, context, problems, "single changes", ct);

        var first = bed.Size.Deployments - bed.Size.Rollouts;
        var (started, cpu) = (context.Time.GetTimestamp(), process.Cpu);
        var many = await Task.WhenAll(Enumerable.Range(first, bed.Size.Rollouts).Select(i => reactions.ChangeAsync(i, 2, ct)));
        var begun = context.Time.GetElapsedTime(started);
        var meanwhile = new List<double>();
        for (var i = 0; i < bed.Size.Rollouts / 10; i++)
        {
            meanwhile.Add(await reactions.ChangeAsync((i * 7) + 3, 3, ct));
            await Task.Delay(ShortPause, context.Time, ct);
        }

        await Task.WhenAny(Task.WhenAll(Enumerable.Range(first, bed.Size.Rollouts).Select(i => reactions.PromotedAsync(i, ct))), Task.Delay(RolloutsLimit, context.Time, ct));
        var took = context.Time.GetElapsedTime(started);
        cpu = process.Cpu - cpu;
        await PromotedAsync(reactions, context, problems, $"{bed.Size.Rollouts} rollouts at once", ct);
        context.Say($"scale: {bed.Size.Rollouts} rollouts in {took.TotalSeconds:0.0} s, CPU {cpu.TotalSeconds:0.0} s, RSS {process.RssMiB:0} MiB (peak {process.PeakRssMiB:0})");
        return
        [
            new("spec change → first API write, the first after a start", cold, "ms"),
            new("spec change → first API write, nothing else under way, p50", Quantiles.Median(alone), "ms"),
            new($"spec change → first API write, nothing else under way, p99 of {alone.Count}", Quantiles.Of(alone, 0.99), "ms") { AtMost = 50 },
            new("yardstick: a bare write at the same times → the same watch, p50", Quantiles.Median(bareAlone), "ms"),
            new($"yardstick: a bare write at the same times → the same watch, p99 of {bareAlone.Count}", Quantiles.Of(bareAlone, 0.99), "ms"),
            new("spec change → first API write, a change a second, p50", Quantiles.Median(single), "ms"),
            new($"spec change → first API write, a change a second, p99 of {single.Count}", Quantiles.Of(single, 0.99), "ms") { AtMost = 50 },
            new("yardstick: a bare write at the same time → the same watch, p50", Quantiles.Median(bare), "ms"),
            new($"yardstick: a bare write at the same time → the same watch, p99 of {bare.Count}", Quantiles.Of(bare, 0.99), "ms"),
            new($"{bed.Size.Rollouts} rollouts at once: until each was begun", begun.TotalSeconds, "s"),
            new($"{bed.Size.Rollouts} rollouts at once: until all were promoted", took.TotalSeconds, "s") { Note = "their two steps hold 2 s each" },
            new($"{bed.Size.Rollouts} rollouts at once: the operator's CPU, per rollout", cpu.TotalMilliseconds / (bed.Size.Rollouts + meanwhile.Count), "ms"),
            new($"{bed.Size.Rollouts} rollouts at once: change → first API write, p99", Quantiles.Of(many, 0.99), "ms"),
            new("one more change meanwhile → first API write, p50", Quantiles.Median(meanwhile), "ms"),
            new($"one more change meanwhile → first API write, p99 of {meanwhile.Count}", Quantiles.Of(meanwhile, 0.99), "ms"),
            new("RSS after it", process.RssMiB, "MiB"),
        ];
    }

    /// <summary>Before some of the changes: so many of them begin and end between two collections of the API server.</summary>
    private static Task CollectAsync(ScaleBed bed, int change, CancellationToken ct) => change % ChangesBetweenCollections == 0 ? bed.CollectAsync(ct) : Task.CompletedTask;

    private static async Task<IReadOnlyList<Figure>> ForeignPodsAsync(ScaleBed bed, BenchContext context, CancellationToken ct)
    {
        async Task<(double Heap, double InSync)> StartAsync()
        {
            await bed.SettleAsync(ct);
            await using var process = await bed.StartOperatorAsync(ct);
            await QuietAsync(process, bed.Size.Deployments, context, ct);
            // By then it has given back what the start left behind: the heap is known as it was after a collection.
            await Task.Delay(IdleFor, context.Time, ct);
            return (await process.HeapMiBAsync(ct), process.InSyncAfter.TotalSeconds);
        }

        if (await bed.HasForeignPodsAsync(ct))
        {
            context.Say("scale: the kept cluster has the pods of others already, what they cost is not measured");
            return [];
        }

        var before = await StartAsync();
        await bed.CreateForeignPodsAsync(ct);
        var after = await StartAsync();
        context.Say($"scale: {bed.Size.ForeignPods} pods of others: heap {before.Heap:0} → {after.Heap:0} MiB");
        return [new($"{bed.Size.ForeignPods} pods of others: managed heap", after.Heap - before.Heap, "MiB more"), new($"{bed.Size.ForeignPods} pods of others: start → in sync", after.InSync - before.InSync, "s more")];
    }

    /// <summary>Waits until every LlmDeployment was reconciled and no key waits or is worked on for a while.</summary>
    private static async Task QuietAsync(OperatorProcess process, int deployments, BenchContext context, CancellationToken ct)
    {
        const int QuietLooks = 12;
        var (quiet, last) = (0, 0.0);
        while (quiet < QuietLooks)
        {
            await Task.Delay(Look, context.Time, ct);
            var metrics = await process.MetricsAsync(ct);
            var reconciled = metrics.Sum("controller_runtime_reconcile_total");
            quiet = reconciled == last && metrics.Sum("controller_runtime_reconcile_total", labels => labels.Contains("\"llmdeployment\"", StringComparison.Ordinal)) >= deployments ? quiet + 1 : 0;
            last = reconciled;
        }
    }

    private static async Task PromotedAsync(Reactions reactions, BenchContext context, List<string> problems, string what, CancellationToken ct)
    {
        var started = context.Time.GetTimestamp();
        while (reactions.Unfinished() is { Count: > 0 } unfinished)
        {
            if (context.Time.GetElapsedTime(started) > RolloutsLimit)
            {
                problems.Add($"{what}: {unfinished.Count} are not promoted after {RolloutsLimit.TotalMinutes:0} minutes; {unfinished.First}");
                return;
            }

            await Task.Delay(Look, context.Time, ct);
        }
    }
}
