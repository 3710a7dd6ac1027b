namespace LlmOps.Operator.Engines;

/// <summary>
/// PromQL over the pods of one release, with the placeholders of <c>Gathering/Checks/QueryTemplate</c>. Pods are known by the labels <c>namespace</c> and
/// <c>pod</c>, which the Prometheus operator's PodMonitors and ServiceMonitors set and every usual scrape configuration for pods does.
/// </summary>
internal static class EngineQueries
{
    /// <summary>Names of a Deployment's pods: its own, the ReplicaSet's hash, a random part.</summary>
    private const string Pods = "namespace=\"{{namespace}}\",pod=~\"{{service}}-[a-z0-9]+-[a-z0-9]+\"";

    /// <summary>A gauge, as its mean over the window and the pods: comparable between a candidate of one pod and a stable of ten.</summary>
    public static string Mean(string gauge) => $"avg(avg_over_time({Select(gauge)}[{{{{window}}}}]))";

    /// <summary>A counter's increase per second, as its mean over the pods.</summary>
    public static string MeanRate(string counter) => $"avg({Rate(counter)})";

    /// <summary>95th percentile of a histogram over the window, all pods together. NaN where nothing was observed.</summary>
    public static string Percentile95(string histogram) => $"histogram_quantile(0.95, sum by (le) ({Rate(histogram + "_bucket")}))";

    /// <summary>One counter's increase per increase of another. NaN where neither moved.</summary>
    public static string Ratio(string counter, string perCounter) => $"sum({Rate(counter)}) / sum({Rate(perCounter)})";

    /// <summary>Share of some events among all. Series of bad events appear with the first one, so their absence is 0; that of all events is no data.</summary>
    public static string Share(string all, string filter, params (string Counter, string Filter)[] bad) =>
        $"({string.Join(" + ", bad.Select(part => $"(sum({Rate(part.Counter, part.Filter)}) or vector(0))"))}) / sum({Rate(all, filter)})";

    private static string Rate(string counter, string filter = "") => $"rate({Select(counter, filter)}[{{{{window}}}}])";

    private static string Select(string metric, string filter = "") => $"{metric}{{{Pods}{(filter.Length == 0 ? string.Empty : ",")}{filter}}}";
}
