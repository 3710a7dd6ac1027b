using LlmOps.Kubernetes;

namespace LlmOps.LocalCluster.Nodes.Workloads;

/// <summary>A Deployment's status: counts, and the conditions Available and Progressing as kube-controller-manager words them.</summary>
internal static class DeploymentProgress
{
    private const string DeadlineExceeded = "ProgressDeadlineExceeded";
    private const string NewAvailable = "NewReplicaSetAvailable";
    private const int DefaultDeadlineSeconds = 600;

    public static DeploymentStatus Status(Deployment deployment, ReplicaSet? current, IReadOnlyList<ReplicaSet> all, DateTimeOffset now)
    {
        var desired = deployment.Spec!.Replicas ?? 1;
        var before = deployment.Status;
        var replicas = all.Sum(set => set.Status?.Replicas ?? 0);
        var available = all.Sum(set => set.Status?.AvailableReplicas ?? 0);
        var status = new DeploymentStatus
        {
            ObservedGeneration = deployment.Metadata.Generation,
            Replicas = replicas,
            UpdatedReplicas = current?.Status?.Replicas ?? 0,
            ReadyReplicas = all.Sum(set => set.Status?.ReadyReplicas ?? 0),
            AvailableReplicas = available,
            UnavailableReplicas = Math.Max(0, Math.Max(desired, all.Sum(set => set.Spec?.Replicas ?? 0)) - available),
        };
        var isRecreate = deployment.Spec.Strategy?.Type == "Recreate";
        var maxUnavailable = isRecreate ? 0 : RolloutArithmetic.Bounds(deployment.Spec.Strategy?.RollingUpdate, desired).MaxUnavailable;
        return status with
        {
            Conditions =
            [
                Merge(before, Available(available >= desired - maxUnavailable), now),
                Merge(before, Progressing(deployment, current, status, now), now),
            ],
        };
    }

    /// <summary>When the deadline has to be looked at; null where nothing waits for one.</summary>
    public static TimeSpan? TimeToDeadline(Deployment deployment, DeploymentStatus status, DateTimeOffset now) =>
        Find(status, "Progressing") is { Status: "True", Reason: not NewAvailable, LastUpdateTime: { } updated }
            ? Max(updated + Deadline(deployment) - now, TimeSpan.FromSeconds(1))
            : null;

    private static DeploymentCondition Available(bool enough) => enough
        ? new() { Type = "Available", Status = "True", Reason = "MinimumReplicasAvailable", Message = "Deployment has minimum availability." }
        : new() { Type = "Available", Status = "False", Reason = "MinimumReplicasUnavailable", Message = "Deployment does not have minimum availability." };

    /// <summary>
    /// | state | status | reason |
    /// | --- | --- | --- |
    /// | all pods new and available, none old | True | NewReplicaSetAvailable |
    /// | counts changed since last time | True | ReplicaSetUpdated |
    /// | nothing changed for progressDeadlineSeconds | False | ProgressDeadlineExceeded |
    /// | else | as before | as before |
    /// </summary>
    private static DeploymentCondition Progressing(Deployment deployment, ReplicaSet? current, DeploymentStatus status, DateTimeOffset now)
    {
        var desired = deployment.Spec!.Replicas ?? 1;
        var name = current?.Metadata.Name;
        var last = Find(deployment.Status, "Progressing");
        if (current is not null && status.UpdatedReplicas == desired && status.Replicas == desired && status.AvailableReplicas == desired)
            return new() { Type = "Progressing", Status = "True", Reason = NewAvailable, Message = $"ReplicaSet \"{name}\" has successfully progressed." };

        var moved = deployment.Status is not { } before || last is null || last.Reason == NewAvailable
            || (before.Replicas, before.UpdatedReplicas, before.ReadyReplicas, before.AvailableReplicas) != (status.Replicas, status.UpdatedReplicas, status.ReadyReplicas, status.AvailableReplicas)
            || before.ObservedGeneration != status.ObservedGeneration;
        if (moved)
            return new() { Type = "Progressing", Status = "True", Reason = "ReplicaSetUpdated", Message = $"ReplicaSet \"{name}\" is progressing.", LastUpdateTime = now };
        return last!.Reason != DeadlineExceeded && now - last.LastUpdateTime >= Deadline(deployment)
            ? new() { Type = "Progressing", Status = "False", Reason = DeadlineExceeded, Message = $"ReplicaSet \"{name}\" has timed out progressing." }
            : last;
    }

    /// <summary>Keeps the times of a condition that says what it said before.</summary>
    private static DeploymentCondition Merge(DeploymentStatus? before, DeploymentCondition condition, DateTimeOffset now)
    {
        var last = Find(before, condition.Type);
        var same = last?.Status == condition.Status;
        return condition with
        {
            LastTransitionTime = same ? last!.LastTransitionTime : now,
            LastUpdateTime = condition.LastUpdateTime ?? (same && last!.Reason == condition.Reason ? last.LastUpdateTime : now),
        };
    }

    private static DeploymentCondition? Find(DeploymentStatus? status, string type) => status?.Conditions?.FirstOrDefault(condition => condition.Type == type);

    private static TimeSpan Deadline(Deployment deployment) => TimeSpan.FromSeconds(deployment.Spec!.ProgressDeadlineSeconds ?? DefaultDeadlineSeconds);

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
