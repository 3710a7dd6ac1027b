using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;
using LlmOps.Operator.Resources;
using Xunit;

namespace LlmOps.Operator.Tests.Gathering;

/// <summary>What is worked out of a held canary is kept exactly as long as what it follows from.</summary>
public sealed class ResolutionCacheTests
{
    private readonly ResolutionCache cache = new();
    private readonly LlmDeployment held = Tried(weight: 25);

    [Fact]
    public void The_same_objects_give_the_same_resolution_while_a_candidate_has_requests()
    {
        var (prompt, revision) = (Samples.Prompt(), Revision(1));
        var first = cache.Of(held, prompt, [revision]);
        Assert.Same(first, cache.Of(held, prompt, [revision]));
        Assert.Equal(25, first.State.CandidateWeightPercent);
        Assert.Same(revision, Assert.Single(first.Releases.Revisions));
    }

    [Fact]
    public void Another_version_of_any_of_them_is_resolved_anew()
    {
        var (prompt, revision) = (Samples.Prompt(), Revision(1));
        var first = cache.Of(held, prompt, [revision]);
        Assert.NotSame(first, first = cache.Of(held with { }, prompt, [revision]));
        Assert.NotSame(first, first = cache.Of(held with { }, prompt with { }, [revision]));
        Assert.NotSame(first, first = cache.Of(held, null, [revision]));
        Assert.NotSame(first, first = cache.Of(held, null, [revision with { }]));
        Assert.NotSame(first, cache.Of(held, null, [revision, Revision(2)]));
    }

    [Fact]
    public void Nothing_is_kept_of_one_at_rest_or_one_that_is_gone()
    {
        var rest = Tried(weight: 0);
        Assert.NotSame(cache.Of(rest, null, []), cache.Of(rest, null, []));

        var first = cache.Of(held, null, []);
        cache.Forget(held.Key());
        Assert.NotSame(first, cache.Of(held, null, []));
    }

    private static LlmDeployment Tried(int weight) => Samples.Deployment() with
    {
        Status = new LlmDeploymentStatus
        {
            Stable = new ReleaseStatus { Release = "r1", ServingHash = "s1", PromptHash = "p1", Service = "bot-s1", Weight = 100 - weight },
            Candidate = new ReleaseStatus { Release = "r2", ServingHash = "s2", PromptHash = "p2", Service = "bot-s2", Weight = weight },
            Rollout = new RolloutStatus { Id = "0a1b2c3d", Release = "r2", Phase = "Stepping" },
        },
    };

    private static ControllerRevision Revision(long number) => new() { Metadata = OwnedMetadata.Of(Samples.Deployment(), $"bot-{number}"), Revision = number };
}
