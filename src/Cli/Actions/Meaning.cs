using LlmOps.Api;

namespace LlmOps.Cli.Actions;

/// <summary>What an action is about.</summary>
/// <param name="Release">The release; null for all of the LlmDeployment.</param>
/// <param name="Step">Index of the step; null where any is meant.</param>
internal sealed record Meant(string? Release, int? Step = null);

/// <summary>What an action is about where the user names no release. Pure. What can be told without asking the operator is told here, with what to do.</summary>
internal static class Meaning
{
    /// <summary>The candidate that is there.</summary>
    public static Meant Candidate(LlmDeployment deployment, string? given) => new(given ?? CandidateOf(deployment));

    /// <summary>The candidate at the step where it is: a step that begins meanwhile is not skipped.</summary>
    public static Meant CandidateAtStep(LlmDeployment deployment, string? given) => new(given ?? CandidateOf(deployment), deployment.Status?.Rollout?.Step);

    /// <summary>The whole LlmDeployment.</summary>
    public static Meant Whole(LlmDeployment deployment, string? given) => new(null);

    /// <summary>The release that the spec asks for, which the operator knows.</summary>
    public static Meant Locked(LlmDeployment deployment, string? given) => (given, deployment.Status?.FailedReleases ?? []) switch
    {
        ({ } release, _) => new(release),
        (_, []) => throw new CliException($"no release of {deployment.Metadata.Name} is locked: there is nothing to retry", ExitCodes.No),
        _ => new(null),
    };

    /// <summary>The newest release that was promoted before the one that serves and is not locked.</summary>
    public static Meant Before(LlmDeployment deployment, string? given)
    {
        if (given is not null)
            return new(given);
        var status = deployment.Status;
        var locked = (status?.FailedReleases ?? []).Select(f => f.Release).ToHashSet(StringComparer.Ordinal);
        return (status?.History ?? []).Where(h => h.Outcome == "Promoted" && h.Release != status!.Stable?.Release && !locked.Contains(h.Release)).MaxBy(h => h.FinishedAt) is { } before
            ? new(before.Release)
            : throw new CliException($"no other release of {deployment.Metadata.Name} was promoted and is free to serve again: see kubectl llm history {deployment.Metadata.Name}, or name one with --to", ExitCodes.No);
    }

    private static string CandidateOf(LlmDeployment deployment) => deployment.Status?.Candidate?.Release
        ?? throw new CliException($"no release of {deployment.Metadata.Name} is being tried{(deployment.Status?.Stable is { } stable ? $": {stable.Release} serves" : string.Empty)}", ExitCodes.No);
}
