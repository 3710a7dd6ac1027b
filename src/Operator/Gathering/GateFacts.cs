using System.Globalization;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Gathering;

/// <summary>What EvalRuns say about the current rollout. Pure.</summary>
internal static class GateFacts
{
    /// <param name="rollout">The current rollout.</param>
    /// <param name="steps">Steps of the plan.</param>
    /// <param name="runs">EvalRuns of the LlmDeployment.</param>
    /// <param name="findGate">The gate of a name as the LlmDeployment asks for it.</param>
    public static EquatableArray<GateObservation> Observe(Rollout rollout, EquatableArray<Step> steps, IEnumerable<EvalRun> runs, Func<string, AskedGate> findGate)
    {
        var facts = new List<GateObservation>();
        foreach (var run in runs.Where(run => run.Spec.Rollout == rollout.Id && run.Spec.Candidate.Release == rollout.ReleaseHash).OrderBy(run => run.Metadata.Name, StringComparer.Ordinal))
        {
            if (Number(run, Annotations.Step) is { } index && Number(run, Annotations.Attempt) is { } attempt)
                facts.Add(Fact(run, rollout.Id, index, attempt, findGate(run.Spec.Gate)));
        }

        foreach (var name in rollout.StepIndex < steps.Count && steps[rollout.StepIndex] is GateStep step ? step.Gates : [])
        {
            var attempt = rollout.AttemptOf(rollout.StepIndex, name);
            if (!facts.Exists(fact => fact.StepIndex == rollout.StepIndex && fact.Gate == name && fact.Attempt == attempt) && findGate(name).Obstacle is { } obstacle)
                facts.Add(new(name, rollout.StepIndex, attempt, rollout.Id, null, obstacle.Reason, obstacle.Message));
        }

        return facts.ToEquatableArray();
    }

    /// <summary>Whether two runs are the same attempt of the same gate: names may differ between versions of the operator.</summary>
    public static bool AreSameAttempt(EvalRun one, EvalRun other) =>
        one.Spec.Rollout == other.Spec.Rollout && one.Spec.Gate == other.Spec.Gate &&
        Number(one, Annotations.Step) == Number(other, Annotations.Step) && Number(one, Annotations.Attempt) == Number(other, Annotations.Attempt);

    private static GateObservation Fact(EvalRun run, string rollout, int step, int attempt, AskedGate asked)
    {
        var (name, status) = (run.Spec.Gate, run.Status);
        // A run of another content opens nothing, whatever its verdict.
        if (asked.Gate is { } gate && ReleaseHashing.Hash(gate.Spec) != run.Spec.GateHash)
            return new(name, step, attempt, rollout, Verdict.NoData, Reasons.GateInvalid, $"EvalGate {name} was changed after EvalRun {run.Metadata.Name} was made: it is run again");
        if (JudgeFacts.Change(run.Spec.Judges, asked.Judges) is { } change)
            return new(name, step, attempt, rollout, Verdict.NoData, Reasons.GateInvalid, $"{change} since EvalRun {run.Metadata.Name} was made: EvalGate {name} is run again");
        if (status?.Verdict is not { } text || !Enum.TryParse<Verdict>(text, out var verdict))
            return new(name, step, attempt, rollout, null, Reasons.WaitingForGate, status?.Message ?? $"EvalRun {run.Metadata.Name} runs");
        return new(name, step, attempt, rollout, verdict, status.Reason ?? text, status.Message ?? text);
    }

    private static int? Number(EvalRun run, string annotation) =>
        run.Metadata.Annotations is { } annotations && annotations.TryGetValue(annotation, out var text) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
