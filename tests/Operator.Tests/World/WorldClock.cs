using LlmOps.Testing;

namespace LlmOps.Operator.Tests.World;

/// <summary>
/// Time of a world that goes on only when everybody in it has done what there was to do: to the next timer, at most by <see cref="LongestStep"/>. What takes
/// minutes takes as long as its work, and no timer fires because a machine is slow.
/// </summary>
/// <param name="activity">A count that grows with whatever happens.</param>
/// <param name="isBusy">Whether somebody is at work.</param>
internal sealed class WorldClock(ManualTime time, Func<long> activity, Func<bool> isBusy)
{
    private static readonly TimeSpan LongestStep = TimeSpan.FromMilliseconds(250);

    /// <summary>Real time without anything happening that counts as nothing left to do.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(1);

    /// <summary>Somebody who never comes to rest must not stop the clock: a hot loop is to be seen in its count.</summary>
    private const int MostLooks = 200;

    public ManualTime Time { get; } = time;

    /// <summary>Moves on by one step.</summary>
    public async Task StepAsync()
    {
        var seen = -1L;
        for (var look = 0; look < MostLooks; look++)
        {
            var now = activity();
            if (now == seen && !isBusy())
                break;
            seen = now;
            await Task.Delay(Quiet, TimeProvider.System);
        }

        var limit = Time.GetUtcNow() + LongestStep;
        Time.AdvanceTo(Time.NextDue is { } due && due < limit ? due : limit);
    }

    /// <summary>Moves on until something holds.</summary>
    /// <param name="patience">Longest time on this clock.</param>
    /// <param name="describe">What is waited for, and what is there instead: evaluated only where it does not come.</param>
    /// <exception cref="TimeoutException">It never held.</exception>
    public async Task UntilAsync(Func<bool> condition, TimeSpan patience, Func<string> describe)
    {
        var (start, seen) = (Time.GetTimestamp(), -1L);
        while (true)
        {
            // Looking costs more than a step: only where something happened since.
            if (activity() is var now && now != seen && condition())
                return;
            seen = now;
            if (Time.GetElapsedTime(start) > patience)
            {
                if (condition())
                    return;
                throw new TimeoutException($"not within {patience.TotalSeconds:0.###} s of the world's clock: {describe()}");
            }

            await StepAsync();
        }
    }

    /// <summary>Moves on until a task has ended.</summary>
    public async Task WaitAsync(Task task)
    {
        while (!task.IsCompleted)
            await StepAsync();
        await task;
    }

    /// <summary>Moves on by a time.</summary>
    public async Task PassAsync(TimeSpan span)
    {
        for (var start = Time.GetTimestamp(); Time.GetElapsedTime(start) < span;)
            await StepAsync();
    }
}
