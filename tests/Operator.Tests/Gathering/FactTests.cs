using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;
using LlmOps.Rollouts;
using Xunit;

namespace LlmOps.Operator.Tests.Gathering;

public sealed class FactTests
{
    [Theory]
    [InlineData("1", "1000m", true)]
    [InlineData("1Gi", "1024Mi", true)]
    [InlineData("0.5", "500m", true)]
    [InlineData("1G", "1Gi", false)]
    [InlineData("8", "9", false)]
    [InlineData("http", "http", false)]
    [InlineData("", "0", false)]
    public void Quantities_are_compared_by_what_they_mean(string left, string right, bool expected) => Assert.Equal(expected, Quantity.AreEqual(left, right));

    [Fact]
    public void A_pod_that_is_ready_and_being_deleted_gets_no_more_requests()
    {
        var pod = new Pod { Metadata = new ObjectMeta { Name = "pod" }, Status = new PodStatus { Conditions = [new PodCondition { Type = "Ready", Status = "True" }] } };
        Assert.True(PodFacts.IsReady(pod));
        Assert.False(PodFacts.IsReady(pod with { Metadata = pod.Metadata with { DeletionTimestamp = DateTimeOffset.UnixEpoch } }));
    }

    [Fact]
    public void A_gate_that_was_changed_after_its_run_passed_opens_nothing()
    {
        var gate = Samples.Gate();
        var run = Run(gate, Verdicts.Pass);
        Assert.Equal(Verdict.Pass, Observe(run, gate).Verdict);
        var stricter = gate with { Spec = gate.Spec with { Criteria = [new CriterionSpec { Metric = "correct", AtLeast = 0.99 }] } };
        Assert.Equal(Verdict.NoData, Observe(run, stricter).Verdict);
    }

    [Fact]
    public void A_run_of_another_release_is_no_fact_about_this_one()
    {
        var gate = Samples.Gate();
        var run = Run(gate, Verdicts.Pass);
        var facts = GateFacts.Observe(Rollout("other"), [new GateStep("quality")], [run], name => AskedGate.Of(name, "bot", gate, _ => null, _ => null));
        Assert.Empty(facts);
    }

    [Fact]
    public void A_gate_that_does_not_exist_is_a_fact_with_what_to_do()
    {
        var fact = Assert.Single(GateFacts.Observe(Rollout("release"), [new GateStep("quality")], [], name => AskedGate.Of(name, "bot", null, _ => null, _ => null)));
        Assert.Equal((null, Reasons.GateNotFound), (fact.Verdict, fact.Reason));
    }

    private static GateObservation Observe(EvalRun run, EvalGate gate) => Assert.Single(GateFacts.Observe(Rollout("release"), [new GateStep("quality")], [run], name => AskedGate.Of(name, "bot", gate, _ => null, _ => null)));

    private static Rollout Rollout(string release) => new()
    {
        Id = "0a1b2c3d",
        ReleaseHash = release,
        Phase = RolloutPhase.Stepping,
        StartedAt = DateTimeOffset.UnixEpoch,
        StepStartedAt = DateTimeOffset.UnixEpoch,
        Reason = Reasons.WaitingForGate,
        Message = "waits",
    };

    private static EvalRun Run(EvalGate gate, string verdict) => new()
    {
        Metadata = new ObjectMeta { Name = "run", Namespace = Samples.Namespace, Annotations = new Dictionary<string, string> { [Annotations.Step] = "0", [Annotations.Attempt] = "1" } },
        Spec = new EvalRunSpec
        {
            Gate = gate.Metadata.Name!,
            GateHash = ReleaseHashing.Hash(gate.Spec),
            Deployment = "bot",
            Rollout = "0a1b2c3d",
            Candidate = new EvalTarget { Release = "release", Url = "http://bot", ServedName = "bot" },
        },
        Status = new EvalRunStatus { Verdict = verdict, Reason = Reasons.GatePassed, Message = "numbers" },
    };
}
