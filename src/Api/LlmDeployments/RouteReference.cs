using LlmOps.Kubernetes;

namespace LlmOps.Api;

/// <summary>The route of another project that an LlmDeployment names in <c>spec.traffic</c>. What does not matter to one router alone goes by this.</summary>
/// <param name="Kind">Kind of the object, such as HTTPRoute.</param>
/// <param name="Name">Its name, in the namespace of the LlmDeployment.</param>
/// <param name="Rules">The rules to split, by name or by index from 0; null for every rule that lists both Services.</param>
/// <param name="Field">The field that names it, as messages say it.</param>
/// <param name="RulesField">The field of <paramref name="Rules"/>.</param>
public sealed record RouteReference(string Kind, string Name, IReadOnlyList<string>? Rules, string Field, string RulesField)
{
    /// <summary>Whether a spec names one, for its CEL rules; messages go on with <see cref="AnyKind"/> and <see cref="AllFields"/>.</summary>
    internal const string CelIsNamed = "has(self.traffic) && (has(self.traffic.httpRoute) || has(self.traffic.virtualService))";

    internal const string AnyKind = "an HTTPRoute or a VirtualService";

    internal const string AllFields = "traffic.httpRoute and traffic.virtualService";

    /// <summary>Null where no route is named. The API server lets one be named at most.</summary>
    public static RouteReference? Of(TrafficSpec? traffic) => traffic switch
    {
        { HttpRoute: { } route } => new(HttpRoute.ResourceKind.Kind, route.Name, route.Rules, "traffic.httpRoute", "traffic.httpRoute.rules"),
        { VirtualService: { } service } => new(VirtualService.ResourceKind.Kind, service.Name, service.Routes, "traffic.virtualService", "traffic.virtualService.routes"),
        _ => null,
    };

    public override string ToString() => $"{Kind} {Name}";
}
