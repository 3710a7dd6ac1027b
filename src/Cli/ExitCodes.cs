namespace LlmOps.Cli;

/// <summary>What the process says to scripts. Part of the contract (docs/kubectl-llm.md).</summary>
internal static class ExitCodes
{
    /// <summary>Done; what was waited for is there.</summary>
    public const int Done = 0;

    /// <summary>The answer is no: an action was refused, a rollout did not take over, a manifest is wrong.</summary>
    public const int No = 1;

    /// <summary>It could not be asked: wrong usage, no cluster, no right, no such object.</summary>
    public const int CannotAsk = 2;

    /// <summary>The time of <c>--timeout</c> passed first.</summary>
    public const int TimedOut = 4;

    /// <summary>Ended by Ctrl-C.</summary>
    public const int Interrupted = 130;
}
