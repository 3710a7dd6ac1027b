using System.Globalization;
using LlmOps.Api;
using LlmOps.Cli.Output;

namespace LlmOps.Cli.Explain;

/// <summary>What must hold before a rollout goes on, by the rules of docs/architecture.md. Pure.</summary>
internal static class Needing
{
    public static IEnumerable<Need> Of(LlmDeployment deployment, DateTimeOffset now)
    {
        var (status, rollout) = (deployment.Status!, deployment.Status!.Rollout!);
        if (status.PausedBy is { } by && rollout.Phase != "Reverting")
            yield return new("the pause by an action ends (kubectl llm resume)", false, $"paused by {by}");
        if (deployment.Spec.Rollout?.Paused == true && rollout.Phase != "Reverting")
            yield return new("spec.rollout.paused is taken out", false);
        var needs = rollout.Phase switch
        {
            "Starting" => Starting(status, rollout, now),
            "Stepping" => Step(deployment, rollout) is { } step ? OfStep(deployment, step, rollout, now) : [],
            "Promoting" => [Pods("the candidate has ready pods for all traffic", status.Candidate)],
            "Baking" => Baking(deployment, rollout, now),
            "Reverting" => [Pods("stable has ready pods for what the candidate still has", status.Stable)],
            _ => [],
        };
        foreach (var need in needs)
            yield return need;
    }

    private static RolloutStep? Step(LlmDeployment deployment, RolloutStatus rollout)
    {
        var steps = deployment.Spec.Rollout?.Steps ?? Defaults.Steps;
        // Of a first release and of a rollback the spec's steps are not those of the rollout.
        return rollout.Steps == steps.Count && rollout.Step is { } index && index < steps.Count ? steps[index] : null;
    }

    private static IEnumerable<Need> Starting(LlmDeploymentStatus status, RolloutStatus rollout, DateTimeOffset now)
    {
        var phase = rollout is { StartPhase: { } start } ? $"{start}{(rollout.StartPhaseSince is { } since ? $" for {Times.Short(now - since)}" : string.Empty)}" : null;
        yield return new("one pod of the candidate is ready", (status.Candidate?.ReadyReplicas ?? 0) > 0, phase);
        yield return new("it has answered a warm-up request", false, null);
    }

    private static IEnumerable<Need> OfStep(LlmDeployment deployment, RolloutStep step, RolloutStatus rollout, DateTimeOffset now)
    {
        if (step.Approve is not null)
        {
            yield return new("a person approves (kubectl llm approve)", false);
            yield return NothingFails(rollout);
        }
        else if (step.Weight is not null || step.Mirror is not null)
        {
            yield return Held("the weight is held", rollout.HoldStartedAt, step.Hold ?? Defaults.Hold, now, deployment.Status!.Candidate?.ReadyReplicas);
            yield return Enough(step, rollout);
            if (deployment.Spec.Rollout?.Analysis?.Promotion == PromotionPolicies.Proven)
                yield return new("it is proven that the candidate's errors are not much more frequent (promotion: Proven)", false, rollout.PredictedWait is { } wait ? $"expected to take {Times.Short(wait)} still" : null);
            foreach (var check in deployment.Spec.Rollout?.Analysis?.Checks ?? [])
                yield return Check(check, rollout);
            yield return NothingFails(rollout);
        }
        else
        {
            foreach (var gate in step.AllGates())
                yield return Gate(gate, rollout);
        }
    }

    private static IEnumerable<Need> Baking(LlmDeployment deployment, RolloutStatus rollout, DateTimeOffset now)
    {
        yield return Held("the bake is over", rollout.HoldStartedAt ?? rollout.StepStartedAt, deployment.Spec.Rollout?.Bake ?? TimeSpan.Zero, now, ready: null);
        yield return NothingFails(rollout);
    }

    private static Need Held(string what, DateTimeOffset? since, TimeSpan length, DateTimeOffset now, int? ready) => since is { } start
        ? new($"{what} for {Times.Short(length)}", now - start >= length, now - start >= length ? "over" : $"{Times.Short(length - (now - start))} to go")
        : new($"{what} for {Times.Short(length)}", false, ready is { } pods ? string.Create(CultureInfo.InvariantCulture, $"the weight is not reached yet: {pods} pods of the candidate are ready") : "not begun");

    private static Need Enough(RolloutStep step, RolloutStatus rollout)
    {
        // 0 asks for one all the same: no data is no good news.
        var (enough, seen) = (Math.Max(1, step.MinRequests ?? Defaults.MinRequests), Counting.CandidateRequests(rollout));
        return new(string.Create(CultureInfo.InvariantCulture, $"the candidate got {enough} requests at this step"), seen >= enough, string.Create(CultureInfo.InvariantCulture, $"{seen} counted"));
    }

    private static Need Gate(string gate, RolloutStatus rollout)
    {
        var newest = rollout.Verdicts?.LastOrDefault(v => v.Step == rollout.Step && v.Name == $"gate/{gate}");
        return new($"gate {gate} passes", newest?.Verdict == Verdicts.Pass, newest?.Verdict ?? "not answered yet");
    }

    private static Need Check(CheckSpec check, RolloutStatus rollout)
    {
        var last = rollout.Checks?.FirstOrDefault(c => c.Name == check.Name);
        return new($"check {check.Name} passes", last?.Verdict == Verdicts.Pass, last is null ? "not sampled yet" : last.Message);
    }

    private static Need NothingFails(RolloutStatus rollout)
    {
        var bad = (rollout.Verdicts ?? []).Where(v => v.Step == rollout.Step).GroupBy(v => v.Name).Select(g => g.Last()).FirstOrDefault(v => v.Verdict is Verdicts.Fail);
        return new("no live test, limit or check fails", bad is null, bad is null ? null : $"{bad.Name}: {bad.Message}");
    }

    private static Need Pods(string what, ReleaseStatus? release) => new(
        what, release is { ReadyReplicas: { } ready, Replicas: { } asked } && ready >= asked, string.Create(CultureInfo.InvariantCulture, $"{release?.ReadyReplicas ?? 0} of {release?.Replicas ?? 0} are ready"));
}
