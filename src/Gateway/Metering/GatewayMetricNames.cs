namespace LlmOps.Gateway.Metering;

/// <summary>Names of the gateway's metrics and their labels: API for dashboards and alerts.</summary>
internal static class GatewayMetricNames
{
    public const string Meter = "LlmOps.Gateway";

    public const string Requests = "llmops_gateway_requests_total";
    public const string RequestSeconds = "llmops_gateway_request_duration_seconds";
    public const string TimeToFirstTokenSeconds = "llmops_gateway_time_to_first_token_seconds";
    public const string TimePerOutputTokenSeconds = "llmops_gateway_time_per_output_token_seconds";
    public const string Tokens = "llmops_gateway_tokens_total";
    public const string Fallbacks = "llmops_gateway_fallbacks_total";
    public const string Retries = "llmops_gateway_retries_total";
    public const string Cost = "llmops_gateway_cost_total";
    public const string Mirrored = "llmops_gateway_mirrored_requests_total";
    public const string NotMirrored = "llmops_gateway_mirror_skipped_total";
    public const string Feedback = "llmops_gateway_feedback_total";
    public const string InFlight = "llmops_gateway_requests_in_flight";
    public const string Concurrent = "llmops_gateway_concurrent_requests";
    public const string ConcurrencyLimit = "llmops_gateway_concurrency_limit";
    public const string Refused = "llmops_gateway_refused_requests_total";
    public const string Assigned = "llmops_assigned_total";
    public const string Bad = "llmops_bad_total";

    public const string DeploymentLabel = "deployment";
    public const string NamespaceLabel = "namespace";
    public const string ReleaseLabel = "release";
    public const string TrackLabel = "track";
    public const string CodeLabel = "code";
    public const string DirectionLabel = "direction";
    public const string EstimatedLabel = "estimated";
    public const string ReasonLabel = "reason";
    public const string OutcomeLabel = "outcome";
    public const string RatingLabel = "rating";
    public const string CurrencyLabel = "currency";
    public const string RolloutLabel = "rollout";
    public const string EpochLabel = "epoch";
    public const string KindLabel = "kind";
}
