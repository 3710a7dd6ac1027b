using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LlmOps.Bench.Scale;

/// <summary>
/// Plays all engine pods and the only gateway on one loopback address: pods answer warm-ups and have nothing in flight, the gateway tells of healthy requests
/// for every candidate that has weight, and of nothing but errors for one that is broken.
/// </summary>
internal sealed class StandIns : IAsyncDisposable
{
    /// <summary>The port of vLLM.</summary>
    public const int Port = 8000;

    private const double RequestsPerSecond = 40;
    private const string Answer = """{"id":"1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"pong"},"finish_reason":"stop"}]}""";
    private const string Metrics = "vllm:num_requests_running 0\nvllm:num_requests_waiting 0\n";

    private readonly ConcurrentDictionary<ObjectKey, Traffic> traffic = new();
    private readonly ConcurrentDictionary<ObjectKey, string> broken = new();
    private readonly TimeProvider time;
    private WebApplication app = null!;

    private StandIns(TimeProvider time) => this.time = time;

    public string Address { get; private set; } = string.Empty;

    /// <param name="address">Of an earlier run; null for a free one.</param>
    /// <param name="time">Clock of the users.</param>
    /// <param name="ct">Cancels the start.</param>
    public static async Task<StandIns> StartAsync(string? address, TimeProvider time, CancellationToken ct)
    {
        const int Attempts = 20;
        for (var attempt = 1; ; attempt++)
        {
            var standIns = new StandIns(time) { Address = address ?? $"127.{RandomNumberGenerator.GetInt32(64, 128)}.{RandomNumberGenerator.GetInt32(1, 255)}.{RandomNumberGenerator.GetInt32(1, 255)}" };
            try
            {
                await standIns.ListenAsync(ct);
                return standIns;
            }
            catch (IOException) when (address is null && attempt < Attempts)
            {
                // Somebody has that address and port.
                await standIns.DisposeAsync();
            }
        }
    }

    /// <summary>Users go where the status leads them.</summary>
    public void Follow(ObjectKey key, LlmDeploymentStatus? status)
    {
        if (status is { Candidate: { Weight: > 0 } candidate, Stable: not null, Rollout: { } rollout })
            traffic.AddOrUpdate(key, _ => new Traffic(rollout.Id).At(rollout.WeightEpoch ?? 0, candidate.Weight, time.GetUtcNow()), (_, known) => (known.Rollout == rollout.Id ? known : new(rollout.Id)).At(rollout.WeightEpoch ?? 0, candidate.Weight, time.GetUtcNow()));
        else
            traffic.TryRemove(key, out _);
    }

    /// <summary>From now on every answer of the candidate, those that it gave already included, was an error: evidence that suffices at once.</summary>
    public void Break(ObjectKey key) => broken[key] = traffic[key].Rollout;

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task ListenAsync(CancellationToken ct)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Parse(Address), Port));
        app = builder.Build();
        app.Run(context => context.Request.Path.Value switch
        {
            "/internal/evidence" => context.Response.WriteAsync(Evidence().ToJsonString()),
            "/metrics" => context.Response.WriteAsync(Metrics),
            _ => context.Response.WriteAsync(Answer),
        });
        await app.StartAsync(ct);
    }

    private JsonObject Evidence() => new()
    {
        ["process"] = "bench",
        ["rollouts"] = new JsonArray([.. traffic.Select(entry => new JsonObject
        {
            ["namespace"] = entry.Key.Namespace,
            ["name"] = entry.Key.Name,
            ["rollout"] = entry.Value.Rollout,
            ["epochs"] = new JsonArray([.. entry.Value.Epochs(time.GetUtcNow()).Select(epoch => new JsonObject
            {
                ["epoch"] = epoch.Number,
                ["weight"] = epoch.Weight,
                ["stable"] = Counts(epoch.Requests - epoch.ForCandidate, errors: 0),
                ["candidate"] = Counts(epoch.ForCandidate, broken.GetValueOrDefault(entry.Key) == entry.Value.Rollout ? epoch.ForCandidate : 0),
            })]),
        })]),
    };

    private static JsonObject Counts(long requests, long errors) => new() { ["requests"] = requests, ["units"] = requests, ["errors"] = errors, ["slowTtft"] = new JsonArray(0, 0, 0, 0, 0) };

    /// <summary>Requests of the users of one rollout. Immutable.</summary>
    private sealed record Traffic(string Rollout)
    {
        private readonly IReadOnlyList<(int Number, int Weight, DateTimeOffset Since)> changes = [];

        private Traffic(string rollout, IReadOnlyList<(int, int, DateTimeOffset)> changes)
            : this(rollout) => this.changes = changes;

        public Traffic At(int epoch, int weight, DateTimeOffset now) =>
            changes.Count > 0 && changes[^1].Number == epoch ? this : new(Rollout, [.. changes, (epoch, weight, now)]);

        public IEnumerable<(int Number, int Weight, long Requests, long ForCandidate)> Epochs(DateTimeOffset now)
        {
            for (var i = 0; i < changes.Count; i++)
            {
                var until = i + 1 < changes.Count ? changes[i + 1].Since : now;
                var requests = (long)((until - changes[i].Since).TotalSeconds * RequestsPerSecond);
                yield return (changes[i].Number, changes[i].Weight, requests, requests * changes[i].Weight / 100);
            }
        }
    }
}
