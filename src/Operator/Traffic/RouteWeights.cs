using System.Globalization;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Resources;

namespace LlmOps.Operator.Traffic;

/// <summary>
/// The weights of our two Services on a route of any kind: what they are, and the patch that makes them what they must be. Pure. Only <c>weight</c> of the two
/// destinations is ever named in the patch.
/// </summary>
/// <remarks>
/// In a rule, our two share the sum that they have, so that others keep their part of the requests:
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
    /// <summary>Reads the rules that are ours to split.</summary>
    public static RouteReading Read<T>(IRouteFormat<T> format, T route, AskedRoute asked)
    {
        var (title, backends, chosen) = (asked.Reference, asked.Backends, asked.Reference.Rules);
        var wanted = $"add {format.DestinationsWord} {backends.Stable} (weight 100) and {backends.Candidate} (weight 0), port {RouteBackends.Port}";
        var splits = new List<RuleSplit>();
        string? problem = null;
        foreach (var (rule, index) in Chosen([.. format.Rules(route)], chosen))
        {
            if (rule is null)
            {
                problem ??= $"{title} has no {format.RuleWord} {index}: correct {title.RulesField}, or name a {format.RuleWord} so";
                continue;
            }

            var (stable, candidate) = (Places(rule, backends.Stable), Places(rule, backends.Candidate));
            if (stable.Count > 1 || candidate.Count > 1)
                problem ??= $"{format.RuleWord} {index} of {title} lists a Service of this LlmDeployment twice: list {backends.Stable} and {backends.Candidate} once each";
            else if (stable.Count == 1 && candidate.Count == 1)
                splits.Add(new(int.Parse(index, CultureInfo.InvariantCulture), stable[0], candidate[0], Others(rule, stable[0].Index, candidate[0].Index)));
            else if (chosen is not null)
                problem ??= $"{format.RuleWord} {index} of {title} does not list both Services: {wanted}";
        }

        if (splits.Count == 0)
            problem ??= $"no {format.RuleWord} of {title} lists both Services: {wanted}";
        if (splits.Find(split => split.IsTooCoarse) is { } coarse)
            problem ??= $"the weights of {backends.Stable} and {backends.Candidate} in {format.RuleWord} {coarse.Rule} of {title} add up to {coarse.Sum}, which cannot be divided by the per cent without taking from the other {format.DestinationsWord}: let them add up to 100, and weigh the others in proportion";
        if (splits.Count > 0 && splits.TrueForAll(split => split.IsOff))
            problem ??= $"{title} gives {backends.Stable} and {backends.Candidate} no requests: give one of them a weight";
        return new(problem, splits);
    }

    /// <summary>JSON patch for the candidate's share in per cent, bound to the version that was read; null where nothing differs.</summary>
    /// <param name="mayRise">Whether rules that give the candidate less are written too.</param>
    public static JsonArray? Patch<T>(IRouteFormat<T> format, T route, RouteReading reading, int weightPercent, bool mayRise)
        where T : class, IResource<T>
    {
        var operations = new JsonArray();
        foreach (var split in reading.Splits)
        {
            if (split.Divide(weightPercent) is not { } weights || (split.IsBelow(weightPercent) && !mayRise))
                continue;
            if (split.Stable.Weight != weights.Stable)
                operations.Add((JsonNode)Operation("add", format.WeightPath(split.Rule, split.Stable.Index), weights.Stable));
            if (split.Candidate.Weight != weights.Candidate)
                operations.Add((JsonNode)Operation("add", format.WeightPath(split.Rule, split.Candidate.Index), weights.Candidate));
        }

        if (operations.Count == 0)
            return null;
        // Written back, the version makes the server refuse the patch where anything on the route, and with it maybe an index, has changed since.
        operations.Insert(0, Operation("replace", "/metadata/resourceVersion", route.Metadata.ResourceVersion));
        return operations;
    }

    private static IEnumerable<(RouteRule? Rule, string Index)> Chosen(IReadOnlyList<RouteRule> all, IReadOnlyList<string>? rules)
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

    private static List<BackendPlace> Places(RouteRule rule, string service) =>
        [.. rule.Destinations.Index().Where(item => item.Item.Service == service).Select(item => new BackendPlace(item.Index, item.Item.Weight))];

    private static long Others(RouteRule rule, int stable, int candidate) =>
        rule.Destinations.Index().Where(item => item.Index != stable && item.Index != candidate).Sum(item => (long)item.Item.Weight);

    // "add" replaces a member that is there, and sets one that was left out.
    private static JsonObject Operation(string op, string path, JsonNode? value) => new() { ["op"] = op, ["path"] = path, ["value"] = value };
}

/// <summary>Names of the two Services that a route lists. Their port is the same for all engines, so that a route outlives a change of engine.</summary>
internal sealed record RouteBackends(string Stable, string Candidate)
{
    public const int Port = 8000;

    /// <summary>Those of an LlmDeployment.</summary>
    public static RouteBackends Of(string deployment) => new(ObjectNames.Track(deployment, Tracks.Stable), ObjectNames.Track(deployment, Tracks.Candidate));
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
}

/// <summary>Where a destination stands in its rule, and its weight.</summary>
internal sealed record BackendPlace(int Index, int Weight);

/// <summary>Our two destinations in one rule.</summary>
/// <param name="Rule">Index of the rule.</param>
/// <param name="Others">Sum of the weights of the rule's other destinations.</param>
internal sealed record RuleSplit(int Rule, BackendPlace Stable, BackendPlace Candidate, long Others)
{
    public long Sum => (long)Stable.Weight + Candidate.Weight;

    /// <summary>Whether the rule gives us no requests at all, by its owner's will.</summary>
    public bool IsOff => Sum == 0 && Others > 0;

    /// <summary>Whether not every share in per cent is a whole weight, with other destinations beside ours whose part would change.</summary>
    public bool IsTooCoarse => Others > 0 && Sum % 100 != 0;

    /// <summary>The candidate's share of ours in per cent; null where that is not whole.</summary>
    public int? WeightPercent => Sum > 0 && 100L * Candidate.Weight % Sum == 0 ? (int)(100L * Candidate.Weight / Sum) : null;

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
