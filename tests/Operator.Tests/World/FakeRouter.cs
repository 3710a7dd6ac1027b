using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Testing;

namespace LlmOps.Operator.Tests.World;

/// <summary>
/// Plays a gateway of Gateway API, and the EndpointSlice controller for its Services: sends requests by the weights of the HTTPRoutes that it accepted, to pods that it saw a round ago, as a
/// data plane does that learns of everything late. A route that it does not accept goes on as it was accepted last.
/// </summary>
internal sealed class FakeRouter(InProcessApiServer server, TimeProvider time) : IAsyncDisposable
{
    private const int RequestsPerRound = 40;

    private const string Crd = """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: httproutes.gateway.networking.k8s.io}
        spec:
          group: gateway.networking.k8s.io
          scope: Namespaced
          names: {kind: HTTPRoute, listKind: HTTPRouteList, plural: httproutes, singular: httproute}
          versions:
          - name: v1
            served: true
            storage: true
            subresources: {status: {}}
            schema:
              openAPIV3Schema:
                type: object
                properties:
                  spec: {type: object, x-kubernetes-preserve-unknown-fields: true}
                  status: {type: object, x-kubernetes-preserve-unknown-fields: true}
        """;

    private readonly KubernetesClient client = new(server.Configuration with { FieldManager = "fake-router", UserAgent = "fake-router" }, time);
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentDictionary<string, long> answered = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> failures = new();
    private readonly Dictionary<string, double> owed = [];
    private readonly ConcurrentDictionary<string, HttpRoute> routes = new(StringComparer.Ordinal);
    private volatile ILookup<string, (string Pod, string Serving)> endpoints = Array.Empty<(string, (string, string))>().ToLookup(item => item.Item1, item => item.Item2);
    private Task loop = Task.CompletedTask;

    /// <summary>What the gateway says of a route: True, False, or nothing.</summary>
    public Func<HttpRoute, string?> Accepts { get; set; } = _ => "True";

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
        .SelectMany(route => route.Spec?.Rules?.Take(1) ?? [])
        .SelectMany(rule => rule.BackendRefs!.Where(IsOurs).Select(backend => (backend.Name, Percent: 100.0 * (backend.Weight ?? 1) / Math.Max(1, rule.BackendRefs!.Where(IsOurs).Sum(each => each.Weight ?? 1)))))
        .ToDictionary(share => share.Name, share => share.Percent);

    /// <summary>Whether it may still send requests to a pod: such a pod goes on answering until the router has learnt that it goes.</summary>
    public bool Knows(Pod pod) => endpoints.Any(service => service.Any(endpoint => endpoint.Pod == pod.Metadata.Name));

    /// <summary>Requests answered by pods of a serving hash.</summary>
    public long AnsweredBy(string servingHash) => answered.GetValueOrDefault(servingHash);

    public static void InstallCrd(InProcessApiServer server) => server.InstallYaml(Crd);

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
                foreach (var route in All<HttpRoute>("httproutes.gateway.networking.k8s.io"))
                    await AcceptAsync(route);
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
        var there = All<HttpRoute>("httproutes.gateway.networking.k8s.io").Select(route => route.Metadata.Name!).ToHashSet(StringComparer.Ordinal);
        foreach (var gone in routes.Keys.Where(name => !there.Contains(name)))
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
        foreach (var (rule, name) in routes.Values.SelectMany(route => route.Spec?.Rules ?? [], (route, rule) => (rule, route.Metadata.Name!)))
        {
            var backends = (rule.BackendRefs ?? []).Where(backend => endpoints.Contains(backend.Name) || IsOurs(backend)).ToList();
            var sum = backends.Sum(backend => backend.Weight ?? 1);
            foreach (var backend in backends.Where(backend => (backend.Weight ?? 1) > 0))
            {
                var due = owed.GetValueOrDefault(name + backend.Name) + (RequestsPerRound * (double)(backend.Weight ?? 1) / sum);
                owed[name + backend.Name] = due - Math.Floor(due);
                for (var i = 0; i < (int)due; i++)
                    Send(backend.Name.EndsWith("-candidate", StringComparison.Ordinal) && i < due * Leak ? backend.Name.Replace("-candidate", "-stable", StringComparison.Ordinal) : backend.Name, i);
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

    private async Task AcceptAsync(HttpRoute route)
    {
        if (Accepts(route) is not { } answer)
            return;
        // First in effect, then said to be.
        if (answer == "True")
            routes[route.Metadata.Name!] = route;
        JsonObject Condition(string type, string status) => new()
        {
            ["type"] = type,
            ["status"] = status,
            ["reason"] = status == "True" ? type : "Unsupported",
            ["message"] = status == "True" ? string.Empty : "the listener refuses it",
            ["observedGeneration"] = route.Metadata.Generation,
            ["lastTransitionTime"] = "2026-01-01T00:00:00Z",
        };
        var parents = new JsonArray([.. (route.Spec?.ParentRefs ?? []).Select(parent => (JsonNode)new JsonObject
        {
            ["parentRef"] = new JsonObject { ["name"] = parent.Name },
            ["controllerName"] = "test.dev/router",
            ["conditions"] = new JsonArray(Condition("Accepted", answer), Condition("ResolvedRefs", "True")),
        })]);
        var seen = server.Find("httproutes.gateway.networking.k8s.io", Samples.Namespace, route.Metadata.Name!)?["status"]?["parents"];
        if (!JsonNode.DeepEquals(seen, parents))
            await client.MergePatchAsync<HttpRoute>(route.Key(), new JsonObject { ["status"] = new JsonObject { ["parents"] = parents } }, "status", ct: stop.Token);
    }

    private static bool IsOurs(HttpBackendReference backend) => backend.Name.StartsWith("bot-", StringComparison.Ordinal);

    private List<T> All<T>(string resource)
        where T : class, IResource<T> => [.. server.FindAll(resource, Samples.Namespace).Select(node => node.Deserialize(T.JsonType)!)];
}
