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
    /// <param name="findGate">The EvalGate of a name, or null.</param>
    public static EquatableArray<GateObservation> Observe(Rollout rollout, EquatableArray<Step> steps, IEnumerable<EvalRun> runs, Func<string, EvalGate?> findGate)
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
            if (!facts.Exists(fact => fact.StepIndex == rollout.StepIndex && fact.Gate == name && fact.Attempt == attempt) && Obstacle(name, findGate(name)) is { } obstacle)
                facts.Add(new(name, rollout.StepIndex, attempt, rollout.Id, null, obstacle.Reason, obstacle.Message));
        }

        return facts.ToEquatableArray();
    }

    /// <summary>Whether two runs are the same attempt of the same gate: names may differ between versions of the operator.</summary>
    public static bool AreSameAttempt(EvalRun one, EvalRun other) =>
        one.Spec.Rollout == other.Spec.Rollout && one.Spec.Gate == other.Spec.Gate &&
        Number(one, Annotations.Step) == Number(other, Annotations.Step) && Number(one, Annotations.Attempt) == Number(other, Annotations.Attempt);

    /// <summary>Why a gate cannot be run now; null where it can.</summary>
    public static Problem? Obstacle(string name, EvalGate? gate)
    {
        if (gate is null || gate.IsDeleting())
            return new(Reasons.GateNotFound, $"EvalGate {name} does not exist: create it, or name another one in spec.rollout.steps");
        var ready = gate.Status?.Conditions?.FirstOrDefault(condition => condition.Type == ConditionTypes.Ready);
        return ready is { Status: "False" } && ready.ObservedGeneration == gate.Metadata.Generation
            ? new(Reasons.GateInvalid, $"EvalGate {name} cannot be run: {ready.Message}")
            : null;
    }

    private static GateObservation Fact(EvalRun run, string rollout, int step, int attempt, EvalGate? gate)
    {
        var (name, status) = (run.Spec.Gate, run.Status);
        // A run of another content opens nothing, whatever its verdict.
        if (gate is not null && ReleaseHashing.Hash(gate.Spec) != run.Spec.GateHash)
            return new(name, step, attempt, rollout, Verdict.NoData, Reasons.GateInvalid, $"EvalGate {name} was changed after EvalRun {run.Metadata.Name} was made: it is run again");
        if (status?.Verdict is not { } text || !Enum.TryParse<Verdict>(text, out var verdict))
            return new(name, step, attempt, rollout, null, Reasons.WaitingForGate, status?.Message ?? $"EvalRun {run.Metadata.Name} runs");
        return new(name, step, attempt, rollout, verdict, status.Reason ?? text, status.Message ?? text);
    }

    private static int? Number(EvalRun run, string annotation) =>
        run.Metadata.Annotations is { } annotations && annotations.TryGetValue(annotation, out var text) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
