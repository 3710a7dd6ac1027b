namespace LlmOps.Cli;

/// <summary>What the process says to scripts. Part of the contract (docs/kubectl-llm.md).</summary>
internal static class ExitCodes
{
    /// <summary>Done; the gates passed; what was waited for is there.</summary>
    public const int Done = 0;

    /// <summary>The answer is no: an action was refused, a gate failed, a rollout did not take over, a manifest is wrong.</summary>
    public const int No = 1;

    /// <summary>It could not be asked: wrong usage, no cluster, no right, no such object.</summary>
    public const int CannotAsk = 2;

    /// <summary>There is no clear answer: no gate failed, and one is Inconclusive, NoData or ProviderError.</summary>
    public const int Undecided = 3;

    /// <summary>The time of <c>--timeout</c> passed first.</summary>
    public const int TimedOut = 4;

    /// <summary>Ended by Ctrl-C.</summary>
    public const int Interrupted = 130;
}
