using System.Globalization;
using LlmOps.Api;
using LlmOps.Cli.Output;
using LlmOps.Cli.Status;

namespace LlmOps.Cli.Explain;

/// <summary>From an LlmDeployment to its explanation. Pure.</summary>
internal static class Explaining
{
    public static Explanation Of(LlmDeployment deployment, DateTimeOffset now)
    {
        var (status, rollout) = (deployment.Status, deployment.Status?.Rollout);
        var stalled = status?.Conditions?.FirstOrDefault(c => c is { Type: ConditionTypes.Stalled, Status: "True" });
        var isOpen = rollout is not null && !rollout.IsOver();
        // After a rollout, what stands in the way of the spec matters more than how the last one ended.
        var (reason, because) = !isOpen && stalled is not null ? (stalled.Reason, stalled.Message) : (rollout?.Reason, rollout?.Message);
        var explanation = new Explanation
        {
            Name = deployment.Metadata.Name!,
            Namespace = deployment.Metadata.Namespace!,
            Where = Where(deployment),
            Reason = reason,
            Because = because,
            Since = rollout?.ReasonSince ?? rollout?.FinishedAt ?? rollout?.StartedAt,
            Verdicts = [.. (rollout?.Verdicts ?? []).GroupBy(v => (v.Step, v.Name)).Select(g => g.Last()).Where(v => !isOpen || v.Step >= rollout!.Step).Select(v => new ExplainedVerdict(v.Name, v.Verdict, v.Message, v.Time))],
            Advice = [.. Advising.Of(deployment, reason)],
        };
        return !isOpen ? explanation : explanation with
        {
            Traffic = Counting.Tracks(deployment),
            Needs = [.. Needing.Of(deployment, now)],
            Next = Next(deployment, rollout!),
            Deadline = rollout!.Deadline,
            AtDeadline = AtDeadline(deployment, rollout),
        };
    }

    private static string Where(LlmDeployment deployment)
    {
        var (status, rollout) = (deployment.Status, deployment.Status?.Rollout);
        if (status is null or { ObservedGeneration: < 0 })
            return "The operator has not looked at it yet.";
        var serves = status.Stable is { } stable ? $"release {stable.Release} serves" : "nothing serves yet";
        if (rollout is null)
            return $"No rollout has run; {serves}.";
        if (rollout.IsOver())
            return $"No release is being tried; {serves}. The last rollout ({rollout.Release}) ended: {rollout.Phase}.";
        var weight = status.Candidate?.Weight ?? 0;
        var place = rollout.Phase switch
        {
            "Starting" => "is starting, without traffic",
            "Stepping" => string.Create(CultureInfo.InvariantCulture, $"is at step {(rollout.Step ?? 0) + 1} of {rollout.Steps ?? 0} ({rollout.StepName}) with {weight}% of the requests"),
            "Promoting" => $"has gone through all steps and is being promoted, with {weight}% of the requests",
            "Baking" => $"has gone through all steps and bakes with {weight}% of the requests",
            "Reverting" => $"is on its way back, with {weight}% of the requests left",
            var phase => $"is in phase {phase}",
        };
        return $"Release {rollout.Release} {place}; {serves}.";
    }

    private static string? Next(LlmDeployment deployment, RolloutStatus rollout) => rollout.Phase switch
    {
        "Starting" => Stages.Of(deployment).FirstOrDefault(s => s.State == StageState.Pending)?.Name ?? "promotion",
        "Stepping" => Stages.Of(deployment).FirstOrDefault(s => s.State == StageState.Pending && s.Step > rollout.Step)?.Name ?? "promotion",
        "Promoting" => deployment.Spec.Rollout?.Bake is { Value.Ticks: > 0 } bake ? $"a bake of {bake}" : "the candidate becomes stable",
        "Baking" => "the candidate becomes stable",
        "Reverting" => "the candidate has no traffic any more",
        _ => null,
    };

    private static string? AtDeadline(LlmDeployment deployment, RolloutStatus rollout) => rollout switch
    {
        { Deadline: null } => null,
        { Phase: "Reverting" } => "the revert is ended with the pods that stable has",
        _ when deployment.Spec.Rollout?.OnInconclusive == InconclusivePolicies.Hold => "it stays where it is until a person decides (onInconclusive: Hold); a candidate whose pods do not come is reverted",
        _ => "the candidate is reverted and its release locked (onInconclusive: Revert)",
    };
}
