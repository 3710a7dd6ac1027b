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
        return AllBefore(deployment).FirstOrDefault() is { } before
            ? new(before)
            : throw new CliException($"no other release of {deployment.Metadata.Name} was promoted and is free to serve again: see kubectl llm history {deployment.Metadata.Name}, or name one with --to", ExitCodes.No);
    }

    /// <summary>The candidate, where there is one.</summary>
    public static IEnumerable<string> Candidates(LlmDeployment deployment) => deployment.Status?.Candidate is { } candidate ? [candidate.Release] : [];

    /// <summary>Releases that a retry can unlock.</summary>
    public static IEnumerable<string> AllLocked(LlmDeployment deployment) => (deployment.Status?.FailedReleases ?? []).Select(f => f.Release);

    /// <summary>Releases that a rollback can go back to, the last promoted first.</summary>
    public static IEnumerable<string> AllBefore(LlmDeployment deployment) =>
        from ended in deployment.Status?.History ?? []
        where ended.Outcome == "Promoted" && ended.Release != deployment.Status!.Stable?.Release && !AllLocked(deployment).Contains(ended.Release, StringComparer.Ordinal)
        orderby ended.FinishedAt descending
        select ended.Release;

    private static string CandidateOf(LlmDeployment deployment) => deployment.Status?.Candidate?.Release
        ?? throw new CliException($"no release of {deployment.Metadata.Name} is being tried{(deployment.Status?.Stable is { } stable ? $": {stable.Release} serves" : string.Empty)}", ExitCodes.No);
}
