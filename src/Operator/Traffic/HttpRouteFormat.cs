using System.Globalization;
using LlmOps.Kubernetes;

namespace LlmOps.Operator.Traffic;

/// <summary>HTTPRoute of Gateway API: backendRefs of a rule have weights, and each parent says which generation it accepted.</summary>
/// <remarks>See https://gateway-api.sigs.k8s.io/reference/spec/#httproute.</remarks>
internal sealed class HttpRouteFormat : IRouteFormat<HttpRoute>
{
    private const int DefaultWeight = 1;
    private const string Accepted = "Accepted";
    private const string ResolvedRefs = "ResolvedRefs";
    private const string GatewayKind = "Gateway";

    public string Project => "Gateway API";

    public string RuleWord => "rule";

    public string DestinationsWord => "backendRefs";

    public IEnumerable<RouteRule> Rules(HttpRoute route) =>
        from rule in route.Spec?.Rules ?? []
        select new RouteRule(rule.Name, [.. (rule.BackendRefs ?? []).Select(backend => new RouteDestination(IsService(backend, route) ? backend.Name : null, backend.Weight ?? DefaultWeight))]);

    public string WeightPath(int rule, int destination) => string.Create(CultureInfo.InvariantCulture, $"/spec/rules/{rule}/backendRefs/{destination}/weight");

    /// <summary>None where every parent that the route asks for accepted this generation and found its backends. Somebody is needed where a parent said no to this very generation.</summary>
    public RouteObstacle? Obstacle(HttpRoute route)
    {
        var (name, ns) = (route.Metadata.Name, route.Metadata.Namespace);
        var parents = route.Spec?.ParentRefs ?? [];
        if (parents.Count == 0)
            return new($"HTTPRoute {name} has no parentRefs: name the Gateway that it belongs to", false);
        foreach (var parent in parents)
        {
            var answers = (route.Status?.Parents ?? []).Where(answer => IsSame(answer.ParentRef, parent, ns)).ToList();
            if (answers.Count == 0)
                return new($"{parent.Kind ?? GatewayKind} {parent.Name} has not accepted HTTPRoute {name} yet: see that it exists and that its controller runs", false);
            foreach (var condition in answers.SelectMany(answer => (string[])[Accepted, ResolvedRefs], (answer, type) => (Type: type, Found: answer.Conditions?.FirstOrDefault(condition => condition.Type == type))))
            {
                if (condition.Found is null || (condition.Found.ObservedGeneration ?? 0) < (route.Metadata.Generation ?? 0))
                    return new($"{parent.Kind ?? GatewayKind} {parent.Name} has not taken up the newest weights of HTTPRoute {name} yet", false);
                if (condition.Found.Status != "True")
                    return new($"{parent.Kind ?? GatewayKind} {parent.Name} says of HTTPRoute {name}: {condition.Type} is {condition.Found.Status} ({condition.Found.Reason}): {condition.Found.Message}", true);
            }
        }

        return null;
    }

    public string InEffect(HttpRoute route) => $"all parents of HTTPRoute {route.Metadata.Name} accepted its weights";

    private static bool IsService(HttpBackendReference backend, HttpRoute route) =>
        string.IsNullOrEmpty(backend.Group) && backend.Kind is null or "Service" && (backend.Namespace is null || backend.Namespace == route.Metadata.Namespace);

    private static bool IsSame(RouteParentReference one, RouteParentReference other, string? ns) =>
        one.Name == other.Name &&
        (one.Group ?? HttpRoute.ResourceKind.Group) == (other.Group ?? HttpRoute.ResourceKind.Group) &&
        (one.Kind ?? GatewayKind) == (other.Kind ?? GatewayKind) &&
        (one.Namespace ?? ns) == (other.Namespace ?? ns) &&
        one.SectionName == other.SectionName &&
        one.Port == other.Port;
}
