using LlmOps.Api;

namespace LlmOps.Cli.Status;

/// <summary>Where a rollout is, in one line that changes only when something happened. Pure.</summary>
internal static class ChangeLine
{
    public static string Of(LlmDeployment deployment)
    {
        var (status, rollout) = (deployment.Status, deployment.Status?.Rollout);
        if (status is null || rollout is null)
            return $"{status?.Phase ?? DeploymentPhases.Pending}: no rollout has run yet";
        var step = rollout is { Phase: "Stepping", StepName: { } name } ? $" {name}" : string.Empty;
        var who = status.Candidate is { } candidate ? $", candidate {candidate.Release} has {candidate.Weight}%" : string.Empty;
        return $"{rollout.Phase}{step}{who}: {rollout.Message ?? rollout.Reason}";
    }
}
