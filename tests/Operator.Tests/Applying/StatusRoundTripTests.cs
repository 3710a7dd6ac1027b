using System.Text.Json;
using LlmOps.Api;
using LlmOps.Operator.Applying;
using LlmOps.Operator.Gathering;
using LlmOps.Rollouts;
using Xunit;

namespace LlmOps.Operator.Tests.Applying;

/// <summary>All that the rollout engine keeps survives the way through the API server and back.</summary>
public sealed class StatusRoundTripTests
{
    private static readonly DateTimeOffset Time = new(2026, 3, 4, 5, 6, 7, 89, TimeSpan.Zero);

    private static readonly TrackCounts AllCounts = new(300, 9, [150, 75, 30, 15, 3])
    {
        Units = 280,
        SlowTimePerOutputToken = [151, 76, 31, 16, 4],
        LongOutput = [140, 30, 2],
        Costly = [141, 31, 3],
        Blocked = 5,
        NegativeFeedback = 6,
        OverLimit = [new("errors", 9, 300), new("ttft:2", 7, 290)],
        RenderFailures = 1,
        Unauthorized = 2,
    };

    /// <summary>A rollout of r2 against r1, ten seconds into a step.</summary>
    private static readonly Rollout Tried = new()
    {
        Id = "0a1b2c3d",
        ReleaseHash = "r2",
        Phase = RolloutPhase.Stepping,
        StartedAt = Time,
        StepStartedAt = Time.AddSeconds(10),
        Reason = Reasons.Holding,
        Message = "holds 25%",
    };

    [Fact]
    public void A_state_in_the_middle_of_a_canary_is_read_back_as_it_was() => CheckRoundTrip(Trying(Tried with
    {
        StepIndex = 1,
        WeightPercent = 25,
        WeightEpoch = 2,
        MaxWeight = 25,
        HoldStartedAt = Time.AddSeconds(11),
        Kind = RolloutKind.Rollback,
        PromotedBy = "alice (action promote-1)",
        GateAttempts = [new(0, "quality", 3), new(0, "safety", 2)],
        Verdicts = [new(0, "gate/quality", Verdict.ProviderError, "no report", Time), new(0, "gate/quality", Verdict.Pass, "numbers", Time.AddSeconds(9))],
        Evidence =
        [
            new("process", 2, 25, new(900, 1, [450, 225, 90, 45, 9]), AllCounts),
            new("other", 2, 25, new(1, 0), new(2, 0)),
            new("process", 1, 20, new(5, 0), new(5, 0)) { Mirrored = true },
            new("0b8e7c5a-7c3e-4d6f-9a2e-1f6b3a5d9c11/0", 2, 25, TrackCounts.None, new(7, 1)) { IsOfEngine = true },
        ],
        Baselines = [new("0b8e7c5a-7c3e-4d6f-9a2e-1f6b3a5d9c11/0", 2, 1000, 3)],
        EvidenceSavedAt = Time.AddSeconds(12),
        RecentAnswers = new(new(new(640, 0.21, 0.48), new(600, 0.018, 0.03), new(610, 140, 390)), new(new(212, 0.22, 1.06))),
        Onsets = [new(2, 0, new(300, 1), AllCounts)],
        PredictedWait = TimeSpan.FromMinutes(3),
        Checks = [new("latency", Verdict.Fail, 2, "4f2a:17", Time.AddSeconds(13), "3.1 is above 2"), new("queue", Verdict.Pass, 0, "4f2a:18", Time.AddSeconds(14), "0")],
        Capacity = new(CapacityPlan.TakeFromStable, true, 1, 2, 2, 4, "stable gives 2", Time.AddSeconds(1)),
        Start = new(StartPhase.Load, Time.AddSeconds(2)),
        StableHash = "r1",
        Generation = 7,
        Actor = "argocd-controller (Apply)",
        ReasonSince = Time.AddSeconds(13),
        FirstBadAt = Time.AddSeconds(14),
        DecidedAt = Time.AddSeconds(15),
        Timeline = [new(Time, Reasons.RolloutStarted, 0, 0, "r2 is tried against r1"), new(Time.AddSeconds(11), Reasons.WeightChanged, 1, 25, "0% → 25%")],
        StepTimes = [new(0, "gate quality", 0, Time, Time.AddSeconds(9)), new(1, "weight 25%", 25, Time.AddSeconds(9), null), new(2, "weight 50%", 0, null, null)],
        Rules = [new("tolerance/ttft", "1.2")],
    }) with
    {
        Previous = new Rollout
        {
            Id = "9a3b12cd",
            ReleaseHash = "r1",
            Phase = RolloutPhase.Promoted,
            StepIndex = 2,
            MaxWeight = 100,
            StartedAt = Time.AddHours(-1),
            StepStartedAt = Time.AddMinutes(-30),
            FinishedAt = Time.AddMinutes(-20),
            Evidence = [new("all", 1, 25, new(900, 1), new(300, 9))],
            Reason = Reasons.Promoted,
            Message = "took over",
        },
        Failed = [new("r0", Reasons.GateFailed, "worse", Time)],
        Retiring = [new("s0", 2, Time.AddMinutes(1))],
        History = [new("9a3b12cd", "r1", RolloutPhase.Promoted, Reasons.Promoted, "took over", Time, Time.AddMinutes(5), 100, 1234, TimeSpan.FromMilliseconds(1500), TimeSpan.FromSeconds(90), "kubectl (Update)", "bot-9a3b12cd")],
        PausedBy = "bob (action pause-1)",
        Actions =
        [
            new("uid-1", "pause-1", ActionKind.Pause, ActionOutcome.Applied, "held", "bob", Time),
            new("uid-2", "approve-1", ActionKind.Approve, ActionOutcome.Refused, "too late", null, Time.AddSeconds(1)),
        ],
    });

    [Fact]
    public void A_state_on_its_way_back_is_read_back_as_it_was() => CheckRoundTrip(Trying(Tried with
    {
        Phase = RolloutPhase.Reverting,
        StepIndex = 2,
        WeightPercent = 33,
        WeightEpoch = 4,
        MaxWeight = 95,
        StableFloor = 6,
        RevertReason = Reasons.LiveTestFailed,
        RevertMessage = "worse",
        Reason = Reasons.WaitingForStable,
        Message = "keeps 33%",
    }) with
    {
        Failed = [new("r2", Reasons.LiveTestFailed, "worse", Time)],
        Retiring = [new("s0", 2, Time.AddMinutes(1), Time.AddMinutes(2))],
    });

    [Fact]
    public void A_mirror_is_read_back_as_it_was() =>
        CheckRoundTrip(Trying(Tried with { Mirror = new(20, 8), WeightEpoch = 1, HoldStartedAt = Time.AddSeconds(11), Reason = Reasons.Mirroring, Message = "copies 20%" }));

    [Fact]
    public void A_state_before_the_first_release_is_read_back_as_it_was() => CheckRoundTrip(RolloutState.Initial);

    [Fact]
    public void Counts_that_the_version_before_did_not_keep_are_none()
    {
        const string Before = """{"rollout":{"id":"0a1b2c3d","release":"r2","phase":"Stepping","evidence":[{"process":"p","epoch":2,"weight":25,"stable":{"requests":9,"errors":1},"candidate":{"requests":3,"errors":0,"slowTtft":[1,0,0,0,0]}}]}}""";
        var state = RolloutStateReader.Read(JsonSerializer.Deserialize(Before, ApiJson.Default.LlmDeploymentStatus));
        Assert.Equal([new EvidenceRow("p", 2, 25, new(9, 1), new(3, 0, [1, 0, 0, 0, 0]))], state.Current!.Evidence);
    }

    [Fact]
    public void The_attempt_that_an_older_operator_wrote_belongs_to_the_one_gate_of_its_step()
    {
        var rollout = new RolloutStatus { Id = "0a1b2c3d", Release = "r2", Phase = "Stepping", Step = 2, StepName = "gate quality", GateAttempt = 3 };
        var state = RolloutStateReader.Read(new LlmDeploymentStatus { Rollout = rollout });
        Assert.Equal([new GateAttempt(2, "quality", 3)], state.Current!.GateAttempts);
        Assert.Equal((3, 1), (state.Current.AttemptOf(2, "quality"), state.Current.AttemptOf(2, "safety")));
        Assert.Empty(RolloutStateReader.Read(new LlmDeploymentStatus { Rollout = rollout with { GateAttempt = 1 } }).Current!.GateAttempts);
    }

    private static RolloutState Trying(Rollout rollout) =>
        RolloutState.Initial with { Stable = new Release("r1", "s1", "p1"), Candidate = new Release("r2", "s2", "p2"), Current = rollout, ObservedGeneration = 7 };

    private static void CheckRoundTrip(RolloutState state)
    {
        var deployment = Samples.Deployment();
        var spec = PlanBuilder.Build(deployment, null);
        var gathered = new Gathered
        {
            Deployment = deployment,
            Spec = spec,
            State = state,
            Releases = new ReleaseBook([], spec.Desired),
            Runs = [],
            Observation = new Observation { NewRolloutId = "ffffffff" },
        };
        var status = StatusBuilder.Build(gathered, new Decision { Next = state, Pods = [], Reason = Reasons.Holding, Message = "holds" }, null, Time);
        var wire = JsonSerializer.Serialize(status, ApiJson.Default.LlmDeploymentStatus);
        Assert.Equal(state, RolloutStateReader.Read(JsonSerializer.Deserialize(wire, ApiJson.Default.LlmDeploymentStatus)));
    }
}
