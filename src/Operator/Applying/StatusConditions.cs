using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Applying;

/// <summary>Phase and conditions of an LlmDeployment, by kstatus' meaning of Ready and Stalled. Pure.</summary>
internal static class StatusConditions
{
    /// <summary>Waits that do not end by themselves: somebody has to act.</summary>
    private static readonly HashSet<string> NeedsSomebody =
    [
        Reasons.StableUnavailable, Reasons.InsufficientGpus, Reasons.ImagePullFailed, Reasons.PodCrashLoop, Reasons.CandidateUnavailable, Reasons.StartupDeadlineExceeded,
        Reasons.GateNotFound, Reasons.GateInvalid, Reasons.GateInconclusive, Reasons.DatasetInvalid, Reasons.EvaluationFailed,
        Reasons.JudgeNotFound, Reasons.PromptNotFound, Reasons.PromptInvalid,
        Reasons.TrafficShareMismatch, Reasons.NotMeasured,
        Reasons.AwaitingDecision,
    ];

    public static IReadOnlyList<Condition> Build(Gathered gathered, Decision decision, Problem? applyProblem, DateTimeOffset now)
    {
        var deployment = gathered.Deployment;
        var conditions = new ConditionSet(deployment.Status?.Conditions, deployment.Metadata.Generation, now);
        var (ready, readyReason, readyMessage) = Ready(gathered, decision);
        conditions.Set(ConditionTypes.Ready, ready, readyReason, readyMessage);

        var rollout = decision.Next.Current;
        var stalled = Stalled(gathered, decision, applyProblem);
        conditions.Set(
            ConditionTypes.Reconciling, decision.Next.Candidate is not null && stalled is null,
            rollout is { Reason.Length: > 0 } ? rollout.Reason : Reasons.NoRollout,
            rollout is null ? "no rollout has run yet" : decision.Next.Candidate is null ? rollout.Message : ActionHint.Append(deployment, rollout));
        conditions.Set(ConditionTypes.Stalled, stalled is not null, stalled?.Reason ?? Reasons.NoRollout, stalled?.Message ?? "nothing waits for anybody");

        var degraded = Degraded(gathered, decision);
        conditions.Set(ConditionTypes.Degraded, degraded is not null, degraded?.Reason ?? Reasons.Serving, degraded?.Message ?? "what the spec asks for serves, or is on its way");

        var (passed, gateReason, gateMessage) = Gates(gathered, rollout);
        conditions.Set(ConditionTypes.GatePassed, passed, gateReason, gateMessage);
        if (gathered.Route is { Sight: var route })
        {
            conditions.Set(
                ConditionTypes.RouteAccepted, route.Problem is null, route.Problem?.Reason ?? Reasons.RouteAccepted, route.Problem?.Message ?? route.InEffect!);
        }

        var (available, source, sourceMessage) = MetricSources.Describe(gathered, decision.Next);
        conditions.Set(ConditionTypes.MetricsAvailable, available, source, sourceMessage);

        var (hasRoom, roomReason, roomMessage) = Capacity(decision.Next);
        conditions.Set(ConditionTypes.CapacityAvailable, hasRoom, roomReason, roomMessage);
        return conditions.Conditions;
    }

    /// <summary>True with the plan that the candidate goes by, False with the arithmetic, Unknown while nothing asks for room.</summary>
    private static (bool? HasRoom, string Reason, string Message) Capacity(RolloutState state) => state switch
    {
        { Candidate: null } or { Current: null } => (null, Reasons.NoRollout, "no rollout runs"),
        { Current: { Reason: Reasons.InsufficientGpus } rollout } => (false, rollout.Reason, rollout.Message),
        { Current.Capacity: { Fits: true } choice } => (true, choice.Plan.ToString(), choice.Message),
        { Current.Capacity: { } choice } => (false, Reasons.InsufficientGpus, choice.Message),
        _ => (null, Reasons.NoRollout, "the candidate runs on stable's pods, or started before room was looked for"),
    };

    /// <summary>The gates of the newest step with a verdict of one: passed once all of them are.</summary>
    private static (bool? Passed, string Reason, string Message) Gates(Gathered gathered, Rollout? rollout)
    {
        static bool IsGate(VerdictRecord verdict) => verdict.Name.StartsWith("gate/", StringComparison.Ordinal);
        if (rollout?.Verdicts.LastOrDefault(IsGate) is not { StepIndex: var index })
            return (null, Reasons.NoRollout, "no gate has answered in this rollout");

        var steps = gathered.Spec.Plan.Steps;
        var newest = rollout.Verdicts.Where(verdict => verdict.StepIndex == index && IsGate(verdict)).GroupBy(verdict => verdict.Name).Select(verdicts => verdicts.Last()).ToList();
        var missing = index < steps.Count && steps[index] is GateStep step ? step.Gates.Where(gate => !newest.Exists(verdict => verdict.Name == $"gate/{gate}")).ToList() : [];
        var message = string.Join("; ", newest.Select(verdict => $"{verdict.Name}: {verdict.Message}").Concat(missing.Select(gate => $"gate/{gate} has not answered yet")));
        if (newest.Exists(verdict => verdict.Verdict == Verdict.Fail))
            return (false, Reasons.GateFailed, message);
        if (newest.Exists(verdict => verdict.Verdict != Verdict.Pass))
            return (null, Reasons.GateInconclusive, message);
        return missing.Count == 0 ? (true, Reasons.GatePassed, message) : (null, Reasons.WaitingForGate, message);
    }

    /// <summary>Value of <see cref="DeploymentPhases"/>.</summary>
    public static string Phase(Gathered gathered, Decision decision) => decision.Next switch
    {
        { Candidate: not null } => DeploymentPhases.Progressing,
        { Stable: null } => Degraded(gathered, decision) is null ? DeploymentPhases.Pending : DeploymentPhases.Degraded,
        _ => Degraded(gathered, decision) is null ? DeploymentPhases.Healthy : DeploymentPhases.Degraded,
    };

    private static (bool Ready, string Reason, string Message) Ready(Gathered gathered, Decision decision)
    {
        if (decision.Next.Stable is not { } stable)
            return (false, Reasons.NoReadyPods, "no release serves yet");
        var asked = decision.Pods.FirstOrDefault(target => target.ServingHash == stable.ServingHash)?.Replicas ?? 0;
        var pods = gathered.PodsOf(stable.ServingHash);
        if (asked == 0 && gathered.Spec.Plan.Replicas > 0)
            return (false, Reasons.Recreate, $"release {stable.Hash} made way for the candidate, as rollout.capacity.allowDowntime says: nobody is served until the rollout ends");
        if (pods.Ready > 0 || asked == 0)
            return (true, Reasons.Serving, $"release {stable.Hash} serves with {pods.Ready} of {asked} replicas");
        return (false, pods.Problem?.Reason ?? Reasons.NoReadyPods, pods.Problem?.Message ?? $"none of {asked} replicas of release {stable.Hash} is ready");
    }

    private static Problem? Stalled(Gathered gathered, Decision decision, Problem? applyProblem)
    {
        var plan = gathered.Spec.Plan;
        if (plan.Desired is null)
            return new(plan.UnresolvedReason ?? Reasons.UnsupportedEngineSetting, plan.UnresolvedMessage ?? "the spec does not give a release");
        if (applyProblem is not null)
            return applyProblem;
        if (decision.Next.Stable is not null && gathered.Route?.Sight is { NeedsSomebody: true, Problem: { } route })
            return route;
        if (decision.Next is { Candidate: not null, Current: { } rollout } && NeedsSomebody.Contains(rollout.Reason))
            return new(rollout.Reason, ActionHint.Append(gathered.Deployment, rollout));
        if (decision.Next is { Candidate: { } candidate, Current.Reason: Reasons.WaitingForWarmUp } && gathered.PodsOf(candidate.ServingHash).Problem is { } silent)
            return silent;
        if (decision.Reason == Reasons.ReleaseLocked)
            return new(decision.Reason, decision.Message);
        if (decision.Next.Stable is { } stable && gathered.PodsOf(stable.ServingHash) is { Problem: { } problem, Ready: var ready } && ready < plan.Replicas)
            return problem;
        if (gathered.CheckProblems.Count > 0)
            return new(Reasons.CheckInvalid, string.Join("; ", gathered.CheckProblems));
        return gathered.Spec.Warnings.Count > 0 ? new(Reasons.UnsupportedEngineSetting, string.Join("; ", gathered.Spec.Warnings)) : null;
    }

    private static Problem? Degraded(Gathered gathered, Decision decision)
    {
        if (gathered.Spec.Plan.Desired is null || decision.Reason == Reasons.ReleaseLocked)
            return new(decision.Reason, decision.Message);
        return decision.Next.Stable is not null && Ready(gathered, decision) is (false, var reason, var message) ? new(reason, message) : null;
    }
}
