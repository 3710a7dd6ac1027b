using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Engines;
using LlmOps.Operator.Resources;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Gathering;

/// <summary>Who scores for a gate. Pure.</summary>
internal static class JudgeFacts
{
    /// <summary>Why a gate whose judge cannot be asked now cannot be run: what is looked up anew whenever a gate is asked, so a condition of the gate may say it late.</summary>
    public static bool IsReason(string reason) => reason is Reasons.JudgeNotFound or Reasons.JudgeUnavailable or Reasons.PromptNotFound or Reasons.PromptInvalid;

    /// <summary>The judge of each scorer that has one, by what serves now; or why one of them cannot be asked.</summary>
    /// <param name="gate">The gate.</param>
    /// <param name="findDeployment">The LlmDeployment of a name, or null.</param>
    /// <param name="findPrompt">The PromptVersion of a name, or null.</param>
    public static (EquatableArray<EvalJudge> Judges, Problem? Problem) Of(EvalGateSpec gate, Func<string, LlmDeployment?> findDeployment, Func<string, PromptVersion?> findPrompt)
    {
        var judges = new List<EvalJudge>();
        for (var i = 0; i < gate.Scorers.Count; i++)
        {
            if (gate.Scorers[i] is not { Judge: { } judge } scorer)
                continue;
            var (prompt, deployment) = (findPrompt(judge.Prompt), findDeployment(judge.Model));
            if (PromptProblem(i, scorer, judge, prompt) is { } wrong)
                return ([], wrong);
            if (DeploymentProblem(i, judge, deployment) is { } absent)
                return ([], absent);
            judges.Add(Judge(scorer, judge, deployment!, prompt!));
        }

        return (judges.ToEquatableArray(), null);
    }

    /// <summary>Which judge or prompt is another one than a run was made with, in words; null where all are the same.</summary>
    public static string? Change(IReadOnlyList<EvalJudge>? before, EquatableArray<EvalJudge> now)
    {
        foreach (var judge in now)
        {
            var old = before?.FirstOrDefault(b => b.Scorer == judge.Scorer);
            if (old is null || old.Deployment != judge.Deployment || old.ServingHash != judge.ServingHash)
                return $"scorer {judge.Scorer} is judged by {judge.Deployment} {judge.ServingHash} in place of {(old is null ? "none" : $"{old.Deployment} {old.ServingHash}")}";
            if (old.PromptHash != judge.PromptHash)
                return $"PromptVersion {judge.Prompt} of scorer {judge.Scorer} has another content";
        }

        return null;
    }

    /// <summary>Whether an LlmDeployment can be asked to judge by the same release after a change as before.</summary>
    public static bool IsSame(LlmDeployment? before, LlmDeployment? after) => Ways(before) == Ways(after);

    private static (bool Exists, string? Serving, string? ServedName, bool IsReady, bool IsTried, SecretKeyReference? Key) Ways(LlmDeployment? deployment) =>
        deployment is null || deployment.IsDeleting()
            ? default
            : (true, deployment.Status?.Stable?.ServingHash, deployment.Status?.Stable?.ServedName, deployment.Status?.Stable?.ReadyReplicas > 0, IsMeasuredByEngines(deployment), deployment.Status?.Stable?.ApiKeySecretRef);

    /// <summary>Behind a route the engines' counters are the evidence of a rollout: requests to a judge would be counted as its users'.</summary>
    private static bool IsMeasuredByEngines(LlmDeployment deployment) => deployment.Status?.Candidate is not null && RouteReference.Of(deployment.Spec.Traffic) is not null;

    private static Problem? PromptProblem(int index, ScorerSpec scorer, JudgeSpec judge, PromptVersion? prompt)
    {
        if (prompt is null || prompt.IsDeleting())
            return new(Reasons.PromptNotFound, $"PromptVersion {judge.Prompt} {(prompt is null ? "does not exist" : "is being deleted")}: create it, or name another one in scorers[{index}].judge.prompt");
        return JudgeRubric.Problems(prompt.Spec, scorer) is { Count: > 0 } problems
            ? new(Reasons.PromptInvalid, $"PromptVersion {judge.Prompt} cannot be what the judge of scorers[{index}] goes by: {string.Join("; ", problems)}. Name a corrected version in scorers[{index}].judge.prompt")
            : null;
    }

    private static Problem? DeploymentProblem(int index, JudgeSpec judge, LlmDeployment? deployment) => deployment switch
    {
        null => new(Reasons.JudgeNotFound, $"LlmDeployment {judge.Model} does not exist: create it, or name another one in scorers[{index}].judge.model"),
        _ when deployment.IsDeleting() => new(Reasons.JudgeNotFound, $"LlmDeployment {judge.Model} is being deleted: name another one in scorers[{index}].judge.model"),
        { Status: not { Stable: not null } } => new(Reasons.JudgeUnavailable, $"LlmDeployment {judge.Model}, which judges for scorers[{index}], has no release that serves yet: see its conditions"),
        _ when EngineCatalog.Find(deployment.Status.Stable.Engine ?? string.Empty) is null => new(Reasons.JudgeNotFound, $"the engine of LlmDeployment {judge.Model}, which judges for scorers[{index}], is not known to this operator: update it"),
        _ when deployment.Status.Stable.ReadyReplicas is not > 0 => new(Reasons.JudgeUnavailable, $"LlmDeployment {judge.Model}, which judges for scorers[{index}], has no ready pod: see its conditions"),
        _ when IsMeasuredByEngines(deployment) => new(
            Reasons.JudgeUnavailable, $"LlmDeployment {judge.Model}, which judges for scorers[{index}], is being rolled out behind {RouteReference.Of(deployment.Spec.Traffic)}, where requests to a judge would count as those of users: the gate is run when that is over"),
        _ => null,
    };

    private static EvalJudge Judge(ScorerSpec scorer, JudgeSpec judge, LlmDeployment deployment, PromptVersion prompt)
    {
        var stable = deployment.Status!.Stable!;
        return new()
        {
            Scorer = scorer.Name,
            Deployment = judge.Model,
            ServingHash = stable.ServingHash,
            Url = ServingResources.ServiceUrl(deployment, stable.ServingHash, EngineCatalog.Find(stable.Engine!)!),
            ServedName = stable.ServedName ?? judge.Model,
            Prompt = judge.Prompt,
            PromptHash = PromptContent.Hash(prompt.Spec),
            ApiKeySecretRef = stable.ApiKeySecretRef,
        };
    }
}
