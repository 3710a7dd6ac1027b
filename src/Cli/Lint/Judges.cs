using System.Text.Json;
using LlmOps.Api;

namespace LlmOps.Cli.Lint;

/// <summary>What the operator would say of the judges of gates, as far as the files tell. Pure.</summary>
internal static class Judges
{
    /// <param name="manifests">What the API server would accept.</param>
    public static IEnumerable<Finding> Check(IReadOnlyList<Manifest> manifests)
    {
        foreach (var (manifest, gate) in manifests.Where(m => m.Kind == EvalGate.ResourceKind.Kind).Select(m => (m, m.Json["spec"].Deserialize(ApiJson.Default.EvalGateSpec)!)))
        {
            foreach (var (index, scorer) in gate.Scorers.Index().Where(s => s.Item.Judge is not null))
            {
                foreach (var finding in Prompt(manifests, manifest, index, scorer).Concat(Itself(manifests, manifest, index, scorer)))
                    yield return finding;
            }
        }
    }

    private static IEnumerable<Finding> Prompt(IReadOnlyList<Manifest> manifests, Manifest gate, int index, ScorerSpec scorer) =>
        manifests.FirstOrDefault(m => m.Kind == PromptVersion.ResourceKind.Kind && m.Name == scorer.Judge!.Prompt && IsNear(m, gate))?.Json["spec"].Deserialize(ApiJson.Default.PromptVersionSpec) is { } prompt
        && PromptValidation.Check(prompt).Problems.Count == 0
            ? JudgeRubric.Problems(prompt, scorer).Select(p => gate.Finds(Finding.Error, $"spec.scorers[{index}].judge.prompt", $"PromptVersion {scorer.Judge!.Prompt} cannot be what a judge goes by: {p}"))
            : [];

    private static IEnumerable<Finding> Itself(IReadOnlyList<Manifest> manifests, Manifest gate, int index, ScorerSpec scorer) =>
        from deployment in manifests
        where deployment.Kind == LlmDeployment.ResourceKind.Kind && deployment.Name == scorer.Judge!.Model && IsNear(deployment, gate)
        where deployment.Json["spec"].Deserialize(ApiJson.Default.LlmDeploymentSpec)!.Rollout?.Steps?.Any(step => step.AllGates().Contains(gate.Name)) == true
        select gate.Finds(Finding.Error, $"spec.scorers[{index}].judge.model", $"LlmDeployment {deployment.Name} ({deployment.File}) has this gate in its steps and would judge itself: name another one");

    private static bool IsNear(Manifest one, Manifest other) => one.Namespace == other.Namespace || one.Namespace.Length == 0 || other.Namespace.Length == 0;
}
