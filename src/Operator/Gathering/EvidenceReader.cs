using System.Net.Http.Json;
using System.Text.Json;
using LlmOps.Kubernetes;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Gathering;

/// <summary>
/// Asks every ready gateway what it counted. Guarantees: never throws but on cancellation; an answer takes at most <see cref="Timeout"/>; rollouts that ask at
/// the same time share one reading, at most <see cref="ShareFor"/> old, so a hundred canaries cost the gateways as much as one.
/// </summary>
/// <param name="endpoints">EndpointSlices of the gateways' Service, as they are now.</param>
internal sealed class EvidenceReader(HttpClient http, Func<IReadOnlyList<EndpointSlice>> endpoints, ObjectKey gatewayService, TimeProvider time)
{
    /// <summary>Name of the gateways' port for the operator.</summary>
    private const string PortName = "admin";

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ShareFor = TimeSpan.FromMilliseconds(100);

    private readonly Lock sync = new();
    private Task<IReadOnlyList<Answer>>? reading;
    private long readAt;

    /// <summary>What the gateways know of one rollout.</summary>
    /// <param name="needsGateway">Whether it is an error that there is none: not where requests have another way.</param>
    public async Task<EvidenceObservation> ReadAsync(string ns, string name, string rolloutId, bool needsGateway, CancellationToken ct)
    {
        var answers = await Share().WaitAsync(ct);
        if (answers.Count == 0)
            return !needsGateway ? EvidenceObservation.None : new($"no gateway is ready: Service {gatewayService} has no ready endpoint with a port named {PortName}", []);
        var failures = answers.Where(answer => answer.Failure is not null).Select(answer => $"{answer.Endpoint.Host}: {answer.Failure}").ToList();
        return new(
            failures.Count == 0 ? null : $"{failures.Count} of {answers.Count} gateways cannot be read ({string.Join("; ", failures)})",
            answers.SelectMany(answer => answer.Evidence?.Rows(ns, name, rolloutId) ?? []).ToEquatableArray());
    }

    private Task<IReadOnlyList<Answer>> Share()
    {
        lock (sync)
        {
            if (reading is null || (reading.IsCompleted && time.GetElapsedTime(readAt) > ShareFor))
            {
                readAt = time.GetTimestamp();
                reading = ReadAllAsync();
            }

            return reading;
        }
    }

    private async Task<IReadOnlyList<Answer>> ReadAllAsync() => await Task.WhenAll(Endpoints().Select(ReadAsync));

    private async Task<Answer> ReadAsync(Uri endpoint)
    {
        using var timeout = new CancellationTokenSource(Timeout, time);
        try
        {
            var evidence = await http.GetFromJsonAsync(endpoint, GatewayEvidenceJson.Default.GatewayEvidence, timeout.Token);
            return new(endpoint, evidence, evidence is null ? "empty answer" : null);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or JsonException or IOException)
        {
            return new(endpoint, null, e is OperationCanceledException ? $"no answer in {Timeout.TotalSeconds:0} s" : e is HttpRequestException { StatusCode: { } status } ? $"HTTP {(int)status}" : e is JsonException ? "not the JSON of the contract" : "connection failed");
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

    private sealed record Answer(Uri Endpoint, GatewayEvidence? Evidence, string? Failure);
}
