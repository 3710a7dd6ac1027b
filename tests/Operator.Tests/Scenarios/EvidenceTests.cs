using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Operator.Tests.World;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Scenarios;

/// <summary>From what a gateway counts to what becomes of a rollout.</summary>
public sealed class EvidenceTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_limit_that_the_candidate_breaks_reverts_it_with_its_numbers()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        world.Gateway.Tell = epoch =>
        {
            OverLimit(epoch["stable"]!, 0.01);
            OverLimit(epoch["candidate"]!, 0.5);
        };
        await world.ApplyAsync(With(new AnalysisSpec { Limits = [new LimitSpec { Metric = "ttft", Quantile = 95, Max = "2s" }] }));
        var reverted = await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1 }, "it is reverted");
        var failed = reverted.Status!.FailedReleases![0];
        Assert.Equal(("v1", Reasons.LiveTestFailed), (reverted.Status.Stable!.Revision, failed.Reason));
        Assert.Contains(reverted.Status.Rollout!.Verdicts!, verdict => verdict is { Name: "limit/ttft", Verdict: "Fail" });
        Assert.Contains("2s", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_proof_is_asked_for_it_waits_until_the_counts_give_it_and_says_how_long_that_takes()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        await world.ApplyAsync(With(new AnalysisSpec { Promotion = "Proven" }));
        var waiting = await world.UntilAsync(deployment => deployment.Status?.Rollout?.Reason == Reasons.WaitingForProof, "without any error nothing is proven");
        Assert.Equal(25, waiting.Status!.Candidate!.Weight);

        // One of stable's requests in ten fails, and none of the candidate's.
        world.Gateway.Tell = epoch => epoch["stable"]!["errors"] = (long)epoch["stable"]!["requests"]! / 10;
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2" }, "the proof is there");
        Assert.Empty(world.Get().Status!.FailedReleases ?? []);
    }

    [Fact]
    public async Task Sessions_that_do_not_split_by_the_weight_hold_the_rollout_and_revert_nobody()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        world.Gateway.Tell = epoch =>
        {
            epoch["stable"]!["units"] = 400;
            epoch["candidate"]!["units"] = 400;
        };
        await world.ApplyAsync(With(new AnalysisSpec()));
        var holding = await world.UntilAsync(deployment => deployment.Status?.Rollout?.Reason == Reasons.SampleRatioMismatch, "the split is seen to be wrong");
        Assert.Contains("the candidate does not get 25% of the sessions", holding.Status!.Rollout!.Message, StringComparison.Ordinal);
        await world.QuietAsync();
        var still = world.Get().Status!;
        Assert.Equal((25, Reasons.SampleRatioMismatch), (still.Candidate!.Weight, still.Rollout!.Reason));

        // A gateway that splits rightly has counts of its own.
        world.Gateway.Tell = null;
        await world.ApplyAsync(With(new AnalysisSpec()) with { Spec = Samples.Canary("v3").Spec });
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v3" }, "the next release goes its way");
    }

    private static LlmDeployment With(AnalysisSpec analysis)
    {
        var deployment = Samples.Canary("v2");
        return deployment with { Spec = deployment.Spec with { Rollout = deployment.Spec.Rollout! with { Analysis = analysis } } };
    }

    private static void OverLimit(JsonNode track, double share)
    {
        var of = (long)track["requests"]!;
        track["overLimit"] = new JsonArray(new JsonObject { ["key"] = "ttft:2", ["over"] = (long)(of * share), ["of"] = of });
    }
}
