using LlmOps.Api.Schema;

namespace LlmOps.Api;

/// <summary>
/// A check of what somebody else measured of the candidate (Prometheus, or whoever answers with JSON), repeated while it has traffic. A failing check reverts after some samples in a row; a step goes
/// forward only after a Pass; a sample that says nothing (no data, a source that fails, a bound that stable breaks too) holds until the deadline.
/// </summary>
[CelRule("[has(self.metric), has(self.prometheus), has(self.http)].exists_one(one, one)", "set exactly one of metric (one of the built-in ones), prometheus (a query of your own) and http (a URL that answers with JSON)")]
[CelRule("has(self.max) || has(self.min) || has(self.maxTimesStable)", "set at least one of max, min and maxTimesStable, or the check can never fail")]
[CelRule("!has(self.max) || !has(self.min) || self.min <= self.max", "min must not be above max: lower min or raise max")]
public sealed record CheckSpec
{
    /// <summary>Name, unique among the checks.</summary>
    [Size(Min = 1, Max = 63)]
    [TextPattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", Message = "a name is lower-case letters, digits and '-', such as first-token-p95")]
    public required string Name { get; init; }

    /// <summary>A query of your own.</summary>
    public PrometheusQuery? Prometheus { get; init; }

    /// <summary>A number in the JSON that a URL answers with.</summary>
    public HttpQuery? Http { get; init; }

    /// <summary>
    /// A metric of the engine, the same for every engine that has it: <c>queueDepth</c>, <c>runningRequests</c> (mean per pod), <c>kvCacheUsage</c> (mean, 0 to 1),
    /// <c>timeToFirstToken</c>, <c>timePerOutputToken</c>, <c>requestLatency</c> (95th percentile, seconds), <c>errors</c> (share of requests, 0 to 1),
    /// <c>preemptions</c> (per pod and second); all over the window.
    /// </summary>
    [OneOf(CheckMetrics.QueueDepth, CheckMetrics.RunningRequests, CheckMetrics.KvCacheUsage, CheckMetrics.TimeToFirstToken, CheckMetrics.TimePerOutputToken, CheckMetrics.RequestLatency, CheckMetrics.Errors, CheckMetrics.Preemptions)]
    public string? Metric { get; init; }

    /// <summary>Largest value that passes. A larger one fails, unless stable is above it too.</summary>
    public double? Max { get; init; }

    /// <summary>Smallest value that passes. A smaller one fails, unless stable is below it too.</summary>
    public double? Min { get; init; }

    /// <summary>Largest ratio of the candidate's value to stable's at the same time. Says nothing while stable's is 0.</summary>
    [Bounds(Min = 0, ExclusiveMin = true, Max = 1000)]
    public double? MaxTimesStable { get; init; }

    /// <summary>Time between two samples, default 30s, at least 5s.</summary>
    [SchemaDefault("\"30s\"")]
    [CelRule("duration(self) >= duration('5s')", "an interval is 5s or longer")]
    public Duration? Interval { get; init; }

    /// <summary>Time that a built-in metric looks back, and what <c>{{window}}</c> stands for, default 2m, at least 10s. At least four scrape intervals.</summary>
    [SchemaDefault("\"2m\"")]
    [CelRule("duration(self) >= duration('10s')", "a window is 10s or longer")]
    public Duration? Window { get; init; }

    /// <summary>Failing samples in a row that revert the candidate, default 3.</summary>
    [SchemaDefault("3")]
    [Bounds(Min = 1, Max = 100)]
    public int? Failures { get; init; }
}

/// <summary>A query in PromQL, once for the candidate and once for stable.</summary>
public sealed record PrometheusQuery
{
    /// <summary>
    /// PromQL with one value as its answer. <c>{{release}}</c>, <c>{{servingHash}}</c>, <c>{{track}}</c>, <c>{{service}}</c>, <c>{{namespace}}</c>, <c>{{deployment}}</c>
    /// and <c>{{window}}</c> are filled in. One of the first four must be there: it tells the candidate's series from stable's.
    /// </summary>
    [Size(Min = 1, Max = 4096)]
    [TextPattern("^([^{]|\\{[^{]|\\{\\{(release|servingHash|track|service|namespace|deployment|window)\\}\\})*$", Message = "the query has a placeholder that does not exist: use {{release}}, {{servingHash}}, {{track}}, {{service}}, {{namespace}}, {{deployment}} or {{window}}")]
    [CelRule("self.matches(r'\\{\\{(release|servingHash|track|service)\\}\\}')", "the query must tell the candidate from stable: select by {{release}}, {{servingHash}}, {{track}} or {{service}}")]
    public required string Query { get; init; }

    /// <summary>Base URL of another Prometheus than the operator's own. Refused unless the operator allows it.</summary>
    [Size(Max = 512)]
    [TextPattern("^https?://[^@/?#\\s]+(/[^?#\\s]*)?$", Message = "write a base URL such as http://prometheus.monitoring.svc:9090, without user, query or fragment")]
    public string? Address { get; init; }
}

/// <summary>A URL that answers with JSON, asked once for the candidate and once for stable.</summary>
public sealed record HttpQuery
{
    /// <summary>
    /// URL to <c>GET</c>. It must be below one that the operator allows (<c>--allow-check-url</c>, none by default); redirects are not followed. <c>{{release}}</c>,
    /// <c>{{servingHash}}</c>, <c>{{track}}</c>, <c>{{service}}</c>, <c>{{namespace}}</c>, <c>{{deployment}}</c> and <c>{{window}}</c> are filled in, URL-encoded. One of
    /// the first four must be there: it tells the candidate's numbers from stable's. No place for secrets: see header.
    /// </summary>
    [Size(Min = 1, Max = 2048)]
    [TextPattern("^https?://[-._:\\[\\]a-zA-Z0-9]+([/?][!-\"$-\\[\\]-~]*)?$", Message = "write a URL such as https://evals.example.com/quality?release={{release}}, of ASCII, without user and fragment, and with placeholders behind the host alone")]
    [CelRule("self.matches(r'^([^{}]|\\{\\{(release|servingHash|track|service|namespace|deployment|window)\\}\\})*$')", "the URL has a placeholder that does not exist: use {{release}}, {{servingHash}}, {{track}}, {{service}}, {{namespace}}, {{deployment}} or {{window}}, and %7B and %7D for braces")]
    [CelRule("self.matches(r'\\{\\{(release|servingHash|track|service)\\}\\}')", "the URL must tell the candidate from stable: use {{release}}, {{servingHash}}, {{track}} or {{service}}")]
    public required string Url { get; init; }

    /// <summary>
    /// Where the number is in the answer: a JSON pointer (RFC 6901) such as <c>/data/0/score</c>; empty where the answer is the number. A number, or a text that is one;
    /// what is missing, null, empty or not finite is no data, and never 0.
    /// </summary>
    [Size(Max = 256)]
    [TextPattern("^(/([^~]|~[01])*)?$", Message = "write a JSON pointer such as /data/0/score, with ~0 for ~ and ~1 for / in a name; or nothing where the answer is the number")]
    public required string Value { get; init; }

    /// <summary>Credentials to send along. None by default.</summary>
    public CredentialHeader? Header { get; init; }
}

/// <summary>A request header whose value a Secret holds.</summary>
public sealed record CredentialHeader
{
    /// <summary>Name of the header, such as <c>Authorization</c> or <c>X-Api-Key</c>.</summary>
    [Size(Min = 1, Max = 64)]
    [TextPattern("^([Aa]uthorization|[-A-Za-z0-9]*([Kk]ey|KEY|[Tt]oken|TOKEN))$", Message = "name a header that carries credentials: Authorization, or one that ends in Key or Token, such as X-Api-Key")]
    public required string Name { get; init; }

    /// <summary>Word before the value and a blank, such as <c>Bearer</c> or <c>Basic</c>. None by default.</summary>
    [Size(Min = 1, Max = 32)]
    [TextPattern("^[A-Za-z][-A-Za-z0-9]*$", Message = "write a scheme such as Bearer or Basic, without the value")]
    public string? Scheme { get; init; }

    /// <summary>Key of a Secret in this namespace with the value, visible ASCII characters alone. Read by name, and anew within a minute or when it is refused.</summary>
    public required SecretKeyReference SecretKeyRef { get; init; }
}

/// <summary>Values of <see cref="CheckSpec.Metric"/>.</summary>
public static class CheckMetrics
{
    public const string QueueDepth = "queueDepth";
    public const string RunningRequests = "runningRequests";
    public const string KvCacheUsage = "kvCacheUsage";
    public const string TimeToFirstToken = "timeToFirstToken";
    public const string TimePerOutputToken = "timePerOutputToken";
    public const string RequestLatency = "requestLatency";
    public const string Errors = "errors";
    public const string Preemptions = "preemptions";

    public static IReadOnlyList<string> All { get; } = [QueueDepth, RunningRequests, KvCacheUsage, TimeToFirstToken, TimePerOutputToken, RequestLatency, Errors, Preemptions];
}
