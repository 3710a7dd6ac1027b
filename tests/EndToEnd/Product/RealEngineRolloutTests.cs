using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LlmOps.Demo.Stories;
using LlmOps.Kubernetes;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.EndToEnd.Product;

/// <summary>The real llama.cpp server with a tiny random model, through operator, pod process, gateway and metrics. It answers noise, but it is real.</summary>
[Collection(ProductCollection.Name)]
public sealed class RealEngineRolloutTests(ProductFixture product)
{
    private const string Name = "tiny";

    [RealApiServerFact]
    public async Task A_release_on_the_real_llama_cpp_server_serves_streams_and_is_replaced_by_the_next_which_asks_for_a_key()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        var ct = limit.Token;
        var ns = await product.NamespaceAsync(ct);
        await ApplyAsync(ns, contextLength: 1024, ct);
        await using var recorder = new DeploymentRecorder(product.Client, ns, Name, TimeProvider.System);
        var first = await recorder.WaitAsync("the first release to serve", s => s.Stable is { ReadyReplicas: > 0 }, ProductFixture.Patience, ct);

        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = product.Installation.Gateways[0], Timeout = TimeSpan.FromSeconds(60) };
        // The gateway watches for itself: it may know of the release a moment before or after it knows of its pods.
        await Eventually.TrueAsync(
            async c => JsonNode.Parse(await http.GetStringAsync("/v1/models", c))!["data"]!.AsArray().Any(model => (string?)model!["owned_by"] == ns), ProductFixture.Patience, () => "the gateway to list the model", ct);
        var answer = await AskAsync(http, ns, ct);
        Assert.Equal(first.Status!.Stable!.Release, answer.Release);
        Assert.True((int)answer.Body["usage"]!["completion_tokens"]! > 0);
        await AssertStreamsAsync(http, ns, ct);

        await product.Client.ApplyAsync(
            new Secret { Metadata = new ObjectMeta { Name = "keys", Namespace = ns }, Data = new Dictionary<string, string> { ["apiKey"] = Convert.ToBase64String("sesame"u8) } }, "user", ct: ct);
        await ApplyAsync(ns, contextLength: 2048, ct, engine: ", apiKeySecretRef: {name: keys, key: apiKey}");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var asking = KeepAskingAsync(http, ns, stop.Token);
        var second = await recorder.WaitAsync(
            "the second release to be promoted", s => s.Candidate is null && s.Stable!.Release != first.Status.Stable.Release, ProductFixture.Patience, ct);
        await stop.CancelAsync();
        Assert.Empty(await asking);
        Assert.Equal("Promoted", second.Status!.Rollout!.Phase);
        await AskUntilAsync(http, ns, second.Status.Stable!.Release, ct);

        using var admin = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = product.Installation.GatewayAdmins[0] };
        var metrics = await admin.GetStringAsync("/metrics", ct);
        Assert.Contains($"release=\"{second.Status.Stable.Release}\"", metrics, StringComparison.Ordinal);
        await product.Client.DeleteAsync<Namespace>(new(string.Empty, ns), ct: ct);
    }

    private static JsonObject Request(string ns, bool stream) => new()
    {
        ["model"] = $"{ns}/{Name}",
        ["stream"] = stream,
        ["max_tokens"] = 8,
        ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "Hello" }),
    };

    private static async Task<(JsonObject Body, string Release)> AskAsync(HttpClient http, string ns, CancellationToken ct)
    {
        using var response = await http.PostAsJsonAsync("/v1/chat/completions", Request(ns, stream: false), ct);
        var body = await response.Content.ReadAsStringAsync(ct);
        Assert.True(response.IsSuccessStatusCode, body);
        return (JsonNode.Parse(body)!.AsObject(), response.Headers.GetValues("x-llmops-release").Single());
    }

    /// <summary>The gateway watches for itself: it may know of a promotion a moment after this test.</summary>
    private static async Task AskUntilAsync(HttpClient http, string ns, string release, CancellationToken ct)
    {
        while ((await AskAsync(http, ns, ct)).Release != release)
            ct.ThrowIfCancellationRequested();
    }

    private static async Task AssertStreamsAsync(HttpClient http, string ns, CancellationToken ct)
    {
        using var response = await http.PostAsJsonAsync("/v1/chat/completions", Request(ns, stream: true), ct);
        var lines = (await response.Content.ReadAsStringAsync(ct)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("data: [DONE]", lines[^1].Trim());
        Assert.True(lines.Length > 3, "the stream has no tokens");
    }

    private static async Task<IReadOnlyList<string>> KeepAskingAsync(HttpClient http, string ns, CancellationToken ct)
    {
        var failures = new List<string>();
        try
        {
            while (!ct.IsCancellationRequested)
            {
                using var response = await http.PostAsJsonAsync("/v1/chat/completions", Request(ns, stream: false), ct);
                if (!response.IsSuccessStatusCode)
                    failures.Add(await response.Content.ReadAsStringAsync(ct));
            }
        }
        catch (OperationCanceledException)
        {
            // The test has seen enough.
        }

        return failures;
    }

    private Task<string> ApplyAsync(string ns, int contextLength, CancellationToken ct, string engine = "") => product.Kubectl.ApplyTextAsync(
        $$"""
        apiVersion: llmops.dev/v1alpha1
        kind: LlmDeployment
        metadata: {name: {{Name}}}
        spec:
          model: {source: hf://test/tiny}
          engine: {type: llama.cpp, maxModelLen: {{contextLength}}{{engine}} }
          rollout:
            steps: [{weight: 50, hold: 2s, minRequests: 5}]
            scaleDownDelay: 1s
        """,
        ns,
        ct);
}
