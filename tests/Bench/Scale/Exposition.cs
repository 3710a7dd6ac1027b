using System.Globalization;

namespace LlmOps.Bench.Scale;

/// <summary>One reading of a metrics endpoint in the text format of Prometheus.</summary>
internal sealed class Exposition(string text)
{
    /// <summary>Sum of the samples of a metric whose labels are as asked; 0 where there is none.</summary>
    /// <param name="metric">Its whole name.</param>
    /// <param name="labels">Asked of the label set as it is written, such as <c>verb="GET"</c>. Null: all.</param>
    public double Sum(string metric, Func<string, bool>? labels = null)
    {
        var sum = 0.0;
        foreach (var line in text.Split('\n'))
        {
            if (!line.StartsWith(metric, StringComparison.Ordinal) || line.Length == metric.Length || line[metric.Length] is not ('{' or ' '))
                continue;
            var end = line.LastIndexOf('}');
            if (labels is null || labels(end < 0 ? string.Empty : line[(metric.Length + 1)..end]))
                sum += double.Parse(line[(Math.Max(end, metric.Length - 1) + 1)..].Trim().Split(' ')[0], CultureInfo.InvariantCulture);
        }

        return sum;
    }
}

/// <summary>Requests that the API server has answered, and counted itself. Watches count when they end.</summary>
/// <param name="Reads">Get, list and watch.</param>
/// <param name="Writes">Without leases.</param>
/// <param name="LeaseRequests">Reads and writes of the lock of the leader election.</param>
internal readonly record struct ApiRequests(double Reads, double Writes, double LeaseRequests)
{
    public double All => Reads + Writes + LeaseRequests;

    public static ApiRequests Of(Exposition metrics)
    {
        double Count(Func<string, bool> labels) => metrics.Sum("apiserver_request_total", labels);
        return new(
            Count(labels => !IsLease(labels) && !IsWrite(labels)),
            Count(labels => !IsLease(labels) && IsWrite(labels)),
            Count(IsLease));
    }

    public static ApiRequests operator -(ApiRequests later, ApiRequests earlier) =>
        new(later.Reads - earlier.Reads, later.Writes - earlier.Writes, later.LeaseRequests - earlier.LeaseRequests);

    private static bool IsLease(string labels) => labels.Contains("resource=\"leases\"", StringComparison.Ordinal);

    private static bool IsWrite(string labels) => new[] { "POST", "PUT", "PATCH", "APPLY", "DELETE" }.Any(verb => labels.Contains($"verb=\"{verb}\"", StringComparison.Ordinal));
}
