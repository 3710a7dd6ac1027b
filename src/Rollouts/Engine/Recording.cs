namespace LlmOps.Rollouts.Engine;

/// <summary>Keeps a rollout that ended, whole, until its record is written: a crash between its end and its record loses nothing.</summary>
internal static class Recording
{
    /// <summary>Notes in the history which records are written, and lets go of what was only kept for them.</summary>
    public static Course Note(Situation situation, Course course)
    {
        var history = course.State.History.Select(finished => finished.Record is null && NameOf(situation, finished.Id) is { } name ? finished with { Record = name } : finished).ToEquatableArray();
        var isRecorded = course.State.Previous is { } previous && history.Any(finished => finished.Id == previous.Id && finished.Record is not null);
        return course with { State = course.State with { History = history, Previous = isRecorded ? null : course.State.Previous } };
    }

    /// <summary>What must stay of the present rollout when another one starts; null where it is recorded, or too old to be.</summary>
    public static Rollout? ToKeep(RolloutState state) =>
        state.Current is { } ended && state.History.Any(finished => finished.Id == ended.Id && finished.Record is null)
            ? ended
            : null;

    private static string? NameOf(Situation situation, string rolloutId) => situation.Observation.Records.FirstOrDefault(record => record.RolloutId == rolloutId)?.Name;
}
