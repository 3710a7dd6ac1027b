using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using LlmOps.Gateway.Evidence;
using LlmOps.Kubernetes;

namespace LlmOps.Gateway.Metering;

/// <summary>The metric series of one release in one role, with their labels made once. Thread safe.</summary>
internal sealed class ReleaseMeter
{
    private readonly GatewayMetrics metrics;
    private readonly KeyValuePair<string, object?>[] tags;
    private readonly KeyValuePair<string, object?>[] input;
    private readonly KeyValuePair<string, object?>[] output;
    private readonly KeyValuePair<string, object?>[] estimatedOutput;
    private readonly ConcurrentDictionary<int, KeyValuePair<string, object?>[]> byCode = new();
    private volatile bool closed;
    private KeyValuePair<string, object?>[]? cost;

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

    /// <summary>The series are dropped: nothing is recorded from here on.</summary>
    public void Close() => closed = true;

    /// <summary>An attempt began (1) or ended (-1).</summary>
    public void InFlight(int change)
    {
        if (!closed)
            metrics.InFlight.Add(change, tags);
    }

    public void Retried() => Count(metrics.Retries);

    public void FellBack(string reason) => Count(metrics.Fallbacks, GatewayMetricNames.ReasonLabel, reason);

    /// <summary>A copy of a request ended: <c>answered</c>, <c>failed</c> or <c>cancelled</c>.</summary>
    public void Mirrored(string outcome) => Count(metrics.Mirrored, GatewayMetricNames.OutcomeLabel, outcome);

    /// <summary>A request was to be copied, and too many copies ran.</summary>
    public void NotMirrored() => Count(metrics.NotMirrored);

    /// <summary>A user rated an answer: <c>positive</c> or <c>negative</c>.</summary>
    public void Rated(string rating) => Count(metrics.Feedback, GatewayMetricNames.RatingLabel, rating);

    /// <summary>A request is over.</summary>
    /// <param name="code">HTTP status; 499 where the client left.</param>
    /// <param name="duration">From the whole request to the end of the answer.</param>
    public void Answered(int code, TimeSpan duration)
    {
        if (closed)
            return;
        var coded = byCode.GetOrAdd(code, static (c, t) => [.. t, new(GatewayMetricNames.CodeLabel, c)], tags);
        metrics.Requests.Add(1, coded);
        metrics.RequestSeconds.Record(duration.TotalSeconds, tags);
    }

    public void FirstToken(TimeSpan wait)
    {
        if (!closed)
            metrics.TimeToFirstTokenSeconds.Record(wait.TotalSeconds, tags);
    }

    /// <summary>Counts what an answer took.</summary>
    /// <param name="answer">What the engine, or the count of chunks, says.</param>
    /// <param name="pricing">What tokens cost; null without prices.</param>
    public void Used(in AnswerMeasure answer, Pricing? pricing)
    {
        if (closed)
            return;
        var usage = answer.Usage;
        if (usage.InputTokens > 0)
            metrics.Tokens.Add(usage.InputTokens, input);
        if (usage.OutputTokens > 0)
            metrics.Tokens.Add(usage.OutputTokens, usage.IsEstimated ? estimatedOutput : output);
        if (answer.SecondsPerOutputToken is { } seconds)
            metrics.TimePerOutputTokenSeconds.Record(seconds, tags);
        // Tokens that were counted by chunks have no price: the input is not known.
        if (pricing is not null && !usage.IsEstimated)
            metrics.Cost.Add(pricing.Cost(usage.InputTokens, usage.OutputTokens), Cost(pricing.Currency));
    }

    private void Count(Counter<long> counter)
    {
        if (!closed)
            counter.Add(1, tags);
    }

    private void Count(Counter<long> counter, string label, string value)
    {
        if (!closed)
            counter.Add(1, [.. tags, new(label, value)]);
    }

    private KeyValuePair<string, object?>[] Cost(string currency)
    {
        var known = cost;
        if (known is null || (string)known[^1].Value! != currency)
            cost = known = [.. tags, new(GatewayMetricNames.CurrencyLabel, currency)];
        return known;
    }

    private KeyValuePair<string, object?>[] Tokens(string direction, bool estimated) =>
        [.. tags, new(GatewayMetricNames.DirectionLabel, direction), new(GatewayMetricNames.EstimatedLabel, estimated ? "true" : "false")];
}

/// <summary>Tokens of one request.</summary>
/// <param name="InputTokens">Of the prompt; 0 where not known.</param>
/// <param name="OutputTokens">Of the answer.</param>
/// <param name="IsEstimated">Counted by chunks, because the engine gave no usage.</param>
internal readonly record struct TokenUsage(long InputTokens, long OutputTokens, bool IsEstimated);
