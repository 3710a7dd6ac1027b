using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Operator.Tests.World;

/// <summary>A kind of route as its owners write it and as its controller answers. <see cref="FakeRouter"/> plays all of them.</summary>
internal sealed record RouteKind
{
    public static RouteKind OfGatewayApi { get; } = new()
    {
        Type = HttpRoute.ResourceKind,
        Routed = Samples.Routed,
        Route = Samples.Route,
        Rules = route => route["spec"]?["rules"]?.AsArray().Select(rule => rule!["backendRefs"]?.AsArray() ?? []) ?? [],
        ServiceOf = destination => (string)destination["name"]!,
        DefaultWeight = 1,
        PatchAsync = (client, key, patch, subresource, ct) => client.MergePatchAsync<HttpRoute>(key, patch, subresource, ct: ct),
        Status = (route, answer) => new JsonObject
        {
            ["parents"] = new JsonArray([.. (route["spec"]?["parentRefs"]?.AsArray() ?? []).Select(parent => (JsonNode)new JsonObject
            {
                ["parentRef"] = new JsonObject { ["name"] = (string)parent!["name"]! },
                ["controllerName"] = "test.dev/router",
                ["conditions"] = new JsonArray(Condition(route, "Accepted", answer), Condition(route, "ResolvedRefs", "True")),
            })]),
        },
    };

    /// <summary>With an Istio that writes statuses.</summary>
    public static RouteKind OfIstio { get; } = new()
    {
        Type = VirtualService.ResourceKind,
        Routed = Samples.InMesh,
        Route = Samples.VirtualService,
        Rules = route => route["spec"]?["http"]?.AsArray().Select(http => http!["route"]?.AsArray() ?? []) ?? [],
        ServiceOf = destination => ((string)destination["destination"]!["host"]!).Split('.')[0],
        DefaultWeight = 0,
        PatchAsync = (client, key, patch, subresource, ct) => client.MergePatchAsync<VirtualService>(key, patch, subresource, ct: ct),
        Status = (route, answer) => new JsonObject
        {
            ["observedGeneration"] = $"{route["metadata"]!["generation"]}",
            ["conditions"] = new JsonArray(new JsonObject
            {
                ["type"] = "Reconciled",
                ["status"] = answer,
                ["message"] = answer == "True" ? "2/2 proxies up to date." : "1/2 proxies up to date.",
                ["lastTransitionTime"] = "2026-01-01T00:00:00Z",
            }),
        },
    };

    public static IReadOnlyList<RouteKind> All { get; } = [OfGatewayApi, OfIstio];

    public required ResourceKind Type { get; init; }

    public string Kind => Type.Kind;

    /// <summary>The LlmDeployment with the route <c>chat</c>.</summary>
    public required Func<LlmDeployment, LlmDeployment> Routed { get; init; }

    /// <summary>The route <c>chat</c> with weights of stable and candidate.</summary>
    public required Func<int, int, JsonObject> Route { get; init; }

    /// <summary>Destinations of each rule of a route.</summary>
    public required Func<JsonObject, IEnumerable<JsonArray>> Rules { get; init; }

    /// <summary>The Service that a destination is.</summary>
    public required Func<JsonNode, string> ServiceOf { get; init; }

    /// <summary>Weight of one of several destinations that says none.</summary>
    public required int DefaultWeight { get; init; }

    /// <summary>What the controller says of a route: that it took it up (True), or that it did not.</summary>
    public required Func<JsonObject, string, JsonObject> Status { get; init; }

    /// <summary>Merges a patch into a route, or into its subresource.</summary>
    public required Func<KubernetesClient, ObjectKey, JsonObject, string?, CancellationToken, Task> PatchAsync { get; init; }

    /// <summary>As the test bed names it.</summary>
    public string Resource => $"{Type.Plural}.{Type.Group}";

    public override string ToString() => Kind;

    /// <summary>What an LlmDeployment says of its route; null where it says nothing.</summary>
    public static Condition? Accepted(LlmDeployment deployment) => deployment.Status?.Conditions?.FirstOrDefault(condition => condition.Type == ConditionTypes.RouteAccepted);

    /// <summary>Services and weights of a rule.</summary>
    public IReadOnlyList<(string Service, int Weight)> Shares(JsonArray destinations) => [.. destinations.Select(one => (ServiceOf(one!), (int?)one!["weight"] ?? DefaultWeight))];

    private static JsonObject Condition(JsonObject route, string type, string status) => new()
    {
        ["type"] = type,
        ["status"] = status,
        ["reason"] = status == "True" ? type : "Unsupported",
        ["message"] = status == "True" ? string.Empty : "the listener refuses it",
        ["observedGeneration"] = (long)route["metadata"]!["generation"]!,
        ["lastTransitionTime"] = "2026-01-01T00:00:00Z",
    };
}
