using System.Runtime.CompilerServices;
using System.Text.Json;
using LlmOps.Api;
using LlmOps.Operator.Applying;
using LlmOps.Operator.Gathering;
using LlmOps.Rollouts;
using Xunit;

namespace LlmOps.Operator.Tests.Applying;

/// <summary>
/// An operator that is upgraded in the middle of a canary takes it up where it was. The file is an LlmDeployment as the first version wrote it, from its API
/// server: v2 failed its gate and its pods retire, v3 passed and holds 25 %. Further files: v2 bakes at 95 %, and v2 goes back with 50 % left because stable has one of two pods; each
/// behind the operator's gateway and behind an HTTPRoute.
/// </summary>
public sealed class UpgradeTests
{
    [Fact]
    public void A_canary_that_the_first_version_left_goes_on_at_the_same_step_weight_and_hold()
    {
        var deployment = Read();
        var (state, decision) = Decide(deployment, deployment.Status!.Rollout!.HoldStartedAt!.Value.AddMinutes(1));

        var (was, rollout) = (deployment.Status.Rollout, decision.Next.Current!);
        Assert.Equal(was.Id, rollout.Id);
        Assert.Equal(RolloutPhase.Stepping, rollout.Phase);
        Assert.Equal(was.Step, rollout.StepIndex);
        Assert.Equal(25, decision.Next.CandidateWeightPercent);
        Assert.Equal(was.WeightEpoch, rollout.WeightEpoch);
        Assert.Equal(was.StepStartedAt, rollout.StepStartedAt);
        Assert.Equal(was.HoldStartedAt, rollout.HoldStartedAt);
        Assert.Equal(was.Deadline, decision.Deadline);
        Assert.Equal(Reasons.Holding, decision.Reason);
        Assert.Empty(decision.Transitions);
        Assert.Empty(decision.Happenings);

        Assert.Equal(was.Verdicts!.Select(verdict => verdict.Message), rollout.Verdicts.Select(verdict => verdict.Message));
        Assert.Equal(was.Evidence!.Select(row => row.Candidate.Requests), rollout.Evidence.Select(row => row.Candidate.Requests));
        Assert.Equal(deployment.Status.FailedReleases![0].Release, decision.Next.Failed[0].Hash);
        Assert.Equal(deployment.Status.Retiring![0].ServingHash, decision.Next.Retiring[0].ServingHash);
        Assert.Equal(deployment.Status.History!.Select(entry => entry.Id), decision.Next.History.Select(finished => finished.Id));
        // The pods of all three releases stay.
        Assert.Equal(3, decision.Pods.Count);
        Assert.Equal(state.Stable, decision.Next.Stable);
    }

    [Fact]
    public void The_hold_that_the_first_version_began_ends_when_it_would_have_ended()
    {
        var deployment = Read();
        var hold = deployment.Status!.Rollout!.HoldStartedAt!.Value;
        Assert.Equal(RolloutPhase.Stepping, Decide(deployment, hold.AddMinutes(10).AddSeconds(-1), requests: 400).Decision.Next.Current!.Phase);
        Assert.Equal([RolloutPhase.Promoting], Decide(deployment, hold.AddMinutes(10), requests: 400).Decision.Transitions.Select(transition => transition.To).Take(1));
    }

    [Fact]
    public void What_the_first_version_ended_is_not_recorded_and_what_it_left_is_recorded_when_it_ends()
    {
        var deployment = Read();
        Assert.Empty(RecordBuilder.Unrecorded(RolloutStateReader.Read(deployment.Status)));
        var (_, decision) = Decide(deployment, deployment.Status!.Rollout!.HoldStartedAt!.Value.AddMinutes(2), requests: 2000, errors: 1500);
        Assert.Equal(RolloutPhase.Reverted, decision.Next.Current!.Phase);
        Assert.Equal(decision.Next.Current, Assert.Single(RecordBuilder.Unrecorded(decision.Next)));
        // The step that the first version began has its time.
        Assert.Contains(decision.Next.Current.StepTimes, time => time.Name == "weight 25%");
    }

    [Theory]
    [InlineData("baking-0.1.0", null)]
    [InlineData("baking-routed-0.1.0", 95)]
    public void A_bake_that_the_first_version_began_goes_on_and_ends_when_it_would_have_ended(string file, int? routed)
    {
        var deployment = Read(file);
        var (was, hold) = (deployment.Status!.Rollout!, deployment.Status.Rollout!.HoldStartedAt!.Value);
        var during = Decide(deployment, hold.AddMinutes(5).AddSeconds(-1), stableReady: 2, Routed(routed));
        Assert.Equal((RolloutPhase.Baking, 95, was.WeightEpoch), (during.Next.Current!.Phase, during.Next.CandidateWeightPercent, during.Next.Current.WeightEpoch));
        Assert.Equal((was.StepStartedAt, was.HoldStartedAt, was.Deadline), (during.Next.Current.StepStartedAt, during.Next.Current.HoldStartedAt, during.Deadline));
        Assert.Empty(during.Happenings);
        Assert.All(during.Pods, pods => Assert.Equal(2, pods.Replicas));

        Assert.Equal(RolloutPhase.Promoted, Decide(deployment, hold.AddMinutes(5), stableReady: 2, Routed(routed)).Next.Current!.Phase);
        if (routed is not null)
        {
            var late = Decide(deployment, hold.AddMinutes(5), stableReady: 2, new(null, new(Reasons.RouteNotAccepted, "the listener refuses it")));
            Assert.Equal((RolloutPhase.Baking, Reasons.RouteNotAccepted), (late.Next.Current!.Phase, late.Reason));
        }
    }

    [Theory]
    [InlineData("reverting-0.1.0", null)]
    [InlineData("reverting-routed-0.1.0", 50)]
    public void A_revert_that_the_first_version_began_waits_for_stable_and_is_recorded_with_its_reason(string file, int? routed)
    {
        var deployment = Read(file);
        var was = deployment.Status!.Rollout!;
        var since = was.StepStartedAt!.Value;
        var waiting = Decide(deployment, since.AddMinutes(1), stableReady: 1, Routed(routed));
        Assert.Equal((RolloutPhase.Reverting, 50, was.WeightEpoch, was.Deadline), (waiting.Next.Current!.Phase, waiting.Next.CandidateWeightPercent, waiting.Next.Current.WeightEpoch, waiting.Deadline));
        Assert.Equal((was.RevertReason, was.RevertMessage), (waiting.Next.Current.RevertReason, waiting.Next.Current.RevertMessage));
        Assert.Empty(waiting.Happenings);

        // A route that accepts nothing any more holds up no revert.
        var over = Decide(deployment, since.AddMinutes(2), stableReady: 2, routed is null ? null : new(null, new(Reasons.RouteNotAccepted, "the listener refuses it")));
        Assert.Equal((RolloutPhase.Reverted, 0), (over.Next.Current!.Phase, over.Next.CandidateWeightPercent));
        Assert.Equal(deployment.Status.FailedReleases!.Select(failed => failed.Release), over.Next.Failed.Select(failed => failed.Hash));
        Assert.Equal((was.RevertReason, was.Id), (over.Next.History[0].Reason, over.Next.History[0].Id));
        Assert.Equal(over.Next.Current, Assert.Single(RecordBuilder.Unrecorded(over.Next)));
    }

    private static TrafficObservation? Routed(int? weight) => weight is { } percent ? new(percent, null) : null;

    /// <summary>A decision on a rollout of two releases with two replicas each.</summary>
    private static Decision Decide(LlmDeployment deployment, DateTimeOffset now, int stableReady, TrafficObservation? traffic)
    {
        var (status, spec) = (deployment.Status!, PlanBuilder.Build(deployment, null));
        var rollout = status.Rollout!;
        var observation = new Observation
        {
            Pods = [new(status.Stable!.ServingHash, 2, stableReady, stableReady), new(status.Candidate!.ServingHash, 2, 2, 2)],
            Evidence = new(null, [new("gateway-2", rollout.WeightEpoch!.Value, status.Candidate.Weight, new(500, 5), new(500, 5))], rollout.Id),
            Traffic = traffic,
            NewRolloutId = "ffffffff",
        };
        return RolloutEngine.Decide(spec.Plan, RolloutStateReader.Read(status), observation, now);
    }

    private static (RolloutState State, Decision Decision) Decide(LlmDeployment deployment, DateTimeOffset now, long requests = 0, long errors = 0)
    {
        var spec = PlanBuilder.Build(deployment, null);
        var state = RolloutStateReader.Read(deployment.Status);
        Assert.Equal(state.Candidate!.Hash, spec.Plan.Desired!.Hash);
        var status = deployment.Status!;
        var observation = new Observation
        {
            Pods = new[] { status.Stable!.ServingHash, status.Candidate!.ServingHash, status.Retiring![0].ServingHash }.Select(hash => new PodsObservation(hash, 2, 2, 2)).ToEquatableArray(),
            Evidence = new(null, requests == 0 ? [] : [new("gateway-2", status.Rollout!.WeightEpoch!.Value, 25, new(3 * requests, 1), new(requests, errors))], status.Rollout!.Id),
            NewRolloutId = "ffffffff",
        };
        return (state, RolloutEngine.Decide(spec.Plan, state, observation, now));
    }

    private static LlmDeployment Read(string file = "mid-canary-0.1.0", [CallerFilePath] string here = "") =>
        JsonSerializer.Deserialize(File.ReadAllText(Path.Combine(Path.GetDirectoryName(here)!, "..", "Golden", "upgrade", $"{file}.json")), LlmDeployment.JsonType)!;
}
