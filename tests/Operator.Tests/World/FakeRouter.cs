using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Testing;

namespace LlmOps.Operator.Tests.World;

/// <summary>
/// Plays what obeys routes of each kind, and the EndpointSlice controller for their Services: sends requests by the weights of the routes that it accepted, to pods that it saw a round ago, as a
/// data plane does that learns of everything late. A route that it does not accept goes on as it was accepted last.
/// </summary>
internal sealed class FakeRouter(InProcessApiServer server, TimeProvider time) : IAsyncDisposable
{
    private const int RequestsPerRound = 40;

    private readonly KubernetesClient client = new(server.Configuration with { FieldManager = "fake-router", UserAgent = "fake-router" }, time);
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentDictionary<string, long> answered = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> failures = new();
    private readonly Dictionary<string, double> owed = [];
    /// <summary>Rules of each route as it was accepted last.</summary>
    private readonly ConcurrentDictionary<(RouteKind Kind, string Name), IReadOnlyList<IReadOnlyList<(string Service, int Weight)>>> routes = new();
    private volatile ILookup<string, (string Pod, string Serving)> endpoints = Array.Empty<(string, (string, string))>().ToLookup(item => item.Item1, item => item.Item2);
    private Task loop = Task.CompletedTask;

    /// <summary>What is said of a route: True, False, or nothing.</summary>
    public Func<ObjectMeta, string?> Accepts { get; set; } = _ => "True";

    /// <summary>Whether what is said of routes is written into their status.</summary>
    public bool TellsStatus { get; set; } = true;

    /// <summary>Whether the endpoints of a Service follow its selector and pods; false: they stay as they are.</summary>
    public Func<Service, bool> Fills { get; set; } = _ => true;

    /// <summary>Requests so far that found no pod.</summary>
    public IReadOnlyCollection<string> Failures => failures;

    /// <summary>The engines by their address, to count what they answer.</summary>
    public Dictionary<string, FakeEngine> Engines { get; } = [];

    /// <summary>Part of the candidate's requests that go to stable in spite of the weights.</summary>
    public double Leak { get; set; }

    /// <summary>Share of the requests that each of our Services gets, in per cent: by the first rule of each route as it was accepted last.</summary>
    public IReadOnlyDictionary<string, double> InEffect => routes.Values
        .SelectMany(rules => rules.Take(1))
        .SelectMany(rule => rule.Where(IsOurs).Select(share => (share.Service, Percent: 100.0 * share.Weight / Math.Max(1, rule.Where(IsOurs).Sum(each => each.Weight)))))
        .ToDictionary(share => share.Service, share => share.Percent);

    /// <summary>Whether it may still send requests to a pod: such a pod goes on answering until the router has learnt that it goes.</summary>
    public bool Knows(Pod pod) => endpoints.Any(service => service.Any(endpoint => endpoint.Pod == pod.Metadata.Name));

    /// <summary>Requests answered by pods of a serving hash.</summary>
    public long AnsweredBy(string servingHash) => answered.GetValueOrDefault(servingHash);

    public static void InstallCrds(InProcessApiServer server)
    {
        foreach (var kind in RouteKind.All)
            server.InstallYaml(MinimalCrd.Of(kind.Type));
    }

    public void Start() => loop = Task.Run(RunAsync);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await loop;
        client.Dispose();
    }

    private async Task RunAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                Send();
                foreach (var service in All<Service>("services").Where(service => FakeEndpoints.IsOfTrack(service.Metadata) && Fills(service)))
                    await FillAsync(service);
                foreach (var kind in RouteKind.All)
                {
                    foreach (var route in server.FindAll(kind.Resource, Samples.Namespace))
                        await AcceptAsync(kind, route);
                }

                Learn();
                await Task.Delay(TimeSpan.FromMilliseconds(time == TimeProvider.System ? 15 : 200), time, stop.Token);
            }
            catch (Exception e) when (e is KubernetesException or OperationCanceledException)
            {
                // An object changed or went meanwhile: the next round sees it.
            }
        }
    }

    private void Learn()
    {
        foreach (var gone in routes.Keys.Where(route => server.Find(route.Kind.Resource, Samples.Namespace, route.Name) is null))
            routes.TryRemove(gone, out _);
        endpoints = (
            from slice in All<EndpointSlice>("endpointslices.discovery.k8s.io")
            let service = slice.Metadata.Labels?.GetValueOrDefault(EndpointSlice.ServiceNameLabel)
            where service is not null
            from endpoint in slice.Endpoints
            where endpoint.Conditions?.Ready == true
            select (service, endpoint.TargetRef!.Name!)).ToLookup(item => item.service, item => (item.Item2, Serving(item.Item2)));
    }

    private string Serving(string pod) => server.Find("pods", Samples.Namespace, pod)?["metadata"]!["labels"]![Labels.Serving]?.GetValue<string>() ?? string.Empty;

    /// <summary>Sends what was learnt the round before: pods that went since are a failure.</summary>
    private void Send()
    {
        foreach (var (rule, name) in routes.SelectMany(route => route.Value, (route, rule) => (rule, route.Key.Name)))
        {
            var shares = rule.Where(share => endpoints.Contains(share.Service) || IsOurs(share)).ToList();
            var sum = shares.Sum(share => share.Weight);
            foreach (var (service, weight) in shares.Where(share => share.Weight > 0))
            {
                var due = owed.GetValueOrDefault(name + service) + (RequestsPerRound * (double)weight / sum);
                owed[name + service] = due - Math.Floor(due);
                for (var i = 0; i < (int)due; i++)
                    Send(service.EndsWith("-candidate", StringComparison.Ordinal) && i < due * Leak ? service.Replace("-candidate", "-stable", StringComparison.Ordinal) : service, i);
            }
        }
    }

    private void Send(string service, int turn)
    {
        var pods = endpoints[service].ToList();
        if (pods.Count == 0)
        {
            failures.Enqueue($"Service {service} has no endpoints");
            return;
        }

        var (pod, serving) = pods[turn % pods.Count];
        if (server.Find("pods", Samples.Namespace, pod) is not { } found)
        {
            failures.Enqueue($"pod {pod} behind {service} is gone");
            return;
        }

        answered.AddOrUpdate(serving, 1, (_, count) => count + 1);
        if ((string?)found["status"]?["podIP"] is { } address && Engines.TryGetValue(address, out var engine))
            engine.Answered++;
    }

    private Task<EndpointSlice> FillAsync(Service service) => client.ApplyAsync(FakeEndpoints.Of(service, All<Pod>("pods")), "fake-router", ct: stop.Token);

    private async Task AcceptAsync(RouteKind kind, JsonObject route)
    {
        var metadata = route["metadata"]!.Deserialize(KubernetesJson.Default.ObjectMeta)!;
        if (Accepts(metadata) is not { } answer)
            return;
        // First in effect, then said to be.
        if (answer == "True")
            routes[(kind, metadata.Name!)] = [.. kind.Rules(route).Select(kind.Shares)];
        var status = kind.Status(route, answer);
        if (TellsStatus && !JsonNode.DeepEquals(route["status"], status))
            await kind.PatchAsync(client, new(metadata.Namespace!, metadata.Name!), new JsonObject { ["status"] = status }, "status", stop.Token);
    }

    private static bool IsOurs((string Service, int Weight) share) => share.Service.StartsWith("bot-", StringComparison.Ordinal);

    private List<T> All<T>(string resource)
        where T : class, IResource<T> => [.. server.FindAll(resource, Samples.Namespace).Select(node => node.Deserialize(T.JsonType)!)];
}
