namespace LlmOps.Kubernetes;

/// <summary>Waits for tasks that may never end.</summary>
public static class TaskWaits
{
    /// <summary>Whether the task ended, in whatever way, within a time. It goes on if not.</summary>
    public static async Task<bool> EndsWithinAsync(this Task task, TimeSpan wait, TimeProvider time)
    {
        if (task.IsCompleted)
            return true;
        using var ended = new CancellationTokenSource();
        var first = await Task.WhenAny(task, Task.Delay(wait, time, ended.Token));
        await ended.CancelAsync();
        return first == task;
    }

    /// <summary>Waits for tasks that go on until <paramref name="stop"/>. The first that fails cancels it, so that none goes on alone, and is what is thrown once all have ended.</summary>
    /// <exception cref="Exception">What the first task failed with.</exception>
    public static async Task EndTogetherAsync(this IEnumerable<Task> tasks, CancellationTokenSource stop)
    {
        Task[] all = [.. tasks];
        Task? failed = null;
        await foreach (var ended in Task.WhenEach(all))
        {
            if (failed is not null || !ended.IsFaulted)
                continue;
            failed = ended;
            await stop.CancelAsync();
        }

        await (failed ?? Task.WhenAll(all));
    }
}
