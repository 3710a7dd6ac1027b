using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Tests.World;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Scenarios;

/// <summary>Copies of stable's requests before the first weight.</summary>
public sealed class MirrorTests(ITestOutputHelper output)
{
    private static readonly RolloutStep[] Steps =
    [
        new() { Mirror = new MirrorSpec { Percent = 20 }, Hold = TimeSpan.FromMilliseconds(100), MinRequests = 20 },
        new() { Weight = 50, Hold = TimeSpan.FromMilliseconds(100), MinRequests = 20 },
    ];

    [Fact]
    public async Task A_candidate_that_fails_copies_is_reverted_before_a_user_has_one_of_its_answers()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        world.Gateway.IsQuiet = true;
        await world.ApplyAsync(Samples.Canary("v2", steps: Steps));
        var copying = await world.UntilAsync(deployment => deployment.Status?.Candidate?.Mirror is not null, "copies are asked for");
        Assert.Equal((0, 20, 8), (copying.Status!.Candidate!.Weight, copying.Status.Candidate.Mirror!.Percent, copying.Status.Candidate.Mirror.MaxConcurrent));
        Assert.Equal(("mirror 20%", Reasons.Mirroring), (copying.Status.Rollout!.StepName, copying.Status.Rollout.Reason));

        world.Gateway.CandidateErrorRate = 0.5;
        world.Gateway.IsQuiet = false;
        var reverted = await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1 }, "v2 is reverted");

        Assert.Equal(Reasons.LiveTestFailed, reverted.Status!.FailedReleases![0].Reason);
        Assert.Equal((0, 0), (reverted.Status.History![0].MaxWeight, reverted.Status.History[0].CandidateRequests));
        Assert.Contains(reverted.Status.Rollout!.Evidence!, row => row is { Mirrored: true, Weight: 0 });
        Assert.Equal("v1", reverted.Status.Stable!.Revision);
        world.Invariants.Check();
    }

    [Fact]
    public async Task A_good_candidate_goes_on_from_copies_to_requests()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        await world.ApplyAsync(Samples.Canary("v2", steps: Steps));
        var promoted = await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2" }, "v2 is stable");

        Assert.Contains(promoted.Status!.Rollout!.Evidence!, row => row.Mirrored == true);
        Assert.Contains(promoted.Status.Rollout.Evidence!, row => row is { Mirrored: null, Weight: 50 });
        world.Invariants.Check();
    }
}
