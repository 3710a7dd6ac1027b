using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;
using LlmOps.Rollouts;
using Xunit;

namespace LlmOps.Operator.Tests.Gathering;

public sealed class ActionFactsTests
{
    private static readonly DateTimeOffset Time = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);

    [Fact]
    public void Actions_without_an_answer_come_oldest_first_and_by_version_within_a_second()
    {
        var pending = ActionFacts.Pending(
        [
            Action("third", Time.AddSeconds(1), "7"),
            Action("second", Time, "1000"),
            Action("first", Time, "999"),
            Action("answered", Time, "1") with { Status = new RolloutActionStatus { Phase = RolloutActionPhases.Applied } },
            Action("deleting", Time, "2").WithMetadata(new ObjectMeta { Name = "deleting", Uid = "u", DeletionTimestamp = Time }),
        ]);
        Assert.Equal(["first", "second", "third"], pending.Select(action => action.Name));
        Assert.Equal(new RequestedAction("uid-first", "first", ActionKind.Approve, "r1", 2, "alice", "looks right", Time), pending[0]);
    }

    [Fact]
    public void A_spec_with_gates_approvals_and_a_policy_for_deadlines_is_planned_as_it_says()
    {
        var deployment = Samples.Canary("v1", steps:
        [
            new RolloutStep { Gate = "quality" },
            new RolloutStep { Gates = ["safety", "cost"] },
            new RolloutStep { Approve = new ApproveSpec() },
            new RolloutStep { Approve = new ApproveSpec { Timeout = TimeSpan.FromHours(1) } },
        ]);
        deployment = deployment with { Spec = deployment.Spec with { Rollout = deployment.Spec.Rollout! with { OnInconclusive = InconclusivePolicies.Hold } } };
        var plan = PlanBuilder.Build(deployment, null).Plan;
        Assert.Equal([new GateStep("quality"), new GateStep(["safety", "cost"]), new ApproveStep(TimeSpan.FromHours(24)), new ApproveStep(TimeSpan.FromHours(1))], plan.Steps);
        Assert.Equal(OnInconclusive.Hold, plan.OnInconclusive);
        Assert.Equal(OnInconclusive.Revert, PlanBuilder.Build(Samples.Deployment(), null).Plan.OnInconclusive);
    }

    private static RolloutAction Action(string name, DateTimeOffset at, string version) => new()
    {
        Metadata = new ObjectMeta { Name = name, Uid = $"uid-{name}", CreationTimestamp = at, ResourceVersion = version },
        Spec = new RolloutActionSpec { Deployment = "bot", Action = "Approve", Release = "r1", Step = 2, RequestedBy = "alice", Reason = "looks right" },
    };
}
