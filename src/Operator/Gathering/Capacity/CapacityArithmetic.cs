using System.Globalization;
using LlmOps.Kubernetes;

namespace LlmOps.Operator.Gathering.Capacity;

/// <summary>Says in numbers what room there is. Pure.</summary>
internal static class CapacityArithmetic
{
    private const int MostNames = 3;

    /// <summary>
    /// A sentence such as <c>a replica needs 2 nvidia.com/gpu; 3 schedulable nodes have 8, of which 7 are held: 4 by LlmDeployment a, 3 by other pods; largest
    /// free block 1</c>. Before anything is taken off the survey.
    /// </summary>
    public static string Describe(CapacityQuestion question, Survey survey, IReadOnlyList<Need> needs, IReadOnlyList<QuotaRoom> quotas)
    {
        var resource = question.Resource;
        var needed = needs.FirstOrDefault(need => need.Resource == resource).Amount;
        var open = survey.Open;
        var total = open.Sum(room => room.Offered);
        var held = survey.Held.Sum(entry => entry.Amount);
        var promised = survey.Promised.Sum(entry => entry.Amount);
        List<string> parts =
        [
            $"a replica needs {Text(needed)} {resource}",
            $"{Count(open.Count, "schedulable node")} {(open.Count == 1 ? "has" : "have")} {Text(total)}, of which {Text(held)} {(held == 1 ? "is" : "are")} held{List(survey.Held)}",
            .. survey.Promised.Count > 0 ? [$"{Text(promised)} more {(promised == 1 ? "is" : "are")} promised{List(survey.Promised)}"] : (string[])[],
            $"largest free block {Text(open.Select(room => room.Left).DefaultIfEmpty().Max())}",
            .. Shortages(open, needs, resource, needed),
            .. Closed(survey),
            .. quotas.Where(quota => quota.Free < quota.PerReplica * question.Wanted).Select(quota => $"ResourceQuota {quota.Quota} leaves {Text(Math.Max(0, quota.Free))} of {Text(quota.Hard)} {quota.Resource}"),
        ];
        return string.Join("; ", parts);
    }

    private static IEnumerable<string> Shortages(IReadOnlyList<NodeRoom> open, IReadOnlyList<Need> needs, string resource, decimal needed)
    {
        var lacking = open.Where(room => room.Left >= needed).Select(room => room.Lacks(needs)).OfType<string>().GroupBy(name => name).OrderBy(group => group.Key, StringComparer.Ordinal);
        return lacking.Select(group => $"{Count(group.Count(), "node")} with free {resource} {(group.Count() == 1 ? "lacks" : "lack")} {group.Key}");
    }

    private static IEnumerable<string> Closed(Survey survey)
    {
        var closed = survey.Nodes.Where(node => node.Obstacle is not null).GroupBy(node => node.Obstacle!).OrderByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal).ToList();
        if (closed.Count > 0)
            yield return $"{Count(closed.Sum(group => group.Count()), "further node")} {(closed.Sum(group => group.Count()) == 1 ? "is" : "are")} not for this pod ({Join(closed.Select(group => $"{group.Count()} {group.Key}"))})";
    }

    private static string List(IReadOnlyList<(string Holder, decimal Amount)> entries) => entries.Count == 0 ? string.Empty : $": {Join(Sorted(entries))}";

    private static IEnumerable<string> Sorted(IReadOnlyList<(string Holder, decimal Amount)> entries) =>
        entries.OrderByDescending(entry => entry.Amount).ThenBy(entry => entry.Holder, StringComparer.Ordinal).Select(entry => $"{Text(entry.Amount)} by {entry.Holder}");

    private static string Join(IEnumerable<string> items)
    {
        var list = items.ToList();
        return list.Count <= MostNames ? string.Join(", ", list) : $"{string.Join(", ", list.Take(MostNames))} and {list.Count - MostNames} others";
    }

    private static string Count(int count, string noun) => $"{count} {noun}{(count == 1 ? string.Empty : "s")}";

    private static string Text(decimal amount) => amount.ToString("0.###", CultureInfo.InvariantCulture);
}
