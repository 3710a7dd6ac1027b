using System.Globalization;
using System.Text.Json.Nodes;
using LlmOps.Kubernetes;

namespace LlmOps.Operator.Traffic;

/// <summary>
/// The weights of our two Services on an HTTPRoute: what they are, and the patch that makes them what they must be. Pure. Only <c>weight</c> of the two
/// backendRefs is ever named in the patch.
/// </summary>
/// <remarks>
/// In a rule, our two share the sum that they have, so that other backends keep their part of the requests:
/// <code>
/// sum of ours   other weights   becomes, for the candidate's w %
/// S             any             S(100-w)/100 and S·w/100, where both are whole
/// S             none            100-w and w, where they are not
/// S             some            a problem: the sum is too coarse to be divided so
/// 0             none            100-w and w
/// 0             some            stays: the owner took our part of the rule away
/// </code>
/// </remarks>
internal static class RouteWeights
{
    private const int DefaultWeight = 1;

    /// <summary>Reads the rules that are ours to split.</summary>
    /// <param name="rules">Names or indices; null for every rule that lists both Services.</param>
    public static RouteReading Read(HttpRoute route, RouteBackends backends, IReadOnlyList<string>? rules)
    {
        var name = route.Metadata.Name;
        var wanted = $"add backendRefs {backends.Stable} (weight 100) and {backends.Candidate} (weight 0), port {RouteBackends.Port}";
        var splits = new List<RuleSplit>();
        string? problem = null;
        foreach (var (rule, index) in Chosen(route.Spec?.Rules ?? [], rules))
        {
            if (rule is null)
            {
                problem ??= $"HTTPRoute {name} has no rule {index}: correct traffic.httpRoute.rules, or name a rule so";
                continue;
            }

            var (stable, candidate) = (Places(rule, route, backends.Stable), Places(rule, route, backends.Candidate));
            if (stable.Count > 1 || candidate.Count > 1)
                problem ??= $"rule {index} of HTTPRoute {name} lists a Service of this LlmDeployment twice: list {backends.Stable} and {backends.Candidate} once each";
            else if (stable.Count == 1 && candidate.Count == 1)
                splits.Add(new(int.Parse(index, CultureInfo.InvariantCulture), stable[0], candidate[0], Others(rule, stable[0].Index, candidate[0].Index)));
            else if (rules is not null)
                problem ??= $"rule {index} of HTTPRoute {name} does not list both Services: {wanted}";
        }

        if (splits.Count == 0)
            problem ??= $"no rule of HTTPRoute {name} lists both Services: {wanted}";
        if (splits.Find(split => split.IsTooCoarse) is { } coarse)
            problem ??= $"the weights of {backends.Stable} and {backends.Candidate} in rule {coarse.Rule} of HTTPRoute {name} add up to {coarse.Sum}, which cannot be divided by the per cent without taking from the other backends: let them add up to 100, and weigh the others in proportion";
        if (splits.Count > 0 && splits.TrueForAll(split => split.IsOff))
            problem ??= $"HTTPRoute {name} gives {backends.Stable} and {backends.Candidate} no requests: give one of them a weight";
        return new(problem, splits);
    }

    /// <summary>JSON patch for the candidate's share in per cent, bound to the version that was read; null where nothing differs.</summary>
    /// <param name="mayRise">Whether rules that give the candidate less are written too.</param>
    public static JsonArray? Patch(HttpRoute route, RouteReading reading, int weightPercent, bool mayRise)
    {
        var operations = new JsonArray();
        foreach (var split in reading.Splits)
        {
            if (split.Divide(weightPercent) is not { } weights || (split.IsBelow(weightPercent) && !mayRise))
                continue;
            if (split.Stable.Weight != weights.Stable)
                operations.Add((JsonNode)Operation("add", Path(split.Rule, split.Stable.Index), weights.Stable));
            if (split.Candidate.Weight != weights.Candidate)
                operations.Add((JsonNode)Operation("add", Path(split.Rule, split.Candidate.Index), weights.Candidate));
        }

        if (operations.Count == 0)
            return null;
        // Written back, the version makes the server refuse the patch where anything on the route, and with it maybe an index, has changed since.
        operations.Insert(0, Operation("replace", "/metadata/resourceVersion", route.Metadata.ResourceVersion));
        return operations;
    }

    private static IEnumerable<(HttpRouteRule? Rule, string Index)> Chosen(IReadOnlyList<HttpRouteRule> all, IReadOnlyList<string>? rules)
    {
        if (rules is null)
        {
            foreach (var (index, rule) in all.Index())
                yield return (rule, index.ToString(CultureInfo.InvariantCulture));
            yield break;
        }

        foreach (var chosen in rules)
        {
            var at = all.Index().Where(item => item.Item.Name == chosen).Select(item => (int?)item.Index).FirstOrDefault();
            at ??= int.TryParse(chosen, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < all.Count ? number : null;
            yield return at is { } index ? (all[index], index.ToString(CultureInfo.InvariantCulture)) : (null, chosen);
        }
    }

    private static List<BackendPlace> Places(HttpRouteRule rule, HttpRoute route, string service) =>
        [.. (rule.BackendRefs ?? []).Index().Where(item => IsService(item.Item, route, service)).Select(item => new BackendPlace(item.Index, item.Item.Weight ?? DefaultWeight))];

    private static bool IsService(HttpBackendReference backend, HttpRoute route, string service) =>
        backend.Name == service && string.IsNullOrEmpty(backend.Group) && backend.Kind is null or "Service" && (backend.Namespace is null || backend.Namespace == route.Metadata.Namespace);

    private static long Others(HttpRouteRule rule, int stable, int candidate) =>
        rule.BackendRefs!.Index().Where(item => item.Index != stable && item.Index != candidate).Sum(item => (long)(item.Item.Weight ?? DefaultWeight));

    private static string Path(int rule, int backend) => string.Create(CultureInfo.InvariantCulture, $"/spec/rules/{rule}/backendRefs/{backend}/weight");

    // "add" replaces a member that is there, and sets one that was left out.
    private static JsonObject Operation(string op, string path, JsonNode? value) => new() { ["op"] = op, ["path"] = path, ["value"] = value };
}

/// <summary>Names of the two Services that a route lists. Their port is the same for all engines, so that a route outlives a change of engine.</summary>
internal sealed record RouteBackends(string Stable, string Candidate)
{
    public const int Port = 8000;
}

/// <summary>The rules of a route that are ours to split.</summary>
/// <param name="Problem">Why they cannot be split as asked, and what to do; null where they can.</param>
/// <param name="Splits">Those that were found all the same: a weight can be taken back in any case.</param>
internal sealed record RouteReading(string? Problem, IReadOnlyList<RuleSplit> Splits)
{
    /// <summary>The candidate's share that all rules have, in per cent; null where they differ or have none that is whole.</summary>
    public int? WeightPercent
    {
        get
        {
            var shares = Splits.Where(split => !split.IsOff).Select(split => split.WeightPercent).Distinct().ToList();
            return shares.Count == 1 ? shares[0] : shares.Count == 0 && Splits.Count > 0 ? 0 : null;
        }
    }

    /// <summary>Whether some rule gives the candidate more than this.</summary>
    public bool IsAbove(int weightPercent) => Splits.Any(split => split.IsAbove(weightPercent));
}

/// <summary>Where a backendRef stands in its rule, and its weight.</summary>
internal sealed record BackendPlace(int Index, int Weight);

/// <summary>Our two backends in one rule.</summary>
/// <param name="Rule">Index of the rule.</param>
/// <param name="Others">Sum of the weights of the rule's other backends.</param>
internal sealed record RuleSplit(int Rule, BackendPlace Stable, BackendPlace Candidate, long Others)
{
    public long Sum => (long)Stable.Weight + Candidate.Weight;

    /// <summary>Whether the rule gives us no requests at all, by its owner's will.</summary>
    public bool IsOff => Sum == 0 && Others > 0;

    /// <summary>Whether not every share in per cent is a whole weight, with other backends beside ours whose part would change.</summary>
    public bool IsTooCoarse => Others > 0 && Sum % 100 != 0;

    /// <summary>The candidate's share of ours in per cent; null where that is not whole.</summary>
    public int? WeightPercent => Sum > 0 && 100L * Candidate.Weight % Sum == 0 ? (int)(100L * Candidate.Weight / Sum) : null;

    public bool IsAbove(int weightPercent) => 100L * Candidate.Weight > weightPercent * Sum;

    public bool IsBelow(int weightPercent) => 100L * Candidate.Weight < weightPercent * Sum || (Sum == 0 && weightPercent > 0);

    /// <summary>Both weights for a share in per cent; null where they cannot be had, or are not ours to change.</summary>
    public (int Stable, int Candidate)? Divide(int weightPercent)
    {
        if (IsOff)
            return null;
        if (Sum > 0 && Sum * weightPercent % 100 == 0)
            return ((int)(Sum - (Sum * weightPercent / 100)), (int)(Sum * weightPercent / 100));
        return Others == 0 ? (100 - weightPercent, weightPercent) : null;
    }
}
