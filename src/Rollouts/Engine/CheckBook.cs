namespace LlmOps.Rollouts.Engine;

/// <summary>Counts the samples of the checks, and says what they allow.</summary>
/// <remarks>
/// <code>
/// newest sample   failures in a row   forward                     back
/// Pass            0                   if taken within the step    -
/// Fail            one more            holds                       reverts at the check's number of failures
/// Inconclusive    as before           holds until the deadline    -
/// NoData          as before           holds until the deadline    -
/// ProviderError   as before           holds until the deadline    -
/// </code>
/// </remarks>
internal static class CheckBook
{
    public static string NameOf(string check) => $"check/{check}";

    /// <summary>Takes in the newest samples of the running rollout; checks that the plan no longer has are forgotten.</summary>
    public static Course Merge(Situation situation, Course course)
    {
        if (!course.IsActive)
        {
            return course;
        }

        var (kept, id) = (course.Rollout.Checks, course.Rollout.Id);
        var seen = situation.Observation.Checks.Where(check => check.RolloutId == id).ToList();
        var checks = situation.Plan.Checks
            .Select(check => Next(kept.FirstOrDefault(before => before.Name == check.Name), seen.Find(sample => sample.Name == check.Name)))
            .OfType<CheckState>()
            .ToEquatableArray();
        return course.With(course.Rollout with { Checks = checks });
    }

    /// <summary>A sample that changed neither verdict nor count is decided on and not written: a quiet reconcile writes nothing.</summary>
    public static Course Save(RolloutState before, Course course)
    {
        if (course.State.Current is not { } now || before.Current is not { } then || now.Id != then.Id)
        {
            return course;
        }

        var checks = now.Checks.Select(check =>
            then.Checks.FirstOrDefault(old => old.Name == check.Name && old.Verdict == check.Verdict && old.Failures == check.Failures) ?? check);
        return course.With(now with { Checks = checks.ToEquatableArray() });
    }

    /// <summary>The check that has failed often enough; null where none has.</summary>
    public static CheckState? Failed(Situation situation, Course course) => (
        from check in situation.Plan.Checks
        let state = StateOf(course, check)
        where state is { Verdict: Verdict.Fail } && state.Failures >= check.Failures
        select state).FirstOrDefault();

    /// <summary>Why the checks do not allow a step forward; null when each of them passed within this step.</summary>
    public static BlockedEvidence? Blocks(Situation situation, Course course) =>
        situation.Plan.Checks.Select(check => Blocks(situation, course, check)).FirstOrDefault(blocked => blocked is not null);

    public static Course RecordPass(Situation situation, Course course) =>
        course.Rollout.Checks.Aggregate(course, (recorded, check) => recorded.Record(NameOf(check.Name), check.Verdict, check.Message, situation.Now));

    private static CheckState? Next(CheckState? before, CheckObservation? seen)
    {
        if (seen is null || before?.SampleId == seen.SampleId)
        {
            return before;
        }

        var failures = seen.Verdict switch
        {
            Verdict.Fail => (before?.Failures ?? 0) + 1,
            Verdict.Pass => 0,
            _ => before?.Failures ?? 0,
        };
        // The text of an outage may differ from sample to sample; one is enough.
        var isSameSilence = before?.Verdict == seen.Verdict && seen.Verdict is not (Verdict.Pass or Verdict.Fail);
        return new(seen.Name, seen.Verdict, failures, seen.SampleId, seen.At, isSameSilence ? before!.Message : Excerpt.Of(seen.Message));
    }

    private static BlockedEvidence? Blocks(Situation situation, Course course, CheckPlan check)
    {
        var name = NameOf(check.Name);
        return StateOf(course, check) switch
        {
            null => new(Verdict.NoData, RolloutReasons.WaitingForMetrics, $"{name} waits for its first sample", name),
            { Verdict: Verdict.Pass } passed when IsOfThisStep(situation, course, check, passed) => null,
            { Verdict: Verdict.Pass } => new(Verdict.NoData, RolloutReasons.WaitingForMetrics, $"{name} passed and waits for a fresh sample of this step", name),
            { Verdict: Verdict.Fail } failed => new(Verdict.Inconclusive, RolloutReasons.WaitingForMetrics, $"{name} fails, {failed.Failures} of {check.Failures} samples in a row that revert: {failed.Message}", name),
            var silent => new(silent.Verdict, RolloutReasons.WaitingForMetrics, $"{name}: {silent.Verdict}: {silent.Message}", name),
        };
    }

    /// <summary>After the hold began, or simply recent where nothing is held. A clock that went back makes a sample count as old.</summary>
    private static bool IsOfThisStep(Situation situation, Course course, CheckPlan check, CheckState sample) =>
        sample.At >= (course.Rollout.HoldStartedAt ?? DateTimeOffset.MinValue) && (situation.Now - sample.At).Duration() <= check.FreshFor;

    private static CheckState? StateOf(Course course, CheckPlan check) => course.Rollout.Checks.FirstOrDefault(state => state.Name == check.Name);
}
