using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LlmOps.Demo.Stories;
using LlmOps.Rollouts;

namespace LlmOps.Bench.Revert;

/// <summary>Polls the evidence of all gateways every 20 ms and works the live tests out by itself.</summary>
internal sealed class EvidenceWatch(HttpClient http, IReadOnlyList<Uri> gatewayAdmins, string rollout, AnalysisPlan analysis, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    /// <summary>When the counts first sufficed for a revert; null: not yet.</summary>
    public DateTimeOffset? SufficientAt { get; private set; }

    /// <summary>Requests that were given to the candidate, in all gateways.</summary>
    public long CandidateRequests { get; private set; }

    /// <summary>When the last one was seen.</summary>
    public DateTimeOffset LastAssignedAt { get; private set; }

    /// <summary>Until cancelled.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
            {
                // The moment before reading: what is read may be older than the answer, never than the question.
                var asked = time.GetUtcNow();
                var counts = await Task.WhenAll(gatewayAdmins.Select(admin => http.GetFromJsonAsync<JsonObject>(new Uri(admin, "/internal/evidence"), ct)));
                Read(asked, counts);
            }
            while (await timer.WaitForNextTickAsync(ct));
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
        }
    }

    private void Read(DateTimeOffset at, JsonObject?[] counts)
    {
        var requests = counts
            .SelectMany(one => one!["rollouts"]!.AsArray())
            .Where(one => (string?)one!["rollout"] == rollout)
            .SelectMany(one => one!["epochs"]!.AsArray())
            .Sum(epoch => (long)epoch!["candidate"]!["requests"]!);
        if (requests > CandidateRequests)
            (CandidateRequests, LastAssignedAt) = (requests, at);
        if (SufficientAt is null && LiveEvidence.IsSufficient(counts, rollout, analysis))
            SufficientAt = at;
    }
}
