using Xunit;

namespace LlmOps.Rollouts.Tests;

/// <summary>What a rollout keeps of itself: enough to explain it, never more than its bounds.</summary>
public sealed class ChronicleTests
{
    [Fact]
    public void Timeline_and_step_times_stay_within_their_bounds_and_keep_how_it_began()
    {
        var scene = Scene.WithCandidateAtWeight();
        var began = scene.State.Current!.Timeline[0];
        for (var i = 0; i < 100; i++)
        {
            // Its pod goes and comes back, and somebody edits what is no part of a release.
            scene.Pods["s2"] = new("s2", 1, 0, 0);
            scene.DecideAfter(TimeSpan.FromSeconds(1));
            scene.Ready("s2", 1);
            scene.Ask(Scene.B);
            scene.DecideAfter(TimeSpan.FromSeconds(1));
        }

        var rollout = scene.State.Current!;
        Assert.Equal(Rollout.MaxMoments, rollout.Timeline.Count);
        Assert.Equal(began, rollout.Timeline[0]);
        Assert.Contains(rollout.Timeline, moment => moment.Reason == RolloutReasons.VerdictReached);
        Assert.Equal(scene.Now, rollout.Timeline[^1].At);
        Assert.InRange(rollout.StepTimes.Count, 1, Rollout.MaxStepTimes);
    }

    [Fact]
    public void Time_to_detect_counts_from_the_first_bad_event_also_where_its_counts_were_not_saved_yet()
    {
        var scene = Scene.WithCandidateAtWeight();
        scene.DecideAfter(TimeSpan.FromSeconds(1));
        scene.Count(300, 0, 100, 1);
        scene.DecideAfter(TimeSpan.FromSeconds(1));
        var firstBad = scene.Now;
        Assert.Equal(firstBad, scene.State.Current!.FirstBadAt);
        scene.Count(600, 0, 200, 90);
        scene.DecideAfter(TimeSpan.FromSeconds(7));

        var finished = scene.State.History[0];
        Assert.Equal(RolloutPhase.Reverted, finished.Outcome);
        Assert.Equal(TimeSpan.FromSeconds(7), finished.TimeToDetect);
        Assert.Equal(TimeSpan.Zero, finished.TimeToRevert);
    }

    [Fact]
    public void A_revert_without_bad_events_and_without_traffic_has_no_times()
    {
        var scene = Scene.WithStable();
        scene.Ready("s2", 1);
        scene.Decide();
        scene.Answer(Verdict.Fail);
        scene.Decide();
        Assert.Null(scene.State.History[0].TimeToDetect);
        Assert.Null(scene.State.History[0].TimeToRevert);
    }

    [Fact]
    public void Steps_that_were_never_reached_are_told_without_times()
    {
        var scene = Scene.WithStable();
        scene.Ready("s2", 1);
        scene.Decide();
        scene.Answer(Verdict.Fail);
        scene.Decide();
        var last = scene.State.Current!.StepTimes[^1];
        Assert.Equal(("weight 25%", null, null), (last.Name, last.StartedAt, last.EndedAt));
        Assert.NotNull(scene.State.Current.StepTimes[^2].EndedAt);
    }
}
