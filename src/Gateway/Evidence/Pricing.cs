namespace LlmOps.Gateway.Evidence;

/// <summary><c>spec.pricing</c>: what tokens cost.</summary>
/// <param name="InputPerMillion">Of a million input tokens, 0 or more.</param>
/// <param name="OutputPerMillion">Of a million output tokens, 0 or more; not both 0.</param>
/// <param name="Currency">Label of the cost metric.</param>
internal sealed record Pricing(double InputPerMillion, double OutputPerMillion, string Currency)
{
    /// <summary>Cost of one answer in <see cref="Currency"/>.</summary>
    public double Cost(long inputTokens, long outputTokens) => ((inputTokens * InputPerMillion) + (outputTokens * OutputPerMillion)) / 1e6;

    /// <summary>Cost in thousands of the dearer token: a scale that does not depend on the currency, nor jumps when all prices change alike.</summary>
    public double RelativeCost(long inputTokens, long outputTokens) =>
        ((inputTokens * InputPerMillion) + (outputTokens * OutputPerMillion)) / Math.Max(InputPerMillion, OutputPerMillion) / 1000;
}
