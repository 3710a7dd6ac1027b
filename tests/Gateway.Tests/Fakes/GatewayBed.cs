using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using LlmOps.Api;
using LlmOps.Gateway.Split;
using LlmOps.Kubernetes;
using LlmOps.Testing;

namespace LlmOps.Gateway.Tests.Fakes;

/// <summary>A gateway in this process with one LlmDeployment <c>bot</c>, whose stable and candidate are fake engines.</summary>
internal sealed class GatewayBed : IAsyncDisposable
{
    public const string Rollout = "9a3b12cd";

    private readonly HttpClient http = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(1) }) { Timeout = TimeSpan.FromSeconds(30) };

    private GatewayBed(GatewayServer gateway, FakeEngine stable, FakeEngine candidate, ManualTime? time) =>
        (Gateway, Stable, Candidate, Time) = (gateway, stable, candidate, time);

    public GatewayServer Gateway { get; }

    public FakeEngine Stable { get; }

    public FakeEngine Candidate { get; }

    public ManualTime? Time { get; }

    /// <summary>What clients send as <c>Authorization</c>.</summary>
    public AuthenticationHeaderValue? ClientKey { get; set; }

    public static async Task<GatewayBed> StartAsync(
        Func<Microsoft.AspNetCore.Http.HttpContext, Task>? stable = null,
        Func<Microsoft.AspNetCore.Http.HttpContext, Task>? candidate = null,
        int weight = 0, GatewayOptions? options = null, ManualTime? time = null, Func<ObjectKey, Secret?>? secrets = null, TestLogger? logger = null)
    {
        var clock = (TimeProvider?)time ?? TimeProvider.System;
        options = (options ?? new GatewayOptions()) with { Bind = IPAddress.Loopback, ClientPort = 0, AdminPort = 0, MeterName = $"Test.{Guid.NewGuid():N}" };
        var bed = new GatewayBed(
            await GatewayServer.StartAsync(options, new SecretTokens((key, _) => Task.FromResult(secrets?.Invoke(key)), clock), clock, logger ?? new TestLogger(), CancellationToken.None),
            await FakeEngine.StartAsync(stable ?? Answers.Right("stable")),
            await FakeEngine.StartAsync(candidate ?? Answers.Right("candidate")),
            time);
        bed.Gateway.Routes.Apply(null, Cluster.Slice("stable", bed.Stable.Address));
        bed.Gateway.Routes.Apply(null, Cluster.Slice("candidate", bed.Candidate.Address));
        bed.Weigh(weight);
        bed.Gateway.Routes.MarkSynced();
        return bed;
    }

    /// <summary>Writes the status of <c>bot</c>.</summary>
    public void Weigh(int candidate, int epoch = 1, string rollout = Rollout, string? stablePrompt = null, string? candidatePrompt = null, string? stickiness = null, int warmUpRequests = 0, PricingSpec? pricing = null) =>
        Gateway.Routes.Apply(null, Cluster.Deployment(
            stable: Cluster.Release("r-stable", "stable", 100 - candidate, stablePrompt),
            candidate: Cluster.Release("r-candidate", "candidate", candidate, candidatePrompt),
            rollout: rollout, epoch: epoch, stickiness: stickiness, warmUpRequests: warmUpRequests, pricing: pricing));

    /// <summary>Writes the status of <c>bot</c> with engines that ask for keys, in Secrets of these names; null for one that asks for none.</summary>
    public void WithKeys(string? stable, string? candidate, int weight = 100, bool mirror = false)
    {
        static ReleaseStatus With(ReleaseStatus release, string? secret) => secret is null ? release : release with { ApiKeySecretRef = new SecretKeyReference { Name = secret, Key = "key" } };
        Gateway.Routes.Apply(null, Cluster.Deployment(
            stable: With(Cluster.Release("r-stable", "stable", 100 - weight), stable),
            candidate: With(Cluster.Release("r-candidate", "candidate", weight), candidate) with { Mirror = mirror ? new MirrorStatus { Percent = 100, MaxConcurrent = 8 } : null },
            epoch: mirror ? 2 : 1));
    }

    /// <summary>Writes the status of <c>bot</c> while its candidate gets copies.</summary>
    public void Mirror(int percent = 100, int maxConcurrent = 8, int epoch = 2, string? candidatePrompt = null) =>
        Gateway.Routes.Apply(null, Cluster.Deployment(
            stable: Cluster.Release("r-stable", "stable", 100),
            candidate: Cluster.Release("r-candidate", "candidate", 0, candidatePrompt) with { Mirror = new MirrorStatus { Percent = percent, MaxConcurrent = maxConcurrent } },
            epoch: epoch));

    /// <summary>Writes the status of <c>bot</c> once its candidate took over.</summary>
    public void Promote() => Gateway.Routes.Apply(null, Cluster.Deployment(stable: Cluster.Release("r-candidate", "candidate", 100), epoch: 3, phase: "Promoted"));

    /// <summary>One count of the first epoch in the evidence.</summary>
    public async Task<long> CountAsync(string track, string what) => (await EpochsAsync())[0].GetProperty(track).GetProperty(what).GetInt64();

    /// <summary>Session keys of one track at a weight.</summary>
    public static IEnumerable<string> Sessions(string track, int weight, string rollout = Rollout) =>
        Enumerable.Range(0, int.MaxValue).Select(i => $"s{i}")
            .Where(s => TrafficSplit.IsCandidate(TrafficSplit.HashKey(TrafficSplit.Salt(rollout), s.AsSpan()), weight) == (track == Tracks.Candidate));

    public async Task<Reply> ChatAsync(string? body = null, string? session = null, string path = "/v1/chat/completions", CancellationToken ct = default)
    {
        using var response = await SendAsync(body, session, path, ct);
        return new Reply(response, await response.Content.ReadAsStringAsync(ct));
    }

    /// <summary>Only headers are read; the rest is the caller's.</summary>
    public async Task<HttpResponseMessage> SendAsync(string? body = null, string? session = null, string path = "/v1/chat/completions", CancellationToken ct = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Gateway.ClientAddress, path));
        request.Content = new StringContent(body ?? Body(), Encoding.UTF8, "application/json");
        request.Headers.Authorization = ClientKey;
        if (session is not null)
            request.Headers.Add(GatewayHeaders.Session, session);
        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
    }

    public Task<HttpResponseMessage> GetAsync(string path) => http.GetAsync(new Uri(Gateway.ClientAddress, path));

    public Task<string> AdminAsync(string path) => http.GetStringAsync(new Uri(Gateway.AdminAddress, path));

    public Task<HttpResponseMessage> AdminResponseAsync(string path) => http.GetAsync(new Uri(Gateway.AdminAddress, path));

    /// <summary>The epochs of the first rollout in the evidence.</summary>
    public async Task<JsonElement> EpochsAsync() =>
        JsonDocument.Parse(await AdminAsync("/internal/evidence")).RootElement.GetProperty("rollouts")[0].GetProperty("epochs");

    public static string Body(bool stream = true, string model = "bot", string extra = "") =>
        $$"""{"model":"{{model}}","stream":{{(stream ? "true" : "false")}},"messages":[{"role":"user","content":"hi"}]{{extra}}}""";

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await Stable.DisposeAsync();
        await Candidate.DisposeAsync();
        http.Dispose();
    }
}

/// <summary>An answer, read whole.</summary>
internal sealed record Reply(int Status, string Body, string? Track, string? Release, string? RetryAfter, IReadOnlyList<string> HeaderNames)
{
    public Reply(HttpResponseMessage response, string body)
        : this(
            (int)response.StatusCode, body, Header(response, GatewayHeaders.Track), Header(response, GatewayHeaders.Release), Header(response, "Retry-After"),
            [.. response.Headers.Concat(response.Content.Headers).Select(h => h.Key)])
    {
    }

    /// <summary>The text of the answer, streamed or whole.</summary>
    public string Text => Body.Contains("data:", StringComparison.Ordinal)
        ? string.Concat(Events.Where(e => e != "[DONE]").Select(e => JsonDocument.Parse(e).RootElement).SelectMany(Deltas))
        : Json.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;

    public IReadOnlyList<string> Events => [.. Body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(e => e["data: ".Length..])];

    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    public JsonElement Error => Json.GetProperty("error");

    private static IEnumerable<string> Deltas(JsonElement chunk) =>
        chunk.TryGetProperty("choices", out var choices)
            ? choices.EnumerateArray().Select(c => c.GetProperty("delta").TryGetProperty("content", out var text) ? text.GetString()! : "")
            : [];

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? values.Single() : null;
}
