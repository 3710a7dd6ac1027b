using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;
using Xunit;

namespace LlmOps.Operator.Tests.Gathering;

public sealed class PromptFactsTests
{
    private static readonly PromptVersion Prompt = Samples.Prompt() with { Metadata = new() { Name = "support-1.0.0", Namespace = "ns", Uid = "1", Generation = 1 } };

    [Fact]
    public void The_status_of_a_prompt_concerns_nobody_who_uses_it()
    {
        var written = Prompt with { Metadata = Prompt.Metadata with { ResourceVersion = "7" }, Status = new() { Stage = "Production", UsedBy = [new() { Deployment = "bot", Track = Tracks.Stable, Weight = 100 }] } };
        Assert.True(PromptFacts.IsSame(Prompt, written));
    }

    [Fact]
    public void A_prompt_that_comes_or_goes_or_is_another_concerns_all_who_use_it()
    {
        Assert.False(PromptFacts.IsSame(null, Prompt));
        Assert.False(PromptFacts.IsSame(Prompt, null));
        Assert.False(PromptFacts.IsSame(Prompt, Prompt with { Metadata = Prompt.Metadata with { Uid = "2" } }));
        Assert.False(PromptFacts.IsSame(Prompt, Prompt with { Metadata = Prompt.Metadata with { Generation = 2 } }));
        Assert.False(PromptFacts.IsSame(Prompt, Prompt with { Metadata = Prompt.Metadata with { DeletionTimestamp = DateTimeOffset.UnixEpoch } }));
    }

    [Fact]
    public void A_prompt_is_looked_at_when_a_release_begins_or_ends_to_use_it_or_its_share_changes()
    {
        var alone = With(Release("a", 100), null);
        Assert.Equal(["a"], PromptFacts.Changed(null, alone));
        Assert.Equal(["a"], PromptFacts.Changed(alone, null));
        Assert.Equal(["b"], PromptFacts.Changed(alone, With(Release("a", 100), Release("b", 0))));
        Assert.Equal(["a", "b"], PromptFacts.Changed(With(Release("a", 100), Release("b", 0)), With(Release("a", 90), Release("b", 10))).Order(StringComparer.Ordinal));
        Assert.Equal(["a", "b"], PromptFacts.Changed(With(Release("a", 50), Release("b", 50)), With(Release("b", 100), null)).Order(StringComparer.Ordinal));
        Assert.Equal(["a"], PromptFacts.Changed(alone, alone with { Metadata = alone.Metadata with { DeletionTimestamp = DateTimeOffset.UnixEpoch } }));
    }

    [Fact]
    public void A_prompt_is_not_looked_at_when_something_else_changes()
    {
        var one = With(Release("a", 90), Release("b", 10));
        var other = one with { Metadata = one.Metadata with { ResourceVersion = "9" }, Status = one.Status! with { Candidate = one.Status.Candidate! with { ReadyReplicas = 3 }, ObservedGeneration = 4 } };
        Assert.Empty(PromptFacts.Changed(one, other));
        Assert.Empty(PromptFacts.Changed(With(Release(null, 100), null), With(Release(null, 50), null)));
    }

    private static LlmDeployment With(ReleaseStatus stable, ReleaseStatus? candidate) => Samples.Deployment() with { Status = new() { Stable = stable, Candidate = candidate } };

    private static ReleaseStatus Release(string? prompt, int weight) => new() { Release = "r", ServingHash = "s", PromptHash = "p", Service = "bot-s", Prompt = prompt, Weight = weight };
}
