namespace LlmOps.Rollouts;

/// <summary>Something that a person asks of a rollout.</summary>
/// <param name="Id">Identifies the request for ever: nothing is done twice for it.</param>
/// <param name="Name">Name of the request, for people.</param>
/// <param name="Release">Hash of the release that the person meant; null where they did not say.</param>
/// <param name="Step">Index of the step that the person meant; null where they did not say.</param>
/// <param name="By">Who asks; null where that is not known.</param>
/// <param name="Reason">Why, in their words; null where they did not say.</param>
/// <param name="At">When it was asked, to the second.</param>
public sealed record RequestedAction(string Id, string Name, ActionKind Kind, string? Release, int? Step, string? By, string? Reason, DateTimeOffset At)
{
    /// <summary>Who asks, for messages.</summary>
    public string Actor => By is null ? $"action {Name}" : $"{By} (action {Name})";

    /// <summary><see cref="Actor"/> with the reason, if there is one.</summary>
    public string ActorAndReason => string.IsNullOrEmpty(Reason) ? Actor : $"{Actor}: {Reason}";
}

/// <summary>What a person may ask of a rollout.</summary>
public enum ActionKind
{
    /// <summary>Nothing starts and nothing moves forward any more.</summary>
    Pause,

    /// <summary>Takes a <see cref="Pause"/> back.</summary>
    Resume,

    /// <summary>Completes the approval step that the candidate waits at.</summary>
    Approve,

    /// <summary>Skips all that is left but gates.</summary>
    Promote,

    /// <summary>Ends the weight of the present step early.</summary>
    SkipStep,

    /// <summary>Reverts now, and locks.</summary>
    Abort,

    /// <summary>Unlocks a release that failed.</summary>
    Retry,

    /// <summary>Goes back to a release that was promoted once.</summary>
    Rollback,
}

/// <summary>A request and what became of it. Kept in the state that holds its effect, so that a crash repeats none.</summary>
public sealed record HandledAction(string Id, string Name, ActionKind Kind, ActionOutcome Outcome, string Message, string? By, DateTimeOffset At);

/// <summary>What became of a request.</summary>
public enum ActionOutcome
{
    Applied,

    /// <summary>It was too late, impossible or meant something else; nothing was done.</summary>
    Refused,
}

/// <summary>A release whose snapshot exists.</summary>
/// <param name="Problem">Why it cannot serve again, in a sentence; null where it can.</param>
public sealed record KnownRelease(Release Release, string? Problem = null);
