namespace LlmOps.Testing;

/// <summary>Bounded polling, for tests that watch a real process or a real server from outside. Not for code that has a clock to inject.</summary>
public static class Eventually
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(25);

    /// <summary>Returns as soon as the condition holds.</summary>
    /// <param name="condition">Looked at every 25 ms; its exceptions count as "not yet" and the last one is told on timeout.</param>
    /// <param name="timeout">How long to look, in real time.</param>
    /// <param name="describe">What is waited for, and what is there instead: evaluated only on timeout.</param>
    /// <exception cref="TimeoutException">The condition never held.</exception>
    public static async Task TrueAsync(
        Func<CancellationToken, Task<bool>> condition, TimeSpan timeout, Func<string> describe, CancellationToken cancellationToken = default) =>
        await ValueAsync<object>(async ct => await condition(ct) ? condition : null, timeout, describe, cancellationToken);

    /// <inheritdoc cref="TrueAsync(Func{CancellationToken, Task{bool}}, TimeSpan, Func{string}, CancellationToken)"/>
    public static Task TrueAsync(Func<bool> condition, TimeSpan timeout, Func<string> describe, CancellationToken cancellationToken = default) =>
        TrueAsync(_ => Task.FromResult(condition()), timeout, describe, cancellationToken);

    /// <inheritdoc cref="TrueAsync(Func{CancellationToken, Task{bool}}, TimeSpan, Func{string}, CancellationToken)"/>
    public static Task TrueAsync(Func<bool> condition, TimeSpan timeout, string description, CancellationToken cancellationToken = default) =>
        TrueAsync(condition, timeout, () => description, cancellationToken);

    /// <summary>As <c>TrueAsync</c>, and returns the first value that is not null.</summary>
    public static async Task<T> ValueAsync<T>(
        Func<CancellationToken, Task<T?>> value, TimeSpan timeout, Func<string> describe, CancellationToken cancellationToken = default)
        where T : class
    {
        var time = TimeProvider.System;
        var started = time.GetTimestamp();
        Exception? last = null;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                if (await value(cancellationToken) is { } found)
                    return found;
                last = null;
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                last = e;
            }

            if (time.GetElapsedTime(started) > timeout)
                throw new TimeoutException($"not within {timeout.TotalSeconds:0.###} s: {describe()}", last);
            await Task.Delay(Interval, time, cancellationToken);
        }
    }
}
