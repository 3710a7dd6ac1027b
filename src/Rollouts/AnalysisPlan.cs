namespace LlmOps.Rollouts;

/// <summary>How live traffic is tested.</summary>
/// <param name="FalseRevertProbability">Chance over a whole rollout, all tests together, that a candidate as good as stable is reverted; above 0, below 1.</param>
public sealed record AnalysisPlan(double FalseRevertProbability = 0.01)
{
    public Tolerances Tolerance { get; init; } = new();

    public PromotionPolicy Promotion { get; init; }

    /// <summary>Absolute limits, beside the comparison with stable.</summary>
    public EquatableArray<AbsoluteLimit> Limits { get; init; }
}

/// <summary>Ratios of the rates of bad events, candidate to stable, that are not held against the candidate; 1 or more each.</summary>
/// <param name="Errors">Of failed requests.</param>
/// <param name="Ttft">Of slow first tokens.</param>
/// <param name="TimePerOutputToken">Of slow output.</param>
/// <param name="OutputTokens">Of long answers.</param>
/// <param name="Cost">Of costly requests.</param>
/// <param name="Blocked">Of answers that a guardrail blocked.</param>
/// <param name="Feedback">Of answers that users rated bad.</param>
public sealed record Tolerances(
    double Errors = 1,
    double Ttft = 1.2,
    double TimePerOutputToken = 1.2,
    double OutputTokens = 1.3,
    double Cost = 1.2,
    double Blocked = 1,
    double Feedback = 1);

/// <summary>What completes a step with a weight.</summary>
public enum PromotionPolicy
{
    /// <summary>Time and requests, while no test has failed.</summary>
    BoundedTime,

    /// <summary>Besides, proof that the candidate's errors are not much more frequent than stable's.</summary>
    Proven,
}

/// <summary>A limit on the candidate that holds whatever stable does.</summary>
/// <param name="Metric"><c>errors</c>, <c>ttft</c> or <c>timePerOutputToken</c>.</param>
/// <param name="Key">Under which it is counted (<see cref="OverLimit.Key"/>); null for errors, which are counted as such.</param>
/// <param name="MaxShare">Largest share of requests that may break it, above 0 and below 1: the error rate, or one less the quantile.</param>
/// <param name="Text">The limit in words, such as <c>ttft p95 ≤ 2s</c>.</param>
public sealed record AbsoluteLimit(string Metric, string? Key, double MaxShare, string Text);
