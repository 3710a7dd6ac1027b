using LlmOps.Kubernetes;

namespace LlmOps.LocalCluster.Nodes.Workloads;

/// <summary>Plays the Job controller for Jobs without indexes: runs pods until enough succeeded, or too many failed, or time is up.</summary>
internal sealed class JobController(KubernetesClient client, ClusterView view, NodeSimulatorOptions options, TimeProvider time)
{
    private const string UidLabel = "batch.kubernetes.io/controller-uid";
    private const string NameLabel = "batch.kubernetes.io/job-name";
    private const int DefaultBackoffLimit = 6;

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken ct)
    {
        if (view.Jobs.Store.Get(key) is not { Spec: { Template: not null } spec } cached || cached.IsDeleting())
            return ReconcileResult.Done;
        if (Ended(cached))
            return await ExpireAsync(cached, ct);

        // Both read from the server: what the cache does not know yet would be started twice.
        if (await client.GetAsync<Job>(key, ct) is not { } job || job.Metadata.Uid != cached.Metadata.Uid || Ended(job))
            return ReconcileResult.Done;
        var pods = (await client.ListAsync<Pod>(key.Namespace, new() { LabelSelector = $"{UidLabel}={job.Metadata.Uid}" }, ct)).Items;
        var now = time.GetUtcNow();
        var started = job.Status?.StartTime ?? now;
        var active = pods.Where(Pods.IsActive).ToList();
        var succeeded = pods.Count(pod => pod.Status?.Phase == "Succeeded");
        var failed = pods.Count(pod => pod.Status?.Phase == "Failed");
        var restarts = pods.Sum(pod => pod.Status?.ContainerStatuses?.Sum(container => container.RestartCount) ?? 0);
        var wanted = spec.Completions ?? spec.Parallelism ?? 1;
        var status = new JobStatus { StartTime = started, Succeeded = succeeded, Failed = failed, Active = active.Count, Ready = active.Count(Pods.IsReady) };

        if (succeeded >= wanted)
            return await EndAsync(job, status, active, "Complete", "CompletionsReached", "Reached expected number of succeeded pods", ct);
        if (failed + restarts > (spec.BackoffLimit ?? DefaultBackoffLimit))
            return await EndAsync(job, status, active, "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit", ct);
        if (spec.ActiveDeadlineSeconds is { } limit && now - started >= TimeSpan.FromSeconds(limit))
            return await EndAsync(job, status, active, "Failed", "DeadlineExceeded", "Job was active longer than specified deadline", ct);

        var due = NextStart(pods, failed) - now;
        if (due <= TimeSpan.Zero)
        {
            for (var missing = Math.Min(spec.Parallelism ?? 1, wanted - succeeded) - active.Count; missing > 0; missing--)
            {
                await CreatePodAsync(job, ct);
                status = status with { Active = status.Active + 1 };
            }
        }

        await client.WriteStatusAsync(job, job with { Status = status }, ct);
        return Earliest(due > TimeSpan.Zero ? due : null, spec.ActiveDeadlineSeconds is { } seconds ? started + TimeSpan.FromSeconds(seconds) - now : null);
    }

    private static bool Ended(Job job) => job.Status?.Conditions?.Any(c => c is { Type: "Complete" or "Failed", Status: "True" }) == true;

    /// <summary>A failed pod is replaced after a wait that doubles with each failure.</summary>
    private DateTimeOffset NextStart(IReadOnlyList<Pod> pods, int failed)
    {
        if (failed == 0)
            return DateTimeOffset.MinValue;
        var last = pods.Where(pod => pod.Status?.Phase == "Failed").Max(FinishedAt);
        var wait = Math.Min(options.FirstCrashBackOff.TotalSeconds * Math.Pow(2, failed - 1), options.LongestCrashBackOff.TotalSeconds);
        return last + TimeSpan.FromSeconds(wait);
    }

    private static DateTimeOffset FinishedAt(Pod pod) =>
        pod.Status?.ContainerStatuses?.Max(container => container.State?.Terminated?.FinishedAt) ?? pod.Metadata.CreationTimestamp ?? DateTimeOffset.MinValue;

    private async Task CreatePodAsync(Job job, CancellationToken ct)
    {
        var (ns, name, uid) = (job.Metadata.Namespace!, job.Metadata.Name!, job.Metadata.Uid!);
        var template = job.Spec!.Template!;
        var labels = template.Metadata?.Labels.With((UidLabel, uid), (NameLabel, name), ("controller-uid", uid), ("job-name", name))
            ?? new() { [UidLabel] = uid, [NameLabel] = name };
        await client.CreateAsync(Pods.Instantiate(template, ns, name, job.ControllerReference(), labels), ct);
    }

    private async Task<ReconcileResult> EndAsync(Job job, JobStatus status, List<Pod> active, string type, string reason, string message, CancellationToken ct)
    {
        foreach (var pod in active)
            await client.DeleteAsync<Pod>(pod.Key(), new() { Preconditions = new() { Uid = pod.Metadata.Uid } }, ct);
        var now = time.GetUtcNow();
        // Newer servers want the decision (SuccessCriteriaMet, FailureTarget) before or with the end.
        var decision = type == "Complete" ? "SuccessCriteriaMet" : "FailureTarget";
        JobCondition Condition(string conditionType) => new() { Type = conditionType, Status = "True", Reason = reason, Message = message, LastTransitionTime = now };
        var ended = status with
        {
            Active = null,
            Ready = 0,
            Failed = status.Failed + (type == "Failed" ? active.Count : 0),
            CompletionTime = type == "Complete" ? now : null,
            Conditions = [Condition(decision), Condition(type)],
        };
        await client.WriteStatusAsync(job, job with { Status = ended }, ct);
        return job.Spec!.TtlSecondsAfterFinished is { } ttl ? ReconcileResult.After(TimeSpan.FromSeconds(ttl)) : ReconcileResult.Done;
    }

    private async Task<ReconcileResult> ExpireAsync(Job job, CancellationToken ct)
    {
        if (job.Spec!.TtlSecondsAfterFinished is not { } ttl)
            return ReconcileResult.Done;
        var ended = job.Status!.Conditions!.Max(condition => condition.LastTransitionTime) ?? time.GetUtcNow();
        var left = ended + TimeSpan.FromSeconds(ttl) - time.GetUtcNow();
        if (left > TimeSpan.Zero)
            return ReconcileResult.After(left);
        await client.DeleteAsync<Job>(job.Key(), new() { PropagationPolicy = "Background", Preconditions = new() { Uid = job.Metadata.Uid } }, ct);
        return ReconcileResult.Done;
    }

    private static ReconcileResult Earliest(params TimeSpan?[] waits) =>
        waits.Min() is { } wait ? ReconcileResult.After(wait > TimeSpan.Zero ? wait : TimeSpan.FromMilliseconds(1)) : ReconcileResult.Done;
}
