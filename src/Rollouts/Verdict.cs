namespace LlmOps.Rollouts;

/// <summary>Outcome of a gate, a live test or a check. Only Pass moves forward, only Fail reverts at once; the others hold until the step's deadline.</summary>
public enum Verdict
{
    Pass,
    Fail,

    /// <summary>There is data, and it does not decide.</summary>
    Inconclusive,

    /// <summary>There is no data to decide on.</summary>
    NoData,

    /// <summary>What delivers the data failed. Says nothing about the candidate.</summary>
    ProviderError,
}
