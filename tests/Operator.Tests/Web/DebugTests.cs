using System.Net;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using LlmOps.Operator.Controllers;
using LlmOps.Operator.Tests.Scenarios;
using LlmOps.Operator.Tests.World;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Web;

/// <summary>The last decision about an LlmDeployment, as a person reads it.</summary>
public sealed class DebugTests(ITestOutputHelper output)
{
    private const string Planted = "planted-debug-key";

    [Fact]
    public async Task The_last_decision_is_shown_with_what_it_was_made_from_and_without_secrets()
    {
        await using var world = await TestWorld.StartAsync(output.WriteLine, withOperator: false);
        var ports = LoopbackPorts.Take(2);
        world.Options = options => options with { BindAddress = IPAddress.Loopback, MetricsPort = ports[0], DebugPort = ports[1] };
        world.StartOperator();
        await world.ApplyAsync(new Secret
        {
            Metadata = new ObjectMeta { Name = "keys", Namespace = Samples.Namespace },
            Data = new Dictionary<string, string> { ["apiKey"] = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(Planted)) },
        });
        world.Engine.Keys = [Planted];
        await world.ApplyAsync(Samples.AsApplied(Samples.Gate()));
        var canary = Samples.Canary("v1");
        await world.ApplyAsync(canary with { Spec = canary.Spec with { Engine = canary.Spec.Engine with { ApiKeySecretRef = new SecretKeyReference { Name = "keys", Key = "apiKey" } } } });
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable: not null }, "it serves");

        using var http = new HttpClient();
        async Task<(HttpStatusCode Status, string Text)> GetAsync(string path, int port, string? host = null)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{port}{path}");
            request.Headers.Host = host;
            using var answer = await http.SendAsync(request);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }

        var path = $"/debug/decisions/{Samples.Namespace}/bot";
        var (status, text) = await GetAsync(path, ports[1]);
        Assert.Equal(HttpStatusCode.OK, status);
        var dump = JsonNode.Parse(text)!;
        var deployment = world.Get();
        Assert.Equal(deployment.Status!.Stable!.Release, (string?)dump["decision"]!["next"]!["stable"]!["hash"]);
        Assert.Equal(deployment.Status.Stable.ServingHash, (string?)dump["observation"]!["pods"]![0]!["servingHash"]);
        Assert.Equal(2, (int)dump["plan"]!["replicas"]!);
        Assert.Equal(["gate quality", "weight 25%", "weight 50%"], dump["plan"]!["steps"]!.AsArray().Select(step => (string)step!));
        Assert.DoesNotContain(Planted, text, StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(path, ports[0])).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await GetAsync(path, ports[1], "attacker.example")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync("/metrics", ports[1])).Status);
        var (missing, why) = await GetAsync($"/debug/decisions/{Samples.Namespace}/none", ports[1]);
        Assert.Equal(HttpStatusCode.NotFound, missing);
        Assert.StartsWith("no decision about this object is kept", why, StringComparison.Ordinal);

        async Task<JsonNode> OutcomeAsync(string of)
        {
            var (found, json) = await GetAsync($"/debug/decisions/{of}", ports[1]);
            Assert.True(found == HttpStatusCode.OK, $"{of}: {json}");
            return JsonNode.Parse(json)!;
        }

        Assert.Equal(deployment.Status.Stable.Release, (string?)(await OutcomeAsync($"llmdeployment/{Samples.Namespace}/bot"))["decision"]!["next"]!["stable"]!["hash"]);
        var gate = await OutcomeAsync($"evalgate/{Samples.Namespace}/quality");
        Assert.Equal(("EvalGate", "Ready", Reasons.Valid, "can be run"), ((string?)gate["kind"], (string?)gate["outcome"], (string?)gate["reason"], (string?)gate["message"]));
        var action = await world.Client.CreateAsync(ActionTests.Action(RolloutActionKinds.Evaluate, null, "nobody"), CancellationToken.None);
        await TestWorld.UntilAsync(() => world.Find<RolloutAction>("rolloutactions.llmops.dev", action.Metadata.Name!)?.Status is not null, "it is answered");
        await Testing.Eventually.TrueAsync(async _ => (await GetAsync($"/debug/decisions/RolloutAction/{Samples.Namespace}/{action.Metadata.Name}", ports[1])).Status == HttpStatusCode.OK, TimeSpan.FromSeconds(60), () => "its outcome is kept");
        var refused = await OutcomeAsync($"RolloutAction/{Samples.Namespace}/{action.Metadata.Name}");
        Assert.Equal((RolloutActionPhases.Refused, Reasons.DeploymentNotFound), ((string?)refused["outcome"], (string?)refused["reason"]));
        Assert.Equal(["LlmDeployment nobody, which is not there"], refused["basedOn"]!.AsArray().Select(seen => (string?)seen));
        await world.Client.DeleteAsync<RolloutAction>(action.Key());
        await Testing.Eventually.TrueAsync(async _ => (await GetAsync($"/debug/decisions/RolloutAction/{Samples.Namespace}/{action.Metadata.Name}", ports[1])).Status == HttpStatusCode.NotFound, TimeSpan.FromSeconds(60), () => "it is forgotten with the object");

        await world.Client.DeleteAsync<LlmDeployment>(new(Samples.Namespace, "bot"));
        await TestWorld.UntilAsync(() => GetAsync(path, ports[1]).Result.Status == HttpStatusCode.NotFound, "it is forgotten with the object");
    }
}
