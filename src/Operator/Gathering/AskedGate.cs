using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Gathering;

/// <summary>A gate as one LlmDeployment asks for it: its content, who judges, and what stands in the way. Pure but for <see cref="Find"/>, which reads caches.</summary>
/// <param name="Gate">Null where there is none of the name.</param>
/// <param name="Judges">Who judges now; empty without a scorer of type judge, and where one cannot be asked.</param>
/// <param name="Obstacle">Why it cannot be run now; null where it can.</param>
internal sealed record AskedGate(EvalGate? Gate, EquatableArray<EvalJudge> Judges, Problem? Obstacle)
{
    public static AskedGate Find(ClusterView cluster, ObjectKey deployment, string name) => Of(
        name, deployment.Name, cluster.EvalGates.Store.Get(new ObjectKey(deployment.Namespace, name)),
        judge => cluster.LlmDeployments.Store.Get(new ObjectKey(deployment.Namespace, judge)),
        prompt => cluster.PromptVersions.Store.Get(new ObjectKey(deployment.Namespace, prompt)));

    /// <param name="name">Name of the gate.</param>
    /// <param name="deployment">Name of the LlmDeployment that asks.</param>
    /// <param name="gate">The gate, or null.</param>
    /// <param name="findDeployment">The LlmDeployment of a name, or null.</param>
    /// <param name="findPrompt">The PromptVersion of a name, or null.</param>
    public static AskedGate Of(string name, string deployment, EvalGate? gate, Func<string, LlmDeployment?> findDeployment, Func<string, PromptVersion?> findPrompt)
    {
        if (gate is null || gate.IsDeleting())
            return new(gate, [], new(Reasons.GateNotFound, $"EvalGate {name} does not exist: create it, or name another one in spec.rollout.steps"));
        if (gate.Spec.Scorers.FirstOrDefault(scorer => scorer.Judge?.Model == deployment) is { } own)
        {
            return new(gate, [], new(
                Reasons.GateInvalid,
                $"EvalGate {name} would let LlmDeployment {deployment} judge itself (scorer {own.Name}), and models favour answers like their own: name another LlmDeployment in its judge.model, or another gate in spec.rollout.steps"));
        }

        var (judges, problem) = JudgeFacts.Of(gate.Spec, findDeployment, findPrompt);
        return new(gate, judges, problem is null ? NotReady(name, gate) : problem with { Message = $"EvalGate {name} cannot be run: {problem.Message}" });
    }

    private static Problem? NotReady(string name, EvalGate gate)
    {
        var ready = gate.Status?.Conditions?.FirstOrDefault(condition => condition.Type == ConditionTypes.Ready);
        return ready is { Status: "False" } && ready.ObservedGeneration == gate.Metadata.Generation && !JudgeFacts.IsReason(ready.Reason)
            ? new(Reasons.GateInvalid, $"EvalGate {name} cannot be run: {ready.Message}")
            : null;
    }
}
