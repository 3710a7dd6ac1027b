using System.Globalization;
using LlmOps.Api;
using LlmOps.Cli.Output;
using LlmOps.Kubernetes;
using Spectre.Console;

namespace LlmOps.Cli.Status;

/// <summary>A pod in one line. Pure.</summary>
internal static class PodLine
{
    public static Paragraph Of(Pod pod, DateTimeOffset now)
    {
        var (state, isWell) = State(pod);
        var restarts = pod.Status?.ContainerStatuses?.Sum(c => c.RestartCount) ?? 0;
        return Words.Line(
            ($"pod {pod.Metadata.Name}", null),
            (state, Words.StyleOf(isWell ? Verdicts.Pass : Verdicts.Inconclusive)),
            (pod.Spec?.NodeName, new Style(Color.Grey)),
            (restarts > 0 ? string.Create(CultureInfo.InvariantCulture, $"{restarts} restarts") : null, Words.StyleOf(Verdicts.Inconclusive)),
            (Times.Age(pod.Metadata.CreationTimestamp, now), new Style(Color.Grey)));
    }

    /// <summary>What <c>kubectl get pods</c> would say, and whether the pod is as it should be.</summary>
    private static (string State, bool IsWell) State(Pod pod)
    {
        if (pod.IsDeleting())
            return ("Terminating", false);
        var containers = pod.Status?.ContainerStatuses ?? [];
        if (containers.Select(c => c.State?.Waiting?.Reason ?? c.State?.Terminated?.Reason).FirstOrDefault(r => r is not null) is { } reason)
            return (reason, false);
        var isReady = pod.Status?.Conditions?.Any(c => c is { Type: "Ready", Status: "True" }) == true;
        return isReady ? ("Ready", true) : (pod.Status?.Phase ?? "Pending", false);
    }
}
