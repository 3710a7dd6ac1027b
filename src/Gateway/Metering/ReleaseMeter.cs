using System.Collections.Concurrent;
using LlmOps.Kubernetes;

namespace LlmOps.Gateway.Metering;

/// <summary>The metric series of one release in one role, with their labels made once.</summary>
internal sealed class ReleaseMeter
{
    private readonly GatewayMetrics metrics;
    private readonly KeyValuePair<string, object?>[] tags;
    private readonly KeyValuePair<string, object?>[] input;
    private readonly KeyValuePair<string, object?>[] output;
    private readonly KeyValuePair<string, object?>[] estimatedOutput;
    private readonly ConcurrentDictionary<int, KeyValuePair<string, object?>[]> byCode = new();

    public ReleaseMeter(GatewayMetrics metrics, ObjectKey deployment, string release, string track)
    {
        this.metrics = metrics;
        tags =
        [
            new(GatewayMetricNames.DeploymentLabel, deployment.Name),
            new(GatewayMetricNames.NamespaceLabel, deployment.Namespace),
            new(GatewayMetricNames.ReleaseLabel, release),
            new(GatewayMetricNames.TrackLabel, track),
        ];
        input = Tokens("input", estimated: false);
        output = Tokens("output", estimated: false);
        estimatedOutput = Tokens("output", estimated: true);
    }

    /// <summary>An attempt began (1) or ended (-1).</summary>
    public void InFlight(int change) => metrics.InFlight.Add(change, tags);

    public void Retried() => metrics.Retries.Add(1, tags);

    public void FellBack(string reason) => metrics.Fallbacks.Add(1, [.. tags, new(GatewayMetricNames.ReasonLabel, reason)]);

    /// <summary>A request is over.</summary>
    /// <param name="code">HTTP status; 499 where the client left.</param>
    /// <param name="duration">From the whole request to the end of the answer.</param>
    public void Answered(int code, TimeSpan duration)
    {
        var coded = byCode.GetOrAdd(code, static (c, t) => [.. t, new(GatewayMetricNames.CodeLabel, c)], tags);
        metrics.Requests.Add(1, coded);
        metrics.RequestSeconds.Record(duration.TotalSeconds, tags);
    }

    public void FirstToken(TimeSpan wait) => metrics.TimeToFirstTokenSeconds.Record(wait.TotalSeconds, tags);

    /// <summary>Counts what an answer cost.</summary>
    /// <param name="usage">What the engine, or the count of chunks, says.</param>
    /// <param name="generation">From the first to the last token; null where the answer was not streamed.</param>
    public void Used(TokenUsage usage, TimeSpan? generation)
    {
        if (usage.InputTokens > 0)
            metrics.Tokens.Add(usage.InputTokens, input);
        if (usage.OutputTokens > 0)
            metrics.Tokens.Add(usage.OutputTokens, usage.IsEstimated ? estimatedOutput : output);
        if (usage.OutputTokens > 1 && generation is { } span)
            metrics.TimePerOutputTokenSeconds.Record(span.TotalSeconds / (usage.OutputTokens - 1), tags);
    }

    private KeyValuePair<string, object?>[] Tokens(string direction, bool estimated) =>
        [.. tags, new(GatewayMetricNames.DirectionLabel, direction), new(GatewayMetricNames.EstimatedLabel, estimated ? "true" : "false")];
}

/// <summary>Tokens of one request.</summary>
/// <param name="InputTokens">Of the prompt; 0 where not known.</param>
/// <param name="OutputTokens">Of the answer.</param>
/// <param name="IsEstimated">Counted by chunks, because the engine gave no usage.</param>
internal readonly record struct TokenUsage(long InputTokens, long OutputTokens, bool IsEstimated);
