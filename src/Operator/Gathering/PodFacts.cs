using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Resources;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Gathering;

/// <summary>What pods say about themselves. Pure.</summary>
internal static class PodFacts
{
    /// <summary>Whether the pod may get requests.</summary>
    public static bool IsReady(Pod pod) =>
        !pod.IsDeleting() && pod.Status?.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true;

    /// <summary>
    /// Whether the pod is of a Deployment of the same name that was deleted before this one was made: the garbage collector, which may take seconds, has not got to it yet. A
    /// rollback that went by such pods would lead all requests to pods that are about to go.
    /// </summary>
    /// <remarks>Not for pods that serve: those of a Deployment that was deleted and made again may have been left to it (<c>--cascade=orphan</c>), and are older too.</remarks>
    public static bool IsLeftOver(Pod pod, Deployment workload) => pod.Metadata.CreationTimestamp < workload.Metadata.CreationTimestamp;

    /// <summary>Why the first of the pods that are not ready is not, with what to do; null where none says.</summary>
    /// <param name="explainGpus">Turns an unschedulable pod and its GPU resource into numbers.</param>
    public static Problem? FindProblem(IEnumerable<Pod> pods, Func<Pod, string, string> explainGpus)
    {
        foreach (var pod in pods.Where(pod => !pod.IsDeleting() && !IsReady(pod)).OrderBy(pod => pod.Metadata.Name, StringComparer.Ordinal))
        {
            if ((Unschedulable(pod, explainGpus) ?? ContainerProblem(pod)) is { } problem)
                return problem;
        }

        return null;
    }

    /// <summary>How far the furthest of the pods is; ready ones count as loaded.</summary>
    public static StartPhase PhaseOf(IEnumerable<Pod> pods) => pods.Where(pod => !pod.IsDeleting()).Select(PhaseOf).DefaultIfEmpty(StartPhase.Scheduling).Max();

    private static StartPhase PhaseOf(Pod pod) => pod switch
    {
        _ when IsReady(pod) => StartPhase.WarmUp,
        { Spec.NodeName: not { Length: > 0 } } => StartPhase.Scheduling,
        // A container that ran and crashed has its image.
        { Status.ContainerStatuses: { } containers } when containers.Any(container => container is { State.Running: not null } or { State.Terminated: not null } or { LastState.Terminated: not null }) => StartPhase.Load,
        _ => StartPhase.ImagePull,
    };

    private static Problem? Unschedulable(Pod pod, Func<Pod, string, string> explainGpus)
    {
        if (pod.Status?.Conditions?.FirstOrDefault(condition => condition is { Type: "PodScheduled", Status: "False", Reason: "Unschedulable" }) is not { } condition)
            return null;
        // The scheduler's message is the only place that says which resource is short.
        var scheduler = condition.Message is { Length: > 0 } message ? message : "no node fits";
        return GpuResource(pod) is { } resource && scheduler.Contains(resource, StringComparison.Ordinal)
            ? new(Reasons.InsufficientGpus, $"pod {pod.Metadata.Name} has no node: {scheduler} ({explainGpus(pod, resource)}). Add GPUs or lower replicas")
            : new(Reasons.CandidateUnavailable, $"pod {pod.Metadata.Name} has no node: {scheduler}. Check resources, podTemplate and the nodes");
    }

    private static Problem? ContainerProblem(Pod pod)
    {
        var name = pod.Metadata.Name;
        foreach (var container in pod.Status?.ContainerStatuses ?? [])
        {
            var waiting = container.State?.Waiting;
            switch (waiting?.Reason)
            {
                case "ImagePullBackOff" or "ErrImagePull" or "InvalidImageName" or "ErrImageNeverPull":
                    return new(Reasons.ImagePullFailed, $"pod {name} cannot pull image {container.Image}: {waiting.Message ?? waiting.Reason}. Check spec.engine.image and podTemplate.imagePullSecrets");
                case "CreateContainerConfigError" or "CreateContainerError":
                    return new(Reasons.PodCrashLoop, $"pod {name} cannot create its container: {waiting.Message ?? waiting.Reason}. Check secrets and volumes that the spec names");
                case "CrashLoopBackOff":
                    return Crash(name, container);
            }

            // Between two crashes there is no back-off state yet; the last termination tells.
            if (container is { Ready: false, RestartCount: > 0, LastState.Terminated: not null })
                return Crash(name, container);
        }

        return pod.Status is { Phase: "Failed" } failed
            ? new(Reasons.PodCrashLoop, $"pod {name} failed: {failed.Message ?? failed.Reason ?? "no reason given"}. See kubectl logs {name}")
            : null;
    }

    private static Problem Crash(string? name, ContainerStatus container)
    {
        var last = container.LastState?.Terminated ?? container.State?.Terminated;
        var cause = last is null ? "it exits at once" : $"it exited with code {last.ExitCode}{(last.Reason is { Length: > 0 } reason ? $" ({reason})" : string.Empty)}";
        var log = last?.Message is { Length: > 0 } message ? $": {message.Trim()}" : string.Empty;
        // The number of restarts is left out: it would change the message, and with it the status, again and again.
        return new(Reasons.PodCrashLoop, $"pod {name} crashes on start, {cause}{log}. See kubectl logs {name} --previous, and check engine.extraArgs and resources");
    }

    private static string? GpuResource(Pod pod) =>
        pod.Spec?.Containers.FirstOrDefault(container => container.Name == PodTemplateBuilder.ContainerName)?.Resources?.Limits?.Keys.FirstOrDefault(key => key.Contains('/', StringComparison.Ordinal));
}
