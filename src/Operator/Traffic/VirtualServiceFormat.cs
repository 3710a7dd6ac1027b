using System.Globalization;
using LlmOps.Kubernetes;

namespace LlmOps.Operator.Traffic;

/// <summary>
/// VirtualService of Istio: destinations of an HTTP route have weights. Istio says whether its proxies have them only where it was told to write statuses; where it
/// says nothing, they are in effect when they are written, and proxies follow within their push.
/// </summary>
/// <remarks>
/// See https://istio.io/latest/docs/reference/config/networking/virtual-service/ and, for the status, https://istio.io/latest/docs/reference/config/config-status/.
/// </remarks>
internal sealed class VirtualServiceFormat : IRouteFormat<VirtualService>
{
    private const string Reconciled = "Reconciled";
    private const string Error = "ERROR";

    public string Project => "Istio";

    public string RuleWord => "route";

    public string DestinationsWord => "destinations";

    public IEnumerable<RouteRule> Rules(VirtualService route) =>
        from http in route.Spec?.Http ?? []
        let destinations = http.Route ?? []
        select new RouteRule(http.Name, [.. destinations.Select(to => new RouteDestination(Service(to.Destination?.Host, route.Metadata.Namespace!), to.Weight ?? (destinations.Count == 1 ? 100 : 0)))]);

    public string WeightPath(int rule, int destination) => string.Create(CultureInfo.InvariantCulture, $"/spec/http/{rule}/route/{destination}/weight");

    /// <summary>Somebody is needed where an analyzer found an error; that proxies are not up to date passes by itself.</summary>
    public RouteObstacle? Obstacle(VirtualService route)
    {
        var (name, generation) = (route.Metadata.Name, route.Metadata.Generation ?? 0);
        if (route.Status?.ValidationMessages?.FirstOrDefault(message => string.Equals(message.Level, Error, StringComparison.OrdinalIgnoreCase)) is { } error)
            return new($"Istio finds an error in VirtualService {name}: {error.Type?.Code} {error.Type?.Name} ({error.DocumentationUrl})", true);
        if (Reconciliation(route) is not { } reconciled)
            return null;
        // Which of the two is written depends on the version of Istio; the older counts.
        if ((new[] { reconciled.ObservedGeneration, route.Status!.ObservedGeneration }.Min() ?? 0) < generation)
            return new($"Istio has not taken up the newest weights of VirtualService {name} yet", false);
        return reconciled.Status == "True" ? null : new($"Istio says of VirtualService {name}: {Reconciled} is {reconciled.Status}: {reconciled.Message}", false);
    }

    public string InEffect(VirtualService route) => Reconciliation(route) is null
        ? $"VirtualService {route.Metadata.Name} has its weights; Istio writes no status that says whether its proxies have them"
        : $"Istio's proxies have the weights of VirtualService {route.Metadata.Name}";

    private static VirtualServiceCondition? Reconciliation(VirtualService route) => route.Status?.Conditions?.FirstOrDefault(condition => condition.Type == Reconciled);

    /// <summary>
    /// The Service of the namespace that a host is: <c>NAME</c> or <c>NAME.NS.svc.cluster.local</c>, in letters of any case; null for any other. Istio takes a host with a dot
    /// as it is, so <c>NAME.NS</c> would lead nowhere.
    /// </summary>
    private static string? Service(string? host, string ns) => host?.ToLowerInvariant().Split('.', 2) switch
    {
        [var name] => name,
        [var name, var rest] when rest == $"{ns}.svc.cluster.local" => name,
        _ => null,
    };
}
