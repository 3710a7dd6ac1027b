namespace LlmOps.Rollouts.Engine;

/// <summary>
/// The one place that writes down what became of a rollout: its timeline, the times of its steps, since when it waits and when it ended. It compares the
/// state before a decision with the state after it, so a decision that changes nothing adds nothing.
/// </summary>
internal static class Chronicle
{
    public static Course Write(Situation situation, RolloutState before, Course course)
    {
        var state = course.State;
        return course with
        {
            State = state with
            {
                Current = state.Current is { } current ? Continue(situation, before, course, current) : null,
                // A rollout that ended under a version that wrote no chronicle has nothing to record.
                Previous = state.Previous is { } previous && Continue(situation, before, course, previous) is { FinishedAt: not null } ended ? ended : null,
            },
        };
    }

    private static Rollout Continue(Situation situation, RolloutState before, Course course, Rollout rollout)
    {
        var was = before.Current?.Id == rollout.Id ? before.Current : null;
        var sawSpec = was is not null && before.ObservedGeneration != course.State.ObservedGeneration;
        if (rollout == was && !sawSpec || was is null && rollout.Id != course.State.Current?.Id || was is { IsRunning: false })
        {
            return rollout;
        }

        var now = situation.Now;
        rollout = rollout with { StepTimes = StepClock.Follow(situation, course, was, rollout) };
        rollout = rollout with
        {
            ReasonSince = was?.Reason == rollout.Reason ? rollout.ReasonSince : now,
            DecidedAt = rollout.DecidedAt ?? (rollout is { IsRunning: true, Phase: not RolloutPhase.Reverting } ? null : now),
            FinishedAt = rollout.IsRunning ? null : now,
            Evidence = rollout.IsRunning ? rollout.Evidence : EvidenceMerge.Sum(rollout.Evidence),
            Rules = rollout.IsRunning ? rollout.Rules : RulesInForce.Of(situation.Plan.Analysis),
        };
        var moments = Moments(situation, before, course, was, rollout).Aggregate(rollout.Timeline, (timeline, moment) => timeline.Add(moment));
        return rollout with { Timeline = Bounded.To(moments, Rollout.MaxMoments, moment => (moment.Reason, moment.StepIndex)) };
    }

    private static IEnumerable<Moment> Moments(Situation situation, RolloutState before, Course course, Rollout? was, Rollout rollout)
    {
        Moment At(string reason, string message) => new(situation.Now, reason, rollout.StepIndex, rollout.WeightPercent, Excerpt.Of(message));

        if (was is null)
        {
            var reason = rollout.StableHash is null ? RolloutReasons.FirstRelease : RolloutReasons.RolloutStarted;
            yield return At(reason, rollout.StableHash is { } stable ? $"release {rollout.ReleaseHash} is tried against {stable}" : $"release {rollout.ReleaseHash} is the first");
        }
        else if (before.ObservedGeneration != course.State.ObservedGeneration)
        {
            yield return At(RolloutReasons.SpecChanged, $"spec generation {before.ObservedGeneration} became {course.State.ObservedGeneration}");
        }

        foreach (var action in course.State.Actions.Where(action => before.Actions.All(known => known.Id != action.Id)))
        {
            yield return At(
                action.Outcome == ActionOutcome.Applied ? RolloutReasons.ActionApplied : RolloutReasons.ActionRefused,
                $"{action.Kind} by {action.By ?? "somebody"} ({action.Name}): {action.Message}");
        }

        foreach (var verdicts in rollout.Verdicts.Skip(KnownVerdicts(was, rollout)).GroupBy(verdict => (verdict.Verdict, verdict.StepIndex)))
        {
            yield return At(RolloutReasons.VerdictReached, $"{verdicts.Key.Verdict}: {string.Join(", ", verdicts.Select(verdict => verdict.Name))}") with
            {
                StepIndex = verdicts.Key.StepIndex,
            };
        }

        if (rollout.IsRunning && StepClock.NameOf(situation, course, rollout) is var stage && (was is null || was.StepIndex != rollout.StepIndex || was.Phase != rollout.Phase))
        {
            yield return At(RolloutReasons.StepEntered, $"step {rollout.StepIndex}: {stage}");
        }

        if ((was?.WeightPercent ?? 0) != rollout.WeightPercent)
        {
            yield return At(RolloutReasons.WeightChanged, $"{was?.WeightPercent ?? 0}% → {rollout.WeightPercent}%");
        }

        if (was?.Reason != rollout.Reason && !(was is null && rollout.Reason is RolloutReasons.FirstRelease or RolloutReasons.RolloutStarted))
        {
            yield return At(rollout.Reason, rollout.Message);
        }
    }

    /// <summary>How many of the verdicts were there before; the oldest may have been dropped since.</summary>
    private static int KnownVerdicts(Rollout? was, Rollout rollout)
    {
        if (was is null || was.Verdicts.Count == 0)
        {
            return 0;
        }

        var last = was.Verdicts[^1];
        for (var i = rollout.Verdicts.Count - 1; i >= 0; i--)
        {
            if (rollout.Verdicts[i] == last)
            {
                return i + 1;
            }
        }

        return 0;
    }
}
