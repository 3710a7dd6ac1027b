namespace LlmOps.Kubernetes;

/// <summary>What a <see cref="PrometheusExporter"/> shows.</summary>
public sealed record PrometheusExporterOptions
{
    /// <summary>Names of meters; a name that ends in <c>*</c> stands for all that start so. Default: <c>LlmOps.*</c>.</summary>
    public IReadOnlyList<string> Meters { get; init; } = ["LlmOps.*"];

    /// <summary>
    /// Most series of one metric; measurements of further label sets are dropped and counted, so that a label with
    /// unbounded values cannot eat the memory. Default: 2,000.
    /// </summary>
    public int MaxSeriesPerMetric { get; init; } = 2000;
}
