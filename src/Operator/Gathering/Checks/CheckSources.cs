using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Hosting;

namespace LlmOps.Operator.Gathering.Checks;

/// <summary>The metric sources of checks. A check that names none of them is a condition, never a default.</summary>
internal sealed class CheckSources(params IReadOnlyList<IMetricSource> all)
{
    /// <summary>All of them, as an operator is started. A new source is a line here.</summary>
    /// <param name="http">Without a timeout of its own, redirects or cookies.</param>
    public static CheckSources Create(OperatorOptions options, HttpClient http, SecretTokens secrets, TimeProvider time) => new(
        new PrometheusSource(new(options.PrometheusUrl, options.AllowPrometheusAddresses), new(http, options.PrometheusTokenFile is { } file ? BearerToken.FromFile(file) : null, time)),
        new HttpSource(options.AllowedCheckUrls, http, secrets, time));

    /// <summary>What to ask the source that the check names.</summary>
    public TrackQuestion Phrase(CheckSpec check, QueryScope scope) => all.Where(source => source.IsNamedBy(check)).Take(2).ToList() is [var source]
        ? source.Phrase(check, scope)
        : TrackQuestion.Error("it names no metric source that this operator knows, or several: set exactly one");
}
