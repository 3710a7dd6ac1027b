using LlmOps.Api;

namespace LlmOps.Cli.Dashboard;

/// <summary>Which of the page's actions the operator would take now, as the status tells. Pure.</summary>
/// <remarks>
/// <code>
/// Approve   at an approval that was not given yet, paused or not
/// Promote   not while paused, not twice, not in a rollback
/// Abort     always
/// none      without a candidate, or once it is on its way back
/// </code>
/// </remarks>
internal static class Offering
{
    private const string Approval = "approval";

    public static IReadOnlyList<string> Of(LlmDeployment deployment)
    {
        if (deployment.Status is not { Candidate: not null, Rollout: { } rollout } status || rollout.Phase == "Reverting")
            return [];
        var isPaused = status.PausedBy is not null || deployment.Spec.Rollout?.Paused == true;
        return
        [
            .. rollout is { Phase: "Stepping", StepName: Approval } && !IsApproved(rollout) ? ["Approve"] : (string[])[],
            .. isPaused || rollout.Kind == "Rollback" || rollout.PromotedBy is not null ? (string[])[] : ["Promote"],
            "Abort",
        ];
    }

    private static bool IsApproved(RolloutStatus rollout) =>
        rollout.Verdicts?.LastOrDefault(verdict => verdict.Name == Approval && verdict.Step == rollout.Step)?.Verdict == Verdicts.Pass;
}
