using Xunit;

namespace LlmOps.Rollouts.Tests;

/// <summary>The behaviour that may never break, as far as it is decided here. Each test names its invariant.</summary>
public sealed class InvariantTests
{
    [Fact]
    public void Invariant_1_no_ungated_traffic_while_the_gate_has_no_pass()
    {
        var scene = Scene.WithStable();
        scene.Ready("s2", 4);
        Assert.Equal(0, scene.Decide().Next.CandidateWeightPercent);
        foreach (var verdict in new[] { Verdict.ProviderError, Verdict.NoData, Verdict.Inconclusive })
        {
            scene.Answer(verdict);
            Assert.Equal(0, scene.Decide().Next.CandidateWeightPercent);
            Assert.Equal(0, scene.DecideAfter(TimeSpan.FromSeconds(31)).Next.CandidateWeightPercent);
        }
    }

    [Fact]
    public void Invariant_1_no_traffic_before_a_pod_has_answered_a_warm_up_request()
    {
        var scene = Scene.WithStable();
        scene.Ready("s2", 1);
        scene.Decide();
        scene.Answer(Verdict.Pass);
        scene.Pods["s2"] = new("s2", 1, 1, 0);
        Assert.Equal((0, "WaitingForWarmUp"), (scene.Decide().Next.CandidateWeightPercent, scene.State.Current!.Reason));
        scene.Ready("s2", 1);
        Assert.Equal(25, scene.Decide().Next.CandidateWeightPercent);
    }

    [Fact]
    public void Invariant_1_the_verdict_of_another_rollout_attempt_or_step_opens_no_gate()
    {
        var scene = Scene.WithStable();
        scene.Ready("s2", 1);
        scene.Decide();
        var id = scene.State.Current!.Id;
        scene.Gates.Add(new("quality", 0, 1, "00000bad", Verdict.Pass, "", "of another rollout"));
        scene.Gates.Add(new("quality", 0, 2, id, Verdict.Pass, "", "of another attempt"));
        scene.Gates.Add(new("quality", 1, 1, id, Verdict.Pass, "", "of another step"));
        scene.Gates.Add(new("safety", 0, 1, id, Verdict.Pass, "", "of another gate"));
        Assert.Equal((0, 0), (scene.Decide().Next.CandidateWeightPercent, scene.State.Current.StepIndex));
    }

    [Fact]
    public void Invariant_2_a_weight_rises_only_when_its_pods_are_observed()
    {
        var scene = Scene.WithStable();
        scene.Plan = scene.Plan with { Steps = [new WeightStep(50, TimeSpan.FromMinutes(1), 20)] };
        scene.Ready("s2", 1);
        Assert.Contains(new ServingTarget("s2", 2), scene.Decide().Pods);
        Assert.Equal(0, scene.State.CandidateWeightPercent);
        scene.Ready("s2", 2);
        Assert.Equal(50, scene.Decide().Next.CandidateWeightPercent);
    }

    [Fact]
    public void Invariant_2_pods_that_lost_their_traffic_stay_until_the_delay_is_over()
    {
        var scene = Scene.WithCandidateAtWeight();
        scene.Count(300, 3, 100, 50);
        var reverted = scene.Decide();
        Assert.Equal(0, reverted.Next.CandidateWeightPercent);
        Assert.Contains(new ServingTarget("s2", 1), reverted.Pods);
        Assert.Contains(new ServingTarget("s2", 1), scene.DecideAfter(TimeSpan.FromSeconds(29)).Pods);
        Assert.Equal([new ServingTarget("s1", 4)], scene.DecideAfter(TimeSpan.FromSeconds(1)).Pods);
    }

    [Fact]
    public void Invariant_2_stable_keeps_the_pods_for_all_traffic_until_the_swap()
    {
        var scene = Scene.WithCandidateAtWeight();
        scene.Count(300, 3, 100, 1);
        Assert.Contains(new ServingTarget("s1", 4), scene.DecideAfter(TimeSpan.FromMinutes(2)).Pods);
        Assert.Equal(RolloutPhase.Promoting, scene.State.Current!.Phase);
        Assert.Equal(25, scene.State.CandidateWeightPercent);
    }

    [Fact]
    public void Invariant_2_a_candidate_whose_pods_are_gone_gives_its_weight_back_unless_they_are_stables_too()
    {
        var scene = Scene.WithCandidateAtWeight();
        scene.Pods.Clear();
        Assert.Equal((0, Scene.B), (scene.Decide().Next.CandidateWeightPercent, scene.State.Candidate));

        // A prompt on stable's pods: they are gone for both, and a change of weight would help nobody.
        var prompt = Scene.WithStable();
        prompt.Ask(Scene.A with { Hash = "d", PromptHash = "p2" });
        prompt.Decide();
        prompt.Answer(Verdict.Pass);
        prompt.Decide();
        prompt.Pods.Clear();
        Assert.Equal(25, prompt.Decide().Next.CandidateWeightPercent);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Invariant_3_a_revert_asks_for_nothing_but_its_evidence(bool paused)
    {
        var scene = Scene.WithCandidateAtWeight();
        scene.Pods.Clear();
        scene.ProviderError = "two of three gateways do not answer";
        scene.Plan = scene.Plan with { Paused = paused, Desired = null };
        scene.Count(300, 3, 100, 50);
        var decision = scene.Decide();
        Assert.Equal((0, RolloutPhase.Reverted), (decision.Next.CandidateWeightPercent, decision.Next.Current!.Phase));
    }

    [Fact]
    public void Invariant_4_promotion_swaps_roles_in_one_state_and_touches_no_pods()
    {
        var scene = Scene.WithCandidateAtWeight();
        scene.Count(300, 3, 100, 1);
        var before = scene.DecideAfter(TimeSpan.FromMinutes(2)).Pods;
        scene.Ready("s2", 4);
        var swapped = scene.Decide();
        Assert.Equal((Scene.B, null, 100), (swapped.Next.Stable, swapped.Next.Candidate, swapped.Next.StableWeightPercent));
        Assert.Equal(before, swapped.Pods);
    }

    [Fact]
    public void Invariant_5_a_failed_release_is_locked_whatever_happens_in_between()
    {
        var scene = Scene.WithCandidateAtWeight();
        scene.Count(300, 3, 100, 50);
        scene.Decide();
        foreach (var release in new[] { Scene.A, Scene.B, Scene.C, Scene.B, null, Scene.B })
        {
            scene.Ask(release);
            scene.DecideAfter(TimeSpan.FromHours(1));
            Assert.NotEqual(Scene.B, scene.State.Candidate);
        }

        Assert.Equal(["b"], scene.State.Failed.Select(failed => failed.Hash));
    }

    [Fact]
    public void Invariant_6_a_restart_between_any_two_decisions_changes_nothing()
    {
        // The state is all that survives. Deciding is pure, so the one thing that a restart may lose is what was not written: counts of the last 10 s.
        var scene = Scene.WithCandidateAtWeight();
        scene.Count(300, 3, 100, 1);
        scene.Decide();
        scene.Rows = [];
        scene.DecideAfter(TimeSpan.FromSeconds(119));
        Assert.Equal((1, 25), (scene.State.Current!.StepIndex, scene.State.CandidateWeightPercent));
        scene.DecideAfter(TimeSpan.FromSeconds(1));
        Assert.Equal(RolloutPhase.Promoting, scene.State.Current.Phase);
    }

    [Fact]
    public void Invariant_6_what_answers_were_like_is_written_with_counts_and_never_by_itself()
    {
        var scene = Scene.WithCandidateAtWeight();
        var (first, second) = (new RecentAnswers(new(new(300, 0.2, 0.4)), new()), new RecentAnswers(new(new(310, 0.3, 0.5)), new()));
        scene.Recent = first;
        scene.Count(300, 3, 100, 1);
        scene.Decide();
        Assert.Equal(first, scene.State.Current!.RecentAnswers);

        var before = scene.State;
        scene.Recent = second;
        scene.DecideAfter(TimeSpan.FromSeconds(30));
        Assert.Equal(before, scene.State);
        scene.Count(330, 3, 110, 1);
        scene.Decide();
        Assert.Equal(second, scene.State.Current!.RecentAnswers);

        // A gateway that was restarted knows nothing yet.
        scene.Recent = null;
        scene.Count(360, 3, 120, 1);
        scene.DecideAfter(TimeSpan.FromSeconds(30));
        Assert.Equal(second, scene.State.Current!.RecentAnswers);
    }

    [Fact]
    public void Invariant_6_a_clock_that_goes_back_shortens_no_step()
    {
        var scene = Scene.WithCandidateAtWeight();
        scene.Count(300, 3, 100, 1);
        scene.DecideAfter(TimeSpan.FromMinutes(-5));
        scene.DecideAfter(TimeSpan.FromMinutes(6.9));
        Assert.Equal((1, RolloutPhase.Stepping), (scene.State.Current!.StepIndex, scene.State.Current.Phase));
        scene.DecideAfter(TimeSpan.FromMinutes(0.1));
        Assert.Equal(RolloutPhase.Promoting, scene.State.Current.Phase);
    }

    [Fact]
    public void Invariant_7_a_spec_is_recorded_as_seen_in_the_state_that_starts_its_rollout()
    {
        var scene = Scene.WithStable();
        Assert.Equal(1, scene.State.ObservedGeneration);
        var next = scene.Decide().Next;
        Assert.Equal((2, "b", "b"), (next.ObservedGeneration, next.Candidate?.Hash, next.Current?.ReleaseHash));
    }

    [Fact]
    public void Invariant_8_a_new_spec_mid_canary_takes_the_weight_and_starts_over_in_one_state()
    {
        var scene = Scene.WithCandidateAtWeight();
        scene.Ask(Scene.C);
        var next = scene.Decide().Next;
        Assert.Equal((Scene.A, Scene.C, 0), (next.Stable, next.Candidate, next.CandidateWeightPercent));
        Assert.Equal((0, RolloutPhase.Starting, 0), (next.Current!.StepIndex, next.Current.Phase, next.Current.Evidence.Count));
        Assert.Equal(RolloutPhase.Superseded, next.History[0].Outcome);
    }

    [Fact]
    public void Invariant_8_stables_spec_mid_canary_reverts_at_once_without_a_lock()
    {
        var scene = Scene.WithCandidateAtWeight();
        scene.Ask(Scene.A);
        var next = scene.Decide().Next;
        Assert.Equal((null, 0, 0), (next.Candidate, next.CandidateWeightPercent, next.Failed.Count));
    }

    [Fact]
    public void Invariant_8_other_steps_or_thresholds_neither_start_nor_restart_a_rollout()
    {
        var scene = Scene.WithCandidateAtWeight();
        var before = scene.State.Current!;
        scene.Plan = scene.Plan with
        {
            Steps = [new GateStep("quality"), new WeightStep(25, TimeSpan.FromMinutes(9), 90), new WeightStep(50, TimeSpan.FromMinutes(9), 90)],
            Analysis = new AnalysisPlan(0.02) { Tolerance = new(Errors: 1.5, Ttft: 2) },
            Generation = 9,
        };
        Assert.Equal(before, scene.Decide().Next.Current! with { Message = before.Message, Timeline = before.Timeline });
    }

    [Theory]
    [InlineData(true, 100)]
    [InlineData(false, 0)]
    [InlineData(false, 19)]
    public void Invariant_9_no_data_promotes_nothing(bool unreadable, long requests)
    {
        var scene = Scene.WithCandidateAtWeight();
        scene.ProviderError = unreadable ? "gateway-1 does not answer" : null;
        scene.Count(requests * 3, 0, requests, 0);
        scene.DecideAfter(TimeSpan.FromMinutes(20));
        Assert.Equal((1, 25, RolloutPhase.Stepping), (scene.State.Current!.StepIndex, scene.State.CandidateWeightPercent, scene.State.Current.Phase));
        scene.DecideAfter(TimeSpan.FromMinutes(12));
        Assert.Equal((RolloutPhase.Reverted, "ProgressDeadlineExceeded"), (scene.State.Current.Phase, scene.State.Current.Reason));
    }

    [Fact]
    public void Invariant_9_counts_that_cannot_be_read_hold_a_promotion_too()
    {
        var scene = Scene.WithCandidateAtWeight();
        scene.Count(300, 0, 100, 0);
        scene.DecideAfter(TimeSpan.FromMinutes(2));
        scene.Ready("s2", 4);
        scene.ProviderError = "gateway-1 does not answer";
        scene.Decide();
        Assert.Equal((RolloutPhase.Promoting, "WaitingForMetrics"), (scene.State.Current!.Phase, scene.State.Current.Reason));
        scene.ProviderError = null;
        scene.Decide();
        Assert.Equal(RolloutPhase.Promoted, scene.State.Current.Phase);
    }

    [Fact]
    public void Invariant_10_every_wait_has_a_reason_and_a_deadline()
    {
        var scene = Scene.WithStable();
        Decision[] waits = [scene.Decide(), Ready(), Pass(), scene.DecideAfter(TimeSpan.FromMinutes(3))];
        Assert.Equal(["WaitingForPods", "WaitingForGate", "Holding", "WaitingForRequests"], waits.Select(wait => wait.Reason));
        Assert.All(waits, wait => Assert.True(wait.Deadline > scene.Now && wait.RequeueAfter is not null));

        Decision Ready()
        {
            scene.Ready("s2", 1);
            return scene.Decide();
        }

        Decision Pass()
        {
            scene.Answer(Verdict.Pass);
            return scene.Decide();
        }
    }

    [Fact]
    public void Invariant_11_a_quiet_canary_writes_nothing_but_its_counts_every_10_seconds()
    {
        var scene = Scene.WithCandidateAtWeight();
        var writes = 0;
        for (var requests = 1; requests <= 200; requests++)
        {
            scene.Count(3 * requests, 0, requests, 0);
            var before = scene.State;
            scene.DecideAfter(TimeSpan.FromMilliseconds(250));
            writes += scene.State == before ? 0 : 1;
        }

        Assert.Equal(5, writes);
    }
}
