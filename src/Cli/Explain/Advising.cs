using LlmOps.Api;
using LlmOps.Cli.Status;

namespace LlmOps.Cli.Explain;

/// <summary>What a person can do where a rollout is. Pure.</summary>
internal static class Advising
{
    public static IEnumerable<string> Of(LlmDeployment deployment, string? reason)
    {
        if (ReasonBook.Find(reason) is { ToDo.Length: > 0 } entry)
            yield return entry.ToDo;
        foreach (var verb in Verbs(deployment, reason))
            yield return $"{CommandLine.Program} {verb} {deployment.Metadata.Name} -n {deployment.Metadata.Namespace}";
        if (deployment.Status?.Candidate is not null)
            yield return $"{CommandLine.Program} diff {deployment.Metadata.Name} -n {deployment.Metadata.Namespace}";
    }

    private static IEnumerable<string> Verbs(LlmDeployment deployment, string? reason)
    {
        var (status, rollout) = (deployment.Status, deployment.Status?.Rollout);
        if (status?.PausedBy is not null)
            yield return "resume";
        if (rollout is null || rollout.IsOver())
        {
            if (reason == Reasons.ReleaseLocked)
                yield return "retry";
            yield break;
        }

        if (reason == Reasons.AwaitingApproval)
            yield return "approve";
        if (reason == Reasons.AwaitingDecision)
            yield return "promote";
        if (reason is Reasons.Holding or Reasons.WaitingForRequests or Reasons.WaitingForProof)
            yield return "skip";
        if (rollout.Phase != "Reverting")
            yield return "abort";
    }
}
