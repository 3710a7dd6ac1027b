using LlmOps.Rollouts.Statistics;

namespace LlmOps.Rollouts.Engine;

/// <summary>Keeps the counts of the live tests, and says what they allow.</summary>
internal static class EvidenceBook
{
    private const string Unreadable = "the counts of live traffic cannot be read";

    private static readonly TimeSpan SaveInterval = TimeSpan.FromSeconds(10);

    /// <summary>Adds what the gateways say now to what is kept. Counts of one process and epoch only grow, so the larger one holds; rows of gateways that ended stay.</summary>
    public static Course Merge(Situation situation, Course course)
    {
        var read = situation.Observation.Evidence;
        return course.IsActive && read.Rows.Count > 0 && (read.RolloutId ?? course.Rollout.Id) == course.Rollout.Id
            ? course.With(course.Rollout with { Evidence = EvidenceMerge.Rows(course.Rollout.Evidence, read.Rows) })
            : course;
    }

    /// <summary>Writes new counts together with anything else, and by themselves at most every 10 s: a quiet reconcile writes nothing.</summary>
    public static Course Save(Situation situation, RolloutState before, Course course)
    {
        if (course.State.Current is not { } now || before.Current is not { } then || now.Id != then.Id || now.Evidence == then.Evidence)
        {
            return course;
        }

        var unsaved = course.With(now with { Evidence = then.Evidence });
        var isRecent = then.EvidenceSavedAt is { } saved && (situation.Now - saved).Duration() < SaveInterval;
        return unsaved.State == before && isRecent ? unsaved : course.With(now with
        {
            EvidenceSavedAt = situation.Now,
            RecentAnswers = situation.Observation.Evidence.RecentAnswers ?? now.RecentAnswers,
            Onsets = Onsets.At(now, situation.Now),
            PredictedWait = Prediction.Of(situation, course),
        });
    }

    /// <summary>Live tests of the running rollout, its limits and its share of the traffic; none before it had traffic.</summary>
    public static EquatableArray<LiveTest> LiveTests(Situation situation, Course course) =>
        course is { IsFirstRelease: false, State.Current: { WeightEpoch: > 0, Evidence.Count: > 0 } rollout }
            ?
            [
                .. Statistics.LiveTests.Run(situation.Plan.Analysis, EvidenceSources.ForTests(rollout.Evidence), rollout.Onsets),
                .. LimitTests.Run(situation.Plan.Analysis, EvidenceSources.ForTests(rollout.Evidence)),
                Share(rollout),
            ]
            : [];

    /// <summary>Why no comparison can be trusted at present; null where it can.</summary>
    public static BlockedEvidence? Mismatch(Course course) =>
        !course.IsFirstRelease && Share(course.Rollout) is { Verdict: Verdict.ProviderError }
            ? new(Verdict.ProviderError, RolloutReasons.SampleRatioMismatch, $"the candidate does not get {course.Rollout.WeightPercent}% of the sessions: look for a gateway or a balancer in front of it that routes wrongly", ShareTest.Name)
            : null;

    /// <summary>Why the evidence does not allow a step forward; null when it does. A failed test never comes here: it has reverted.</summary>
    public static BlockedEvidence? Blocks(Situation situation, Course course, int minRequests)
    {
        if (Mismatch(course) is { } mismatch)
        {
            return mismatch;
        }

        if (situation.Observation.Evidence.ProviderError is { } error)
        {
            return new(Verdict.ProviderError, RolloutReasons.WaitingForMetrics, $"{Unreadable}: {Excerpt.Of(error)}");
        }

        var rollout = course.Rollout;
        var requests = EvidenceSources.CandidateRequests(rollout.Evidence.Where(row => row.Epoch == rollout.WeightEpoch));
        if (requests < minRequests)
        {
            return new(requests == 0 ? Verdict.NoData : Verdict.Inconclusive, RolloutReasons.WaitingForRequests, $"waits for at least {minRequests} {(rollout.Mirror is null ? $"requests at {rollout.WeightPercent}%" : "copied requests")}");
        }

        return rollout.WeightPercent < 100 && rollout.Evidence.All(row => row.Stable.Requests == 0)
            ? new(Verdict.NoData, RolloutReasons.WaitingForRequests, "no request to stable was counted, so there is nothing to compare with")
            : LimitBlocks(situation, course) ?? CheckBook.Blocks(situation, course);
    }

    public static Course Wait(Situation situation, Course course, BlockedEvidence blocked)
    {
        if (course.LastVerdict(blocked.Name)?.Verdict != blocked.Verdict)
        {
            course = course.Record(blocked.Name, blocked.Verdict, blocked.Message, situation.Now);
        }

        // The text of an outage may differ from poll to poll; one is enough.
        var isSameOutage = course.Rollout.Reason == blocked.Reason && IsUnreadable(course.Rollout.Message) && IsUnreadable(blocked.Message);
        return isSameOutage ? course : course.Wait(blocked.Reason, blocked.Message);
    }

    public static Course RecordPass(Situation situation, Course course) =>
        CheckBook.RecordPass(situation, LiveTests(situation, course)
            .Where(test => test.Verdict != Verdict.NoData || test.Name == Statistics.LiveTests.Errors)
            .Aggregate(course, (recorded, test) => recorded.Record(test.Name, test.Verdict, test.Message, situation.Now)));

    /// <summary>Of the gateways' requests; those that come by another way are looked at by <see cref="Routing"/>.</summary>
    private static LiveTest Share(Rollout rollout) =>
        ShareTest.Run(rollout.Evidence.Where(row => !row.IsOfEngine).ToEquatableArray(), rollout.WeightEpoch, wasMismatch: rollout.Reason == RolloutReasons.SampleRatioMismatch);

    /// <summary>A limit that stable breaks too, or that nothing was counted against, holds the weight. Messages name the limit alone: numbers would be written again and again.</summary>
    private static BlockedEvidence? LimitBlocks(Situation situation, Course course)
    {
        var limits = course.IsFirstRelease ? [] : LimitTests.Run(situation.Plan.Analysis, EvidenceSources.ForTests(course.Rollout.Evidence));
        for (var i = 0; i < limits.Count; i++)
        {
            var text = situation.Plan.Analysis.Limits[i].Text;
            if (limits[i].Verdict is Verdict.Inconclusive)
            {
                return new(Verdict.Inconclusive, RolloutReasons.LimitInconclusive, $"{text} is broken, and not by the candidate alone: waits until it is kept", limits[i].Name);
            }

            // At 100 % nothing more is counted beside stable.
            if (limits[i].Verdict is Verdict.NoData && course.Rollout.WeightPercent < 100)
            {
                return course.Rollout.Evidence.Any(row => row.IsOfEngine)
                    ? new(Verdict.NoData, RolloutReasons.NotMeasured, $"no request of the candidate was counted against {text}: requests that pass no gateway of the operator tell no latency; make the limit a check of a metric, or leave it out", limits[i].Name)
                    : new(Verdict.NoData, RolloutReasons.WaitingForRequests, $"no request of the candidate was counted against {text} (only streamed answers tell latencies)", limits[i].Name);
            }
        }

        return null;
    }

    private static bool IsUnreadable(string message) => message.StartsWith(Unreadable, StringComparison.Ordinal);
}

/// <summary>Evidence that does not allow a step forward.</summary>
/// <param name="Name">Under which the verdict is recorded.</param>
internal sealed record BlockedEvidence(Verdict Verdict, string Reason, string Message, string Name = Statistics.LiveTests.Errors);
