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
/// server: v2 failed its gate and its pods retire, v3 passed and holds 25 %.
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

    private static LlmDeployment Read([CallerFilePath] string here = "") =>
        JsonSerializer.Deserialize(File.ReadAllText(Path.Combine(Path.GetDirectoryName(here)!, "..", "Golden", "upgrade", "mid-canary-0.1.0.json")), LlmDeployment.JsonType)!;
}
