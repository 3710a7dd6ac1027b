using System.Globalization;
using LlmOps.Kubernetes;

namespace LlmOps.LocalCluster.Nodes.Autoscaling;

/// <summary>Plays the metrics adapter: reads one metric from a pod's <c>/metrics</c>.</summary>
internal sealed class PodMetrics(IReadOnlyDictionary<string, string> names) : IDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(2) };

    /// <summary>The sum over the series of that name; null where the pod does not answer or has no such series.</summary>
    public async Task<double?> ReadAsync(Pod pod, string metric, CancellationToken ct)
    {
        if (pod.Status?.PodIP is not { } address || Port(pod) is not { } port)
            return null;
        try
        {
            return Sum(await http.GetStringAsync(new Uri($"http://{address}:{port}/metrics"), ct), metric);
        }
        catch (HttpRequestException)
        {
            return null;
        }
        catch (TaskCanceledException) when (!ct.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>Adds up the samples of the metric in Prometheus' text format. NaN counts as no data.</summary>
    internal double? Sum(string exposition, string metric)
    {
        double? sum = null;
        foreach (var line in exposition.Split('\n'))
        {
            if (line.Length == 0 || line[0] == '#')
                continue;
            var end = line.IndexOfAny(['{', ' ']);
            if (end <= 0 || !IsNamed(line[..end], metric))
                continue;
            var value = line[(line.LastIndexOf('}') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var text = line[end] == '{' ? value[0] : value[1];
            if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && !double.IsNaN(number))
                sum = (sum ?? 0) + number;
        }

        return sum;
    }

    public void Dispose() => http.Dispose();

    private bool IsNamed(string exposed, string metric) =>
        exposed == metric || exposed == names.GetValueOrDefault(metric) || exposed.Replace(':', '_') == metric;

    /// <summary>The annotation that Prometheus' examples use, else the first declared port.</summary>
    private static int? Port(Pod pod) =>
        int.TryParse(pod.Metadata.Annotations?.GetValueOrDefault("prometheus.io/port"), out var annotated)
            ? annotated
            : pod.Spec?.Containers.SelectMany(container => container.Ports ?? []).FirstOrDefault()?.Number;
}
