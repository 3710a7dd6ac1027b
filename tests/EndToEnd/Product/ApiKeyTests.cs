using System.Text;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using Xunit;

namespace LlmOps.EndToEnd.Product;

/// <summary>Engines that ask for an API key: rolled out, served and reverted, and the key seen by nobody.</summary>
[Collection(ProductCollection.Name)]
public sealed class ApiKeyTests(ProductFixture product)
{
    private const string Steps = "[{gate: support-quality}, {mirror: {percent: 100, maxConcurrent: 16}, hold: 1s, minRequests: 5}, {weight: 50, hold: 1s, minRequests: 5}]";

    [RealApiServerFact]
    public async Task A_release_with_a_key_is_rolled_out_its_successor_with_a_wrong_one_goes_at_once_and_the_key_is_seen_nowhere()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(6));
        var ct = limit.Token;
        var (first, second, hub, registry) = ($"planted-{Guid.NewGuid():N}", $"planted-{Guid.NewGuid():N}", $"hf_planted{Guid.NewGuid():N}", $"planted-{Guid.NewGuid():N}");
        await using var scene = await product.ServeAsync(new Wanted(), ct);
        await KeepAsync(scene, "keys", first, ct);
        await KeepAsync(scene, "newer-keys", second, ct);
        await KeepAsync(scene, "hub", hub, ct, "token");
        await KeepAsync(scene, "registry", $"{{\"auths\":{{\"registry.example\":{{\"password\":\"{registry}\"}}}}}}", ct, ".dockerconfigjson");
        await using var users = scene.Users(30);

        await scene.ApplyAsync(new() { Revision = "v2", Steps = Steps, ApiKeySecret = "keys", CredentialsSecret = "hub", PullSecret = "registry" }, ct);
        var promoted = await scene.UntilAsync("v2 with a key to be promoted", s => s is { Candidate: null, Stable.Revision: "v2" }, ct);
        await ServesAsync(users, promoted.Stable!.Release, ct);
        // The process of the engine was given the key: what looks for it can find it.
        Assert.True(SecretSearch.IsInAnEnvironment(first), "no process has the key");
        Assert.True(SecretSearch.IsInAnEnvironment(hub), "no process has the token for the model");

        // Another key for another release: both serve at the same time.
        await scene.ApplyAsync(new() { Revision = "v2", Steps = "[{weight: 50, hold: 10m}]", ApiKeySecret = "newer-keys", CredentialsSecret = "hub", PullSecret = "registry" }, ct);
        var tried = await scene.UntilTriedAsync("v2", 50, ct);
        Assert.Equal(("keys", "newer-keys"), (tried.Stable!.ApiKeySecretRef!.Name, tried.Candidate!.ApiKeySecretRef!.Name));
        await ServesAsync(users, tried.Candidate.Release, ct);
        await scene.ChangeCandidateAsync(new JsonObject { ["apiKey"] = "a key that nobody has" }, ct);
        var reverted = await scene.UntilEndedAsync(tried.Rollout!.Id, ct);
        Assert.Equal(("Reverted", Reasons.CandidateUnauthorized), (reverted.Outcome, reverted.Reason));

        // A candidate that wants a key of which nobody knows is found by its first warm-up.
        await scene.ApplyAsync(new() { Revision = "v1", Steps = Steps, Env = ["{name: VLLM_API_KEY, value: unknown}"] }, ct);
        var unknown = await scene.UntilAsync("v1 with a key to start", s => s.Candidate?.Revision == "v1", ct);
        var locked = await scene.UntilEndedAsync(unknown.Rollout!.Id, ct);
        Assert.Equal(("Reverted", Reasons.CandidateUnauthorized, 0), (locked.Outcome, locked.Reason, locked.MaxWeight));

        await scene.AssertRecordsAsync(ct, "Promoted", "Promoted", "Reverted", "Reverted");
        Assert.Empty(users.Statistics.Failures);
        await SecretSearch.AssertNowhereAsync(product, scene.Namespace, [first, second, hub, registry], ct);
    }

    [RealApiServerFact]
    public async Task A_Secret_that_is_missing_is_named_where_the_pod_waits_for_it()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        var ct = limit.Token;
        await using var scene = await product.ServeAsync(new Wanted(), ct);
        await using var users = scene.Users(20);

        await scene.ApplyAsync(new() { Revision = "v2", ApiKeySecret = "keys" }, ct);
        var waiting = await scene.UntilAsync("the pod to wait for its Secret", s => s.Rollout?.Message?.Contains("secret \"keys\" not found", StringComparison.Ordinal) == true, ct);
        Assert.Equal(0, waiting.Candidate!.Weight);
        await KeepAsync(scene, "keys", "there", ct);
        await scene.UntilAsync("v2 to be promoted", s => s is { Candidate: null, Stable.Revision: "v2" }, ct);
        Assert.Empty(users.Statistics.Failures);
    }

    private static async Task ServesAsync(Demo.Load.LoadClient users, string release, CancellationToken ct)
    {
        var before = users.Statistics.ByRelease.GetValueOrDefault(release);
        while (users.Statistics.ByRelease.GetValueOrDefault(release) < before + 10)
            await Task.Delay(TimeSpan.FromMilliseconds(50), ct);
    }

    private async Task KeepAsync(Scene scene, string name, string value, CancellationToken ct, string key = "apiKey")
    {
        // A word that is anywhere is no secret.
        if (value.Contains("planted", StringComparison.Ordinal))
            product.Planted.Add(value);
        await product.Client.ApplyAsync(
            new Secret
            {
                Metadata = new ObjectMeta { Name = name, Namespace = scene.Namespace },
                Data = new Dictionary<string, string> { [key] = Convert.ToBase64String(Encoding.UTF8.GetBytes(value)) },
            },
            "user", ct: ct);
    }
}
