using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Operator.Gathering;

/// <summary>Which PromptVersions the releases of LlmDeployments use. Pure.</summary>
internal static class PromptFacts
{
    /// <summary>The uses of one LlmDeployment, by the PromptVersion: of what serves and of what is tried. None once it is being deleted.</summary>
    public static IEnumerable<(string Prompt, PromptUse Use)> Uses(LlmDeployment? deployment)
    {
        if (deployment is null || deployment.IsDeleting())
            yield break;
        foreach (var (track, release) in new[] { (Tracks.Stable, deployment.Status?.Stable), (Tracks.Candidate, deployment.Status?.Candidate) })
        {
            if (release?.Prompt is { } prompt)
                yield return (prompt, new PromptUse { Deployment = deployment.Metadata.Name!, Track = track, Weight = release.Weight });
        }
    }

    /// <summary>PromptVersions that an LlmDeployment uses in another way after a change than before.</summary>
    public static IEnumerable<string> Changed(LlmDeployment? before, LlmDeployment? after)
    {
        var (old, now) = (Uses(before).ToHashSet(), Uses(after).ToHashSet());
        return old.Except(now).Concat(now.Except(old)).Select(use => use.Prompt).Distinct(StringComparer.Ordinal);
    }

    /// <summary>Whether releases and gates that use a PromptVersion find the same after a change as before: its status is nothing to them.</summary>
    public static bool IsSame(PromptVersion? before, PromptVersion? after) =>
        before is not null && after is not null && before.Metadata.Uid == after.Metadata.Uid && before.Metadata.Generation == after.Metadata.Generation && before.IsDeleting() == after.IsDeleting();
}
