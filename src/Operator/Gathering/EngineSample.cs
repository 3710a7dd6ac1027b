using LlmOps.Operator.Engines;

namespace LlmOps.Operator.Gathering;

/// <summary>What an engine measures of itself, by meaning and not by its own names. Null where it does not measure that, or gave no number: never 0.</summary>
internal sealed record EngineSample(double? RunningRequests, double? QueuedRequests, double? KvCacheUsage)
{
    public static EngineSample Nothing { get; } = new(null, null, null);

    /// <summary>Requests that run or wait; null where either is not known.</summary>
    public int? InFlight => RunningRequests + QueuedRequests is { } count ? (int)Math.Min(int.MaxValue, Math.Ceiling(count)) : null;

    /// <summary>Reads the text format of Prometheus. Several series of a name (one a data-parallel rank, say) add up.</summary>
    public static EngineSample Parse(string exposition, EngineMetrics names)
    {
        var samples = MetricSample.Parse(exposition, name => name == names.RunningRequests || name == names.QueuedRequests || name == names.KvCacheUsage);
        return new(Sum(samples, names.RunningRequests), Sum(samples, names.QueuedRequests), Sum(samples, names.KvCacheUsage));
    }

    private static double? Sum(List<MetricSample> samples, string? name)
    {
        var values = samples.Where(sample => sample.Name == name).Select(sample => sample.Value).ToList();
        return values.Count > 0 && values.TrueForAll(value => value >= 0) ? values.Sum() : null;
    }
}
