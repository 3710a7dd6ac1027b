using LlmOps.Api;
using LlmOps.Operator.Engines;

namespace LlmOps.Operator.Gathering.Checks;

/// <summary>Which Prometheus checks may ask.</summary>
/// <param name="Default">The operator's own; null where none is configured.</param>
/// <param name="AllowSpecAddresses">Whether a spec may name another one. Whoever may write an LlmDeployment can then make the operator call any address that it reaches.</param>
internal sealed record PrometheusPolicy(Uri? Default, bool AllowSpecAddresses)
{
    public static PrometheusPolicy None { get; } = new(null, false);
}

/// <summary><c>checks[].prometheus</c> and <c>checks[].metric</c>: a query of one's own, or that of the engine for a built-in metric.</summary>
internal sealed class PrometheusSource(PrometheusPolicy policy, PrometheusClient client) : IMetricSource
{
    public bool IsNamedBy(CheckSpec check) => check.Prometheus is not null || check.Metric is not null;

    public TrackQuestion Phrase(CheckSpec check, QueryScope scope)
    {
        var (target, problem) = Target(check);
        if (target is null)
            return TrackQuestion.Error(problem!);
        var (query, unsupported) = Query(check, scope);
        return query is null ? TrackQuestion.NoData(unsupported!) : TrackQuestion.Of(new PrometheusQuestion(client, target, query));
    }

    private static (string? Query, string? Problem) Query(CheckSpec check, QueryScope scope)
    {
        if (check.Prometheus is { } own)
            return QueryTemplate.Expand(own.Query, scope);
        if (scope.EngineType is null)
            return (null, $"the engine of release {scope.Release} is not known: its snapshot is gone");
        return EngineCatalog.Find(scope.EngineType)?.CheckQueries is not { } queries
            ? (null, $"there is no engine {scope.EngineType}")
            : queries.TryGetValue(check.Metric ?? string.Empty, out var template)
                ? QueryTemplate.Expand(template, scope)
                : (null, $"{scope.EngineType} does not measure {check.Metric}: use one of {string.Join(", ", queries.Keys)}, or a query of your own");
    }

    private (PrometheusTarget? Target, string? Problem) Target(CheckSpec check) => check.Prometheus?.Address switch
    {
        null when policy.Default is null => (null, "the operator knows no Prometheus: start it with --prometheus-url, or take the check out"),
        null => (new(policy.Default, WithToken: true), null),
        _ when !policy.AllowSpecAddresses => (null, "prometheus.address is refused, since the operator runs without --allow-prometheus-addresses: leave it out to ask the operator's own Prometheus"),
        var address when Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.UserInfo.Length == 0 => (new(uri, WithToken: false), null),
        _ => (null, "prometheus.address is not a base URL: write one such as http://prometheus.monitoring.svc:9090"),
    };
}

/// <summary>One query to one Prometheus.</summary>
internal sealed record PrometheusQuestion(PrometheusClient Client, PrometheusTarget Target, string Query) : IMetricQuestion
{
    public bool ReadsRawCounter => QueryTemplate.ReadsRawCounter(Query);

    public Task<Reading> AskAsync(TimeSpan maxAge, CancellationToken ct) => Client.QueryAsync(Target, Query, maxAge, ct);
}
