using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LlmOps.Rollouts;

namespace LlmOps.Bench.Revert;

/// <summary>Polls the evidence of all gateways every 20 ms, once for all rollouts that are followed, and works their live tests out by itself.</summary>
internal sealed class EvidenceWatch : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(5) };
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentDictionary<string, RolloutEvidence> followed = new(StringComparer.Ordinal);
    private readonly IReadOnlyList<Uri> gatewayAdmins;
    private readonly AnalysisPlan analysis;
    private readonly TimeProvider time;
    private readonly Task polling;

    public EvidenceWatch(IReadOnlyList<Uri> gatewayAdmins, AnalysisPlan analysis, TimeProvider time)
    {
        (this.gatewayAdmins, this.analysis, this.time) = (gatewayAdmins, analysis, time);
        polling = PollAsync();
    }

    /// <summary>Follows a rollout until <see cref="Leave"/>.</summary>
    public RolloutEvidence Follow(string rollout) => followed.GetOrAdd(rollout, id => new(id, analysis));

    public void Leave(RolloutEvidence evidence) => followed.TryRemove(evidence.Rollout, out _);

    /// <exception cref="HttpRequestException">A gateway could not be asked: what was measured is worth nothing.</exception>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await polling;
        stop.Dispose();
        http.Dispose();
    }

    private async Task PollAsync()
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
            {
                // The moment before reading: what is read may be older than the answer, never than the question.
                var asked = time.GetUtcNow();
                var counts = await Task.WhenAll(gatewayAdmins.Select(admin => http.GetFromJsonAsync<JsonObject>(new Uri(admin, "/internal/evidence"), stop.Token)));
                foreach (var evidence in followed.Values)
                    evidence.Read(asked, counts);
            }
            while (await timer.WaitForNextTickAsync(stop.Token));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }
}
