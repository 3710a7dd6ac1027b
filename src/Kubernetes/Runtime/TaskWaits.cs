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
}
