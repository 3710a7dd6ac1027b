using LlmOps.Api;
using LlmOps.Operator.Engines;
using LlmOps.Operator.Resources;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Gathering.Checks;

/// <summary>Which Prometheus checks may ask.</summary>
/// <param name="Default">The operator's own; null where none is configured.</param>
/// <param name="AllowSpecAddresses">Whether a spec may name another one. Whoever may write an LlmDeployment can then make the operator call any address that it reaches.</param>
internal sealed record PrometheusPolicy(Uri? Default, bool AllowSpecAddresses)
{
    public static PrometheusPolicy None { get; } = new(null, false);
}

/// <summary>From the checks of a spec to queries. Pure.</summary>
internal static class CheckBuilder
{
    /// <summary>How many intervals a sample may be old, besides the window.</summary>
    private const int MaxAgeIntervals = 2;

    /// <summary>Time that a sample may take on its way, beside two intervals, before a Pass is no longer fresh.</summary>
    private static readonly TimeSpan Transit = PrometheusClient.Timeout * 2;

    /// <summary>The checks for the rollout engine.</summary>
    public static EquatableArray<CheckPlan> Plan(LlmDeploymentSpec spec) => Checks(spec)
        .Select(check => new CheckPlan(check.Name, check.Failures ?? Defaults.CheckFailures, (Interval(check) * 2) + Transit))
        .ToEquatableArray();

    /// <summary>What stands against the checks of a spec, before anything is measured, in sentences.</summary>
    public static IEnumerable<string> Problems(LlmDeployment deployment, PrometheusPolicy policy) =>
        from check in Checks(deployment.Spec)
        let scope = Scope(deployment, new Release("-", "-", "-"), Tracks.Candidate, check)
        let problem = Target(check, policy).Problem?.Problem ?? Query(check, deployment.Spec.Engine.Type, scope).Problem
        where problem is not null
        select $"check {check.Name}: {problem}";

    /// <summary>The checks of a running rollout.</summary>
    /// <param name="engineOf">Engine type of a release; null where its snapshot is gone.</param>
    public static IReadOnlyList<CheckDefinition> Build(LlmDeployment deployment, Release candidate, Release stable, Func<Release, string?> engineOf, PrometheusPolicy policy) =>
        [.. Checks(deployment.Spec).Select(check => Define(check, Ask(deployment, check, candidate, Tracks.Candidate, engineOf), Ask(deployment, check, stable, Tracks.Stable, engineOf), policy))];

    private static CheckDefinition Define(CheckSpec check, (string? Query, string? Problem) candidate, (string? Query, string? Problem) stable, PrometheusPolicy policy)
    {
        var (target, problem) = Target(check, policy);
        return new(
            check.Name,
            new(check.Max, check.Min, check.MaxTimesStable),
            Interval(check),
            (Interval(check) * MaxAgeIntervals) + Window(check),
            target,
            candidate.Query,
            new(stable.Query, stable.Problem),
            problem ?? (candidate.Problem is { } unsupported ? Reading.NoData(unsupported) : null));
    }

    private static (string? Query, string? Problem) Ask(LlmDeployment deployment, CheckSpec check, Release release, string track, Func<Release, string?> engineOf) =>
        Query(check, engineOf(release), Scope(deployment, release, track, check));

    private static (string? Query, string? Problem) Query(CheckSpec check, string? engineType, QueryScope scope)
    {
        if (check.Prometheus is { } own)
            return QueryTemplate.Expand(own.Query, scope);
        if (engineType is null)
            return (null, $"the engine of release {scope.Release} is not known: its snapshot is gone");
        return EngineCatalog.Find(engineType)?.CheckQueries is not { } queries
            ? (null, $"there is no engine {engineType}")
            : queries.TryGetValue(check.Metric ?? string.Empty, out var template)
                ? QueryTemplate.Expand(template, scope)
                : (null, $"{engineType} does not measure {check.Metric}: use one of {string.Join(", ", queries.Keys)}, or a query of your own");
    }

    private static (PrometheusTarget? Target, Reading? Problem) Target(CheckSpec check, PrometheusPolicy policy) => check.Prometheus?.Address switch
    {
        null when policy.Default is null => (null, Reading.Error("the operator knows no Prometheus: start it with --prometheus-url, or take the check out")),
        null => (new(policy.Default, WithToken: true), null),
        _ when !policy.AllowSpecAddresses => (null, Reading.Error("prometheus.address is refused, since the operator runs without --allow-prometheus-addresses: leave it out to ask the operator's own Prometheus")),
        var address when Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.UserInfo.Length == 0 => (new(uri, WithToken: false), null),
        _ => (null, Reading.Error("prometheus.address is not a base URL: write one such as http://prometheus.monitoring.svc:9090")),
    };

    private static QueryScope Scope(LlmDeployment deployment, Release release, string track, CheckSpec check) => new(
        deployment.Metadata.Namespace ?? string.Empty,
        deployment.Metadata.Name!,
        release.Hash,
        release.ServingHash,
        ObjectNames.Serving(deployment.Metadata.Name!, release.ServingHash),
        track,
        ((Duration)Window(check)).ToString());

    private static IEnumerable<CheckSpec> Checks(LlmDeploymentSpec spec) => spec.Rollout?.Analysis?.Checks ?? [];

    private static TimeSpan Interval(CheckSpec check) => check.Interval ?? Defaults.CheckInterval;

    private static TimeSpan Window(CheckSpec check) => check.Window ?? Defaults.CheckWindow;
}
