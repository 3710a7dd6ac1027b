using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Testing;
using Microsoft.AspNetCore.Http;

namespace LlmOps.Operator.Tests.World;

/// <summary>Counts requests by what LlmDeployments say in their status, as the gateway does, and tells them on <c>/internal/evidence</c>.</summary>
internal sealed class FakeGateway : IAsyncDisposable
{
    /// <summary>Requests a poll, over both tracks.</summary>
    private const int RequestsPerPoll = 400;

    private readonly InProcessApiServer server;
    private LoopbackServer http = null!;
    private int asked;
    private readonly Dictionary<(string Name, string Rollout, int Epoch), Counts> epochs = [];

    private FakeGateway(InProcessApiServer server) => this.server = server;

    public int Port => http.Address.Port;

    /// <summary>Share of the candidate's requests that fail; stable's never do.</summary>
    public double CandidateErrorRate { get; set; }

    /// <summary>Whether the candidate's engine refuses requests as unauthorized that stable answers.</summary>
    public bool CandidateIsUnauthorized { get; set; }

    /// <summary>Whether it has nothing to say: a metric source that is down.</summary>
    public bool IsDown { get; set; }

    /// <summary>Whether it takes questions and never answers them.</summary>
    public bool Hangs { get; set; }

    /// <summary>Whether no requests come.</summary>
    public bool IsQuiet { get; set; }

    /// <summary>Adds to the counts of an epoch what only some stories need; null: nothing.</summary>
    public Action<JsonObject>? Tell { get; set; }

    /// <summary>How often it was asked.</summary>
    public int Asked => Volatile.Read(ref asked);

    public static async Task<FakeGateway> StartAsync(InProcessApiServer server)
    {
        var gateway = new FakeGateway(server);
        gateway.http = await LoopbackServer.StartAsync(gateway.AnswerAsync);
        return gateway;
    }

    public ValueTask DisposeAsync() => http.DisposeAsync();

    private Task AnswerAsync(HttpContext context)
    {
        Interlocked.Increment(ref asked);
        if (Hangs)
            return Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        if (IsDown)
        {
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        }

        return context.Response.WriteAsync(Evidence().ToJsonString());
    }

    private JsonObject Evidence()
    {
        lock (epochs)
        {
            foreach (var deployment in server.FindAll("llmdeployments.llmops.dev", Samples.Namespace).Select(node => node.Deserialize(LlmDeployment.JsonType)!))
            {
                if (deployment.Status is { Stable: not null, Candidate: { Weight: > 0 and var weight }, Rollout: { } rollout } && !IsQuiet)
                    Serve((deployment.Metadata.Name!, rollout.Id, rollout.WeightEpoch ?? 0), weight);
                if (deployment.Status is { Stable: not null, Candidate: { Weight: 0, Mirror: not null }, Rollout: { } copying } && !IsQuiet)
                    Copy((deployment.Metadata.Name!, copying.Id, copying.WeightEpoch ?? 0));
            }

            return new JsonObject
            {
                ["process"] = "gateway-1",
                ["rollouts"] = new JsonArray([.. epochs.GroupBy(epoch => (epoch.Key.Name, epoch.Key.Rollout)).Select(rollout => (JsonNode)new JsonObject
                {
                    ["namespace"] = Samples.Namespace,
                    ["name"] = rollout.Key.Name,
                    ["rollout"] = rollout.Key.Rollout,
                    ["epochs"] = new JsonArray([.. rollout.Select(JsonNode (epoch) => Told(epoch.Value.ToJson(epoch.Key.Epoch)))]),
                })]),
            };
        }
    }

    private JsonObject Told(JsonObject epoch)
    {
        Tell?.Invoke(epoch);
        return epoch;
    }

    private void Serve((string, string, int) key, int weight)
    {
        var counts = epochs.GetValueOrDefault(key) ?? new Counts(weight, 0, 0, 0, 0);
        var candidate = RequestsPerPoll * weight / 100;
        epochs[key] = counts with
        {
            Stable = counts.Stable + RequestsPerPoll - candidate,
            Candidate = counts.Candidate + candidate,
            CandidateErrors = counts.CandidateErrors + (int)(candidate * CandidateErrorRate),
            Unauthorized = counts.Unauthorized + (CandidateIsUnauthorized ? 1 : 0),
        };
    }

    private void Copy((string, string, int) key)
    {
        const int Copies = 50;
        var counts = epochs.GetValueOrDefault(key) ?? new Counts(0, 0, 0, 0, 0) { IsMirrored = true };
        epochs[key] = counts with
        {
            Stable = counts.Stable + Copies,
            Candidate = counts.Candidate + Copies,
            CandidateErrors = counts.CandidateErrors + (int)(Copies * CandidateErrorRate),
        };
    }

    private sealed record Counts(int Weight, long Stable, long Candidate, long CandidateErrors, long Unauthorized)
    {
        public bool IsMirrored { get; init; }

        public JsonObject ToJson(int epoch) => new JsonObject
        {
            ["epoch"] = epoch,
            ["weight"] = Weight,
            ["mirrored"] = IsMirrored,
            ["ttftThresholdsSeconds"] = new JsonArray(),
            ["stable"] = new JsonObject { ["requests"] = Stable, ["errors"] = 0, ["slowTtft"] = new JsonArray() },
            ["candidate"] = new JsonObject { ["requests"] = Candidate, ["errors"] = CandidateErrors, ["slowTtft"] = new JsonArray(), ["unauthorized"] = Unauthorized },
        };
    }
}
