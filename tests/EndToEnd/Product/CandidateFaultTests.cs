using System.Text.Json.Nodes;
using LlmOps.Api;
using Xunit;

namespace LlmOps.EndToEnd.Product;

/// <summary>Faults that are found before users, or with the first of them.</summary>
[Collection(ProductCollection.Name)]
[Trait(AnyCluster.Trait, AnyCluster.Value)]
public sealed class CandidateFaultTests(ProductFixture product)
{
    [RealApiServerFact]
    public async Task A_candidate_that_fails_on_copies_of_requests_is_reverted_and_no_user_ever_met_it()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        var ct = limit.Token;
        await using var scene = await product.ServeAsync(new Wanted(), ct);
        await using var users = scene.Users(40);

        await scene.ApplyAsync(new() { Revision = "v4-unstable", Steps = "[{mirror: {percent: 100, maxConcurrent: 16}, hold: 10m, minRequests: 30}, {weight: 50}]" }, ct);
        var mirrored = await scene.UntilAsync("copies to begin", s => s.Candidate?.Mirror is not null, ct);
        await scene.ChangeCandidateAsync(new JsonObject { ["failures"] = new JsonObject { ["rate5xx"] = 1 } }, ct);
        var reverted = await scene.UntilEndedAsync(mirrored.Rollout!.Id, ct);
        Assert.Equal(("Reverted", Reasons.LiveTestFailed, 0), (reverted.Outcome, reverted.Reason, reverted.MaxWeight));
        await scene.AssertRecordsAsync(ct, "Promoted", "Reverted");
        await RecordChecks.AssertDocumentedAsync(scene, reverted, ct);
        Assert.Empty(users.Statistics.Failures);
        Assert.Equal([scene.Status.Stable!.Release], users.Statistics.ByRelease.Keys);
    }

    [RealApiServerFact]
    public async Task A_candidate_that_begins_to_ask_for_a_key_is_reverted_by_the_first_answers()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        var ct = limit.Token;
        await using var scene = await product.ServeAsync(new Wanted(), ct);
        await using var users = scene.Users(20);

        await scene.ApplyAsync(new() { Revision = "v2", Steps = "[{weight: 10, hold: 10m}]" }, ct);
        var tried = await scene.UntilTriedAsync("v2", 10, ct);
        await scene.ChangeCandidateAsync(new JsonObject { ["apiKey"] = "a key that nobody has" }, ct);
        var reverted = await scene.UntilEndedAsync(tried.Rollout!.Id, ct);
        Assert.Equal(("Reverted", Reasons.CandidateUnauthorized), (reverted.Outcome, reverted.Reason));
        Assert.Contains("check its API key", reverted.Message, StringComparison.Ordinal);
        await scene.AssertRecordsAsync(ct, "Promoted", "Reverted");
        Assert.Empty(users.Statistics.Failures);
    }

    [RealApiServerFact]
    public async Task A_candidate_that_asks_for_a_key_from_the_start_never_gets_a_request()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        var ct = limit.Token;
        await using var scene = await product.ServeAsync(new Wanted(), ct);
        await using var users = scene.Users(20);

        await scene.ApplyAsync(new() { Revision = "v2", Env = ["{name: VLLM_API_KEY, value: secret}"] }, ct);
        var tried = await scene.UntilAsync("v2 to start", s => s.Candidate?.Revision == "v2", ct);
        var reverted = await scene.UntilEndedAsync(tried.Rollout!.Id, ct);
        Assert.Equal(("Reverted", Reasons.CandidateUnauthorized, 0), (reverted.Outcome, reverted.Reason, reverted.MaxWeight));
        Assert.Contains("spec.engine.apiKeySecretRef", reverted.Message, StringComparison.Ordinal);
        Assert.Empty(users.Statistics.Failures);
        Assert.Equal([scene.Status.Stable!.Release], users.Statistics.ByRelease.Keys);
    }
}
