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

    [Fact]
    public void Those_with_a_candidate_stay_while_there_are_others_to_make_room()
    {
        Keep("a", "1", hasCandidate: true);
        Keep("b", "1");
        Keep("c", "1");
        Assert.Equal(["a", "c"], Names("a", "b", "c"));
        Keep("d", "1", hasCandidate: true);
        Keep("e", "1", hasCandidate: true);
        Assert.Equal(["d", "e"], Names("a", "c", "d", "e"));
        Keep("d", "2");
        Keep("f", "1");
        Assert.Equal(["e", "f"], Names("d", "e", "f"));
    }

    private IEnumerable<string> Names(params string[] names) => names.Where(name => Find(name) is not null);

    private LastDecision? Find(string name) => decisions.Find(new(Samples.Namespace, name));

    private void Keep(string name, string message, bool hasCandidate = false)
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
        var next = hasCandidate ? gathered.State with { Candidate = new("c", "s", "p") } : gathered.State;
        decisions.Keep(gathered, new Decision { Next = next, Pods = [], Reason = "r", Message = message }, DateTimeOffset.UnixEpoch);
    }
}
