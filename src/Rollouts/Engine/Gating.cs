namespace LlmOps.Rollouts.Engine;

/// <summary>Waits for the verdicts of the gates of a step. They run at the same time, each with attempts of its own; all must pass.</summary>
/// <remarks>
/// <code>
/// Pass                   the gate is done; next step once all are
/// Fail                   revert and lock (see Reverting), whatever the others say
/// Inconclusive           holds until the deadline
/// ProviderError, NoData  another attempt after 30 s, until the deadline
/// none yet               waits
/// </code>
/// </remarks>
internal static class Gating
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(30);

    public static string NameOf(string gate) => $"gate/{gate}";

    /// <summary>The answers to the present attempts of the present step's gates.</summary>
    public static IEnumerable<GateObservation> Answers(Situation situation, Course course) =>
        course.Rollout.Phase == RolloutPhase.Stepping && Stepping.Current(situation, course) is GateStep step
            ? step.Gates.Select(gate => Answer(situation, course, gate)).OfType<GateObservation>()
            : [];

    /// <summary>Keeps asking for the evaluations that run, while the rollout is paused.</summary>
    public static Course Keep(Situation situation, Course course) =>
        course.Rollout.Phase == RolloutPhase.Stepping && Stepping.Current(situation, course) is GateStep step
            ? step.Gates.Where(gate => !HasPassed(course, gate) && RetryAt(course, gate) is null).Aggregate(course, Ask)
            : course;

    public static Course Go(Situation situation, Course course, GateStep step, bool mayComplete)
    {
        // A gate that was put in front of the weight that runs takes it back.
        var reached = Steps.WeightBefore(situation.Plan.Steps, course.Rollout.StepIndex);
        (course, var isLowering) = Lowering.Go(situation, course, reached);
        if (isLowering)
        {
            return step.Gates.Where(gate => !HasPassed(course, gate) && RetryAt(course, gate) is null).Aggregate(course, Ask);
        }

        if (course.Rollout.WeightPercent > reached)
        {
            course = course.With(WeightChange.To(course.Rollout, reached));
        }

        var waits = new List<GateWait>();
        foreach (var gate in step.Gates.Where(gate => !HasPassed(course, gate)))
        {
            (course, var wait) = Follow(situation, course, gate, Answer(situation, course, gate), mayComplete);
            waits.AddRange(wait is null ? [] : [wait]);
        }

        if (waits.Count > 0)
        {
            return course.Wait(waits.MaxBy(wait => wait.Urgency)!.Reason, Excerpt.Of(string.Join("; ", waits.Select(wait => wait.Message))));
        }

        return mayComplete ? Stepping.Complete(situation, course) : course.Wait(RolloutReasons.WaitingForGate, $"{step} passed");
    }

    /// <summary>One gate: what its answer leads to, and what it waits for; null once it has passed.</summary>
    private static (Course Course, GateWait? Wait) Follow(Situation situation, Course course, string gate, GateObservation? answer, bool mayComplete) => answer switch
    {
        { Verdict: Verdict.Pass } when mayComplete => (Pass(situation, course, answer), null),
        { Verdict: Verdict.Inconclusive } => Hold(situation, Ask(course, gate), answer),
        { Verdict: Verdict.ProviderError or Verdict.NoData } => TryAgain(situation, course, answer),
        _ => WaitFor(situation, course, gate, answer),
    };

    private static Course Pass(Situation situation, Course course, GateObservation answer) => course
        .Record(NameOf(answer.Gate), Verdict.Pass, answer.Message, situation.Now)
        .Tell(RolloutReasons.GatePassed, $"gate {answer.Gate}: {answer.Message}");

    private static (Course Course, GateWait Wait) Hold(Situation situation, Course course, GateObservation answer)
    {
        var message = $"gate {answer.Gate} is inconclusive: {answer.Message}";
        if (course.LastVerdict(NameOf(answer.Gate))?.Verdict != Verdict.Inconclusive)
        {
            course = course.Record(NameOf(answer.Gate), Verdict.Inconclusive, answer.Message, situation.Now).Warn(RolloutReasons.GateInconclusive, message);
        }

        return (course, new(GateUrgency.Inconclusive, RolloutReasons.GateInconclusive, message));
    }

    private static (Course Course, GateWait Wait) TryAgain(Situation situation, Course course, GateObservation answer)
    {
        var verdict = answer.Verdict!.Value;
        course = course.Record(NameOf(answer.Gate), verdict, answer.Message, situation.Now);
        var attempts = course.Rollout.GateAttempts.Where(attempt => attempt.StepIndex != answer.StepIndex || attempt.Gate != answer.Gate).ToEquatableArray();
        course = course.With(course.Rollout with { GateAttempts = attempts.Add(new(answer.StepIndex, answer.Gate, answer.Attempt + 1)).Last(Rollout.MaxGateAttempts) });
        return WaitFor(situation, course.Warn(RolloutReasons.WaitingForGate, $"gate {answer.Gate}, attempt {answer.Attempt}: {verdict}: {answer.Message}"), answer.Gate, null);
    }

    private static (Course Course, GateWait Wait) WaitFor(Situation situation, Course course, string gate, GateObservation? answer)
    {
        if (course.LastVerdict(NameOf(gate)) is { } last && RetryAt(course, gate) is { } retryAt && situation.Now < retryAt)
        {
            var earliest = course.LookAgainAt is { } other && other < retryAt ? other : retryAt;
            return (course with { LookAgainAt = earliest }, new(GateUrgency.Again, RolloutReasons.WaitingForGate, $"gate {gate} came to {last.Verdict} and is tried again at {Waiting.Time(retryAt)}: {last.Message}"));
        }

        return (Ask(course, gate), answer is { Verdict: null, Reason.Length: > 0 }
            ? new(answer.Reason == RolloutReasons.WaitingForGate ? GateUrgency.Runs : GateUrgency.Obstacle, answer.Reason, answer.Message)
            : new(GateUrgency.Runs, RolloutReasons.WaitingForGate, $"waits for gate {gate}, attempt {course.Rollout.AttemptOf(course.Rollout.StepIndex, gate)}"));
    }

    /// <summary>The answer to the present attempt of one gate of the present step.</summary>
    private static GateObservation? Answer(Situation situation, Course course, string gate)
    {
        var index = Steps.Clamp(situation.Plan.Steps, course.State);
        var attempt = course.Rollout.AttemptOf(index, gate);
        var answer = situation.Observation.Gates.FirstOrDefault(answer =>
            answer.Gate == gate && answer.StepIndex == index && answer.Attempt == attempt && answer.RolloutId == course.Rollout.Id);
        return answer is null ? null : answer with { Message = Excerpt.Of(answer.Message) };
    }

    private static bool HasPassed(Course course, string gate) => course.LastVerdict(NameOf(gate))?.Verdict == Verdict.Pass;

    private static Course Ask(Course course, string gate)
    {
        var index = course.Rollout.StepIndex;
        return course with { Gates = course.Gates.Add(new(gate, index, course.Rollout.AttemptOf(index, gate), course.Rollout.Id)) };
    }

    private static DateTimeOffset? RetryAt(Course course, string gate) =>
        course.LastVerdict(NameOf(gate)) is { Verdict: Verdict.ProviderError or Verdict.NoData } last ? last.At + RetryAfter : null;

    /// <summary>What one gate waits for.</summary>
    private sealed record GateWait(GateUrgency Urgency, string Reason, string Message);

    /// <summary>Of several waits the most urgent one gives the reason.</summary>
    private enum GateUrgency
    {
        Runs,
        Again,
        Obstacle,
        Inconclusive,
    }
}
