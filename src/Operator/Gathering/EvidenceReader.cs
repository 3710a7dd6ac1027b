using System.Net.Http.Json;
using System.Text.Json;
using LlmOps.Kubernetes;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Gathering;

/// <summary>
/// Asks every ready gateway what it counted. Guarantees: never throws but on cancellation; a gateway that does not answer holds nobody up for longer than
/// <see cref="Grace"/> a request, and is a failure only after <see cref="Timeout"/>; rollouts that ask at the same time share one reading, at most
/// <see cref="ShareFor"/> old, so a hundred canaries cost the gateways as much as one.
/// </summary>
/// <param name="endpoints">EndpointSlices of the gateways' Service, as they are now.</param>
internal sealed class EvidenceReader(HttpClient http, Func<IReadOnlyList<EndpointSlice>> endpoints, ObjectKey gatewayService, TimeProvider time)
{
    /// <summary>Name of the gateways' port for the operator.</summary>
    private const string PortName = "admin";

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ShareFor = TimeSpan.FromMilliseconds(100);

    private readonly Lock sync = new();
    private readonly Dictionary<Uri, Poll> polls = [];

    /// <summary>What the gateways know of one rollout.</summary>
    /// <param name="needsGateway">Whether it is an error that there is none: not where requests have another way.</param>
    public async Task<EvidenceObservation> ReadAsync(string ns, string name, string rolloutId, bool needsGateway, CancellationToken ct)
    {
        var asked = Ask();
        if (asked.Count == 0)
            return !needsGateway ? EvidenceObservation.None : new($"no gateway is ready: Service {gatewayService} has no ready endpoint with a port named {PortName}", []);
        var answers = await Task.WhenAll(asked.Select(poll => AnswerAsync(poll, ct)));
        var failures = answers.Where(answer => answer.Failure is not null).Select(answer => $"{answer.Endpoint.Host}: {answer.Failure}").ToList();
        return new(
            failures.Count == 0 ? null : $"{failures.Count} of {answers.Length} gateways cannot be read ({string.Join("; ", failures)})",
            answers.SelectMany(answer => answer.Evidence?.Rows(ns, name, rolloutId) ?? []).ToEquatableArray())
        {
            RecentAnswers = RecentAnswers.Over([.. answers.SelectMany(answer => answer.Evidence?.RecentAnswers(ns, name, rolloutId) ?? [])]),
        };
    }

    /// <summary>The newest request to each gateway, sent now where there is none or the last one was answered and is too old.</summary>
    private List<Poll> Ask()
    {
        lock (sync)
        {
            var asked = new List<Poll>();
            foreach (var endpoint in Endpoints())
            {
                if (!polls.TryGetValue(endpoint, out var poll) || (poll.Request.IsCompleted && time.GetElapsedTime(poll.SentAt) > ShareFor))
                    polls[endpoint] = poll = new(endpoint, time.GetTimestamp(), ReadAsync(endpoint), poll?.Latest);
                asked.Add(poll);
            }

            foreach (var endpoint in polls.Keys.Where(known => asked.TrueForAll(poll => poll.Endpoint != known)).ToList())
                polls.Remove(endpoint);
            return asked;
        }
    }

    /// <summary>The answer, or, where it is late, the one before as long as that is fresh: bad evidence of one gateway must not wait for another.</summary>
    private async Task<Answer> AnswerAsync(Poll poll, CancellationToken ct)
    {
        if (Grace - time.GetElapsedTime(poll.SentAt) is { Ticks: > 0 } rest)
            await ((Task)poll.Request).WaitAsync(rest, time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ct.ThrowIfCancellationRequested();
        return poll.Latest is { } latest && (latest.Failure is not null || poll.Request.IsCompleted || time.GetElapsedTime(latest.At) <= Timeout)
            ? latest
            : new(poll.Endpoint, null, "no answer yet", 0);
    }

    private async Task<Answer> ReadAsync(Uri endpoint)
    {
        using var timeout = new CancellationTokenSource(Timeout, time);
        try
        {
            var evidence = await http.GetFromJsonAsync(endpoint, GatewayEvidenceJson.Default.GatewayEvidence, timeout.Token);
            return new(endpoint, evidence, evidence is null ? "empty answer" : null, time.GetTimestamp());
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or JsonException or IOException)
        {
            var failure = e is OperationCanceledException ? $"no answer in {Timeout.TotalSeconds:0} s" : e is HttpRequestException { StatusCode: { } status } ? $"HTTP {(int)status}" : e is JsonException ? "not the JSON of the contract" : "connection failed";
            return new(endpoint, null, failure, time.GetTimestamp());
        }
    }

    private IEnumerable<Uri> Endpoints() => (
        from slice in endpoints()
        let port = slice.Ports?.FirstOrDefault(port => port.Name == PortName)?.Port
        where port is not null
        from endpoint in slice.Endpoints
        where endpoint.Conditions?.Ready != false && endpoint.Conditions?.Terminating != true
        from address in endpoint.Addresses.Take(1)
        select PodUrl.Of(address, port.Value, "/internal/evidence"))
        .Distinct();

    /// <param name="At">Timestamp of the answer, or of the end of the wait for it.</param>
    private sealed record Answer(Uri Endpoint, GatewayEvidence? Evidence, string? Failure, long At);

    /// <summary>One request to one gateway.</summary>
    private sealed record Poll(Uri Endpoint, long SentAt, Task<Answer> Request, Answer? Before)
    {
        /// <summary>The newest answer there is.</summary>
        public Answer? Latest => Request.IsCompletedSuccessfully ? Request.Result : Before;
    }
}
