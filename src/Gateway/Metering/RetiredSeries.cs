using LlmOps.Kubernetes;

namespace LlmOps.Gateway.Metering;

/// <summary>
/// The metric series of releases that no longer serve: shown for a while, so that the last scrape has what their last
/// requests counted, and then dropped, so that a gateway does not grow with every release. Thread safe.
/// </summary>
internal sealed class RetiredSeries : IDisposable
{
    private readonly Lock gate = new();
    private readonly PrometheusExporter exporter;
    private readonly TimeSpan keepFor;
    private readonly TimeProvider time;
    private readonly Dictionary<(ObjectKey Deployment, string Release), (long At, IReadOnlyList<ReleaseMeter> Meters)> retired = [];
    private readonly ITimer timer;

    public RetiredSeries(PrometheusExporter exporter, TimeSpan keepFor, TimeProvider time)
    {
        (this.exporter, this.keepFor, this.time) = (exporter, keepFor, time);
        timer = time.CreateTimer(static state => ((RetiredSeries)state!).Sweep(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>A release no longer serves.</summary>
    /// <param name="meters">What records its series; silent once they are dropped, whatever request still ends.</param>
    public void Add(ObjectKey deployment, string release, IReadOnlyList<ReleaseMeter> meters)
    {
        lock (gate)
        {
            retired[(deployment, release)] = (time.GetTimestamp(), meters);
            if (retired.Count == 1)
                timer.Change(keepFor, keepFor);
        }
    }

    /// <summary>A release serves, again perhaps.</summary>
    public void TakeBack(ObjectKey deployment, string release)
    {
        lock (gate)
            retired.Remove((deployment, release));
    }

    public void Dispose() => timer.Dispose();

    private void Sweep()
    {
        lock (gate)
        {
            foreach (var (key, (at, meters)) in retired.ToArray())
            {
                if (time.GetElapsedTime(at) < keepFor)
                    continue;
                retired.Remove(key);
                foreach (var meter in meters)
                    meter.Close();
                exporter.Drop(
                    new(GatewayMetricNames.NamespaceLabel, key.Deployment.Namespace),
                    new(GatewayMetricNames.DeploymentLabel, key.Deployment.Name),
                    new(GatewayMetricNames.ReleaseLabel, key.Release));
            }

            if (retired.Count == 0)
                timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }
}
