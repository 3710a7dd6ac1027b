namespace LlmOps.Rollouts.Engine;

/// <summary>Waits for the verdict of a gate.</summary>
/// <remarks>
/// <code>
/// Pass                   next step
/// Fail                   revert and lock (see Reverting)
/// Inconclusive           holds until the deadline
/// ProviderError, NoData  another attempt after 30 s, until the deadline
/// none yet               waits
/// </code>
/// </remarks>
internal static class Gating
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(30);

    public static string NameOf(string gate) => $"gate/{gate}";

    /// <summary>The answer to the present attempt of the present step's gate.</summary>
    public static GateObservation? Answer(Situation situation, Course course)
    {
        if (course.Rollout.Phase != RolloutPhase.Stepping || Stepping.Current(situation, course) is not GateStep step)
        {
            return null;
        }

        var index = Steps.Clamp(situation.Plan.Steps, course.Rollout.StepIndex, course.State.IsCandidateAlone);
        var answer = situation.Observation.Gates.FirstOrDefault(gate =>
            gate.Gate == step.Gate && gate.StepIndex == index && gate.Attempt == course.Rollout.GateAttempt && gate.RolloutId == course.Rollout.Id);
        return answer is null ? null : answer with { Message = Excerpt.Of(answer.Message) };
    }

    /// <summary>Keeps asking for the evaluation that runs, while the rollout is paused.</summary>
    public static Course Keep(Situation situation, Course course) =>
        course.Rollout.Phase == RolloutPhase.Stepping && Stepping.Current(situation, course) is GateStep step && RetryAt(course, step) is null
            ? Ask(course, step)
            : course;

    public static Course Go(Situation situation, Course course, GateStep step, bool mayComplete)
    {
        // A gate that was put in front of the weight that runs takes it back.
        var reached = Steps.WeightBefore(situation.Plan.Steps, course.Rollout.StepIndex);
        if (course.Rollout.WeightPercent > reached)
        {
            course = course.With(WeightChange.To(course.Rollout, reached));
        }

        return Answer(situation, course) switch
        {
            { Verdict: Verdict.Pass } answer when mayComplete => Pass(situation, course, answer),
            { Verdict: Verdict.Inconclusive } answer => Hold(situation, Ask(course, step), answer),
            { Verdict: Verdict.ProviderError or Verdict.NoData } answer => TryAgain(situation, course, step, answer),
            var answer => WaitFor(situation, course, step, answer),
        };
    }

    private static Course Pass(Situation situation, Course course, GateObservation answer)
    {
        course = course.Record(NameOf(answer.Gate), Verdict.Pass, answer.Message, situation.Now);
        return Stepping.Complete(situation, course.Tell(RolloutReasons.GatePassed, $"gate {answer.Gate}: {answer.Message}"));
    }

    private static Course Hold(Situation situation, Course course, GateObservation answer)
    {
        var message = $"gate {answer.Gate} is inconclusive: {answer.Message}";
        if (course.LastVerdict(NameOf(answer.Gate))?.Verdict != Verdict.Inconclusive)
        {
            course = course.Record(NameOf(answer.Gate), Verdict.Inconclusive, answer.Message, situation.Now).Warn(RolloutReasons.GateInconclusive, message);
        }

        return course.Wait(RolloutReasons.GateInconclusive, message);
    }

    private static Course TryAgain(Situation situation, Course course, GateStep step, GateObservation answer)
    {
        var verdict = answer.Verdict!.Value;
        course = course.Record(NameOf(answer.Gate), verdict, answer.Message, situation.Now);
        course = course.With(course.Rollout with { GateAttempt = answer.Attempt + 1 });
        return WaitFor(situation, course, step, null).Warn(RolloutReasons.WaitingForGate, $"gate {answer.Gate}, attempt {answer.Attempt}: {verdict}: {answer.Message}");
    }

    private static Course WaitFor(Situation situation, Course course, GateStep step, GateObservation? answer)
    {
        if (course.LastVerdict(NameOf(step.Gate)) is { } last && RetryAt(course, step) is { } retryAt && situation.Now < retryAt)
        {
            return course.Wait(RolloutReasons.WaitingForGate, $"gate {step.Gate} came to {last.Verdict} and is tried again at {Waiting.Time(retryAt)}: {last.Message}")
                with
            { LookAgainAt = retryAt };
        }

        course = Ask(course, step);
        return answer is { Verdict: null, Reason.Length: > 0 }
            ? course.Wait(answer.Reason, answer.Message)
            : course.Wait(RolloutReasons.WaitingForGate, $"waits for gate {step.Gate}, attempt {course.Rollout.GateAttempt}");
    }

    private static Course Ask(Course course, GateStep step) =>
        course with { Gate = new(step.Gate, course.Rollout.StepIndex, course.Rollout.GateAttempt, course.Rollout.Id) };

    private static DateTimeOffset? RetryAt(Course course, GateStep step) =>
        course.LastVerdict(NameOf(step.Gate)) is { Verdict: Verdict.ProviderError or Verdict.NoData } last ? last.At + RetryAfter : null;
}
