using LlmOps.Operator.Controllers;
using LlmOps.Operator.Gathering;
using LlmOps.Rollouts;
using Xunit;

namespace LlmOps.Operator.Tests.Controllers;

/// <summary>Which decisions are kept.</summary>
public sealed class LastDecisionsTests
{
    private readonly LastDecisions decisions = new(capacity: 2);

    [Fact]
    public void The_last_of_each_object_is_kept_and_the_object_decided_longest_ago_makes_room()
    {
        Keep("a", "1");
        Keep("b", "1");
        Keep("a", "2");
        Keep("c", "1");
        Assert.Equal("2", Find("a")?.Decision.Message);
        Assert.Null(Find("b"));
        Assert.Equal("1", Find("c")?.Decision.Message);

        decisions.Forget(new(Samples.Namespace, "a"));
        Keep("b", "1");
        Assert.Null(Find("a"));
        Assert.NotNull(Find("b"));
        Assert.NotNull(Find("c"));
    }

    private LastDecision? Find(string name) => decisions.Find(new(Samples.Namespace, name));

    private void Keep(string name, string message)
    {
        var sample = Samples.Deployment();
        var deployment = sample with { Metadata = sample.Metadata with { Name = name } };
        var spec = PlanBuilder.Build(deployment, null);
        var gathered = new Gathered
        {
            Deployment = deployment,
            Spec = spec,
            State = RolloutState.Initial,
            Releases = new ReleaseBook([], spec.Desired),
            Runs = [],
            Observation = new Observation { NewRolloutId = "ffffffff" },
        };
        decisions.Keep(gathered, new Decision { Next = gathered.State, Pods = [], Reason = "r", Message = message }, DateTimeOffset.UnixEpoch);
    }
}
