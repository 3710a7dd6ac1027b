namespace LlmOps.Cli;

/// <summary>The time of <c>--timeout</c>.</summary>
internal static class Deadline
{
    /// <summary>What a body gives, where it ends in time.</summary>
    /// <param name="session">Its clock counts.</param>
    /// <param name="timeout">Longest time.</param>
    /// <param name="body">Ends when it is cancelled.</param>
    /// <param name="late">What to say where the time passed first.</param>
    /// <param name="ct">Ends it, as Ctrl-C does.</param>
    /// <exception cref="CliException">The time passed first.</exception>
    public static async Task<T> WithinAsync<T>(Session session, TimeSpan timeout, Func<CancellationToken, Task<T>> body, Func<string> late, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(timeout, session.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            return await body(either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new CliException(late(), ExitCodes.TimedOut);
        }
    }
}
