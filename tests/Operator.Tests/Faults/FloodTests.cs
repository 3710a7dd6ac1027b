using LlmOps.Api;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.Operator.Tests.Faults;

/// <summary>What happens to one LlmDeployment while a great many others change; counted on the world's clock.</summary>
[Collection(FaultWorldsGroup.Name)]
public sealed class FloodTests(FaultWorlds worlds)
{
    private const int Others = 150;

    [Fact]
    public async Task A_bad_candidate_does_not_keep_its_traffic_until_hundreds_of_changes_are_dealt_with()
    {
        await using var world = await worlds.StartAsync();
        await world.ApplyAsync(Story.Canary("v2", new RolloutStep { Weight = 25, Hold = TimeSpan.FromMinutes(30) }));
        await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 25, Rollout.Evidence: not null }, "v2 has traffic");
        using var unanswered = world.Server.Faults.When(
            request => request is { Plural: "llmdeployments", Subresource: "status" } && request.Name!.StartsWith("other", StringComparison.Ordinal), FaultEffect.HangBefore(new FaultGate()));
        var other = Story.Canary("v1");
        for (var number = 0; number < Others; number++)
            await world.ApplyAsync(other with { Metadata = other.Metadata with { Name = $"other-{number}" } });
        await world.Clock!.UntilAsync(() => unanswered.HitCount > 0, TimeSpan.FromMinutes(1), () => "their status writes hang");

        var start = world.Clock.Time.GetTimestamp();
        world.Gateway.CandidateErrorRate = 0.5;
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1 }, "v2 is reverted");
        Assert.InRange(world.Clock.Time.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(6));
        Assert.InRange(unanswered.HitCount, 1, Others - 1);
    }
}
