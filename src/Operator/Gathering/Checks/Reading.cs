using LlmOps.Rollouts;

namespace LlmOps.Operator.Gathering.Checks;

/// <summary>What a query came to: a finite number, or why there is none.</summary>
/// <param name="Silence">NoData or ProviderError where there is no number; null where there is.</param>
/// <param name="Problem">Why there is no number, in words.</param>
internal sealed record Reading(double Value, Verdict? Silence, string? Problem)
{
    public static Reading Of(double value) => new(value, null, null);

    /// <summary>The source answered, and there is nothing to judge.</summary>
    public static Reading NoData(string problem) => new(0, Verdict.NoData, problem);

    /// <summary>The source failed.</summary>
    public static Reading Error(string problem) => new(0, Verdict.ProviderError, problem);
}
