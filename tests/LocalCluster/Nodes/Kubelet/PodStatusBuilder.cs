using LlmOps.Kubernetes;

namespace LlmOps.LocalCluster.Nodes.Kubelet;

/// <summary>A pod's status from its containers, worded as the kubelet words it.</summary>
internal static class PodStatusBuilder
{
    public static PodStatus Build(
        PodStatus? before, string podIP, string hostIP, DateTimeOffset startTime, IReadOnlyList<ContainerSnapshot> init, IReadOnlyList<ContainerSnapshot> containers, string? restartPolicy, DateTimeOffset now)
    {
        var phase = Phase(init, containers, restartPolicy);
        var initialized = init.All(container => container is { HasEnded: true, State.Terminated.ExitCode: 0 });
        var unready = containers.Where(container => !container.Ready).Select(container => container.Name).ToList();
        var ready = initialized && unready.Count == 0;
        var reason = phase == "Succeeded" ? "PodCompleted" : "ContainersNotReady";
        var message = $"containers with unready status: [{string.Join(' ', unready)}]";
        PodCondition Ready(string type) => ready ? Condition(type, true) : Condition(type, false, reason, reason == "PodCompleted" ? null : message);
        return new()
        {
            Phase = phase,
            PodIP = podIP,
            HostIP = hostIP,
            StartTime = startTime,
            ContainerStatuses = [.. containers.Select(container => container.ToStatus())],
            Conditions =
            [
                .. new[]
                {
                    Condition("PodScheduled", true),
                    initialized ? Condition("Initialized", true) : Condition("Initialized", false, "ContainersNotInitialized", "containers with incomplete status"),
                    Ready("ContainersReady"),
                    Ready("Ready"),
                }.Select(condition => KeepTime(before, condition, now)),
            ],
        };
    }

    /// <summary>
    /// | containers | phase |
    /// | --- | --- |
    /// | all ended, each with 0 | Succeeded |
    /// | all ended, one with another code; or an init container did | Failed |
    /// | one runs, or ran and will run again | Running |
    /// | else | Pending |
    /// </summary>
    private static string Phase(IReadOnlyList<ContainerSnapshot> init, IReadOnlyList<ContainerSnapshot> containers, string? restartPolicy)
    {
        if (restartPolicy == "Never" && init.Any(container => container is { HasEnded: true, State.Terminated.ExitCode: not 0 }))
            return "Failed";
        if (containers.Count > 0 && containers.All(container => container.HasEnded))
            return containers.All(container => container.State.Terminated?.ExitCode == 0) ? "Succeeded" : "Failed";
        return containers.Any(container => container.HasRun) ? "Running" : "Pending";
    }

    private static PodCondition Condition(string type, bool holds, string? reason = null, string? message = null) =>
        new() { Type = type, Status = holds ? "True" : "False", Reason = reason, Message = message };

    private static PodCondition KeepTime(PodStatus? before, PodCondition condition, DateTimeOffset now)
    {
        var last = before?.Conditions?.FirstOrDefault(known => known.Type == condition.Type);
        return condition with { LastTransitionTime = last?.Status == condition.Status ? last.LastTransitionTime : now };
    }
}
