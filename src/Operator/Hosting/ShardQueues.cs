using LlmOps.Kubernetes;

namespace LlmOps.Operator.Hosting;

/// <summary>The queues of one shard, one for each controller.</summary>
/// <param name="isAsked">Whether the candidate of an LlmDeployment gets requests: bad evidence about it must not wait for what else changes.</param>
/// <param name="time">Their clock.</param>
internal sealed class ShardQueues(Func<ObjectKey, bool> isAsked, TimeProvider time) : IDisposable
{
    private readonly Lock sync = new();
    private volatile bool isOpen;

    /// <summary>Whether keys are queued now.</summary>
    public bool IsOpen => isOpen;

    /// <summary>Keys that wait.</summary>
    public int Count => Deployments.Count + Prompts.Count + Gates.Count + Runs.Count + Actions.Count;

    public WorkQueue<ObjectKey> Deployments { get; } = new(new() { Name = "llmdeployment" }, time, isAsked);

    public WorkQueue<ObjectKey> Prompts { get; } = new(new() { Name = "promptversion" }, time);

    public WorkQueue<ObjectKey> Gates { get; } = new(new() { Name = "evalgate" }, time);

    public WorkQueue<ObjectKey> Runs { get; } = new(new() { Name = "evalrun" }, time);

    public WorkQueue<ObjectKey> Actions { get; } = new(new() { Name = "rolloutaction" }, time);

    /// <summary>From now on changes are queued: not before the term of leadership, which begins with everything.</summary>
    public void Open()
    {
        lock (sync)
            isOpen = true;
    }

    /// <summary>Queues a key. False outside a term, where it is not: nobody would come for it.</summary>
    /// <param name="isIdle">Whether nothing is known to have changed.</param>
    public bool Wake(WorkQueue<ObjectKey> queue, ObjectKey key, bool isIdle = false)
    {
        lock (sync)
        {
            if (!isOpen)
                return false;
            if (isIdle)
                queue.AddIdle(key);
            else
                queue.Add(key);
            return true;
        }
    }

    /// <summary>Ends the term, with what waits: the next one begins with everything.</summary>
    /// <returns>The LlmDeployments that waited.</returns>
    public IReadOnlyCollection<ObjectKey> Close()
    {
        lock (sync)
        {
            isOpen = false;
            Prompts.Clear();
            Gates.Clear();
            Runs.Clear();
            Actions.Clear();
            return Deployments.Clear();
        }
    }

    public void Dispose()
    {
        Deployments.Dispose();
        Prompts.Dispose();
        Gates.Dispose();
        Runs.Dispose();
        Actions.Dispose();
    }
}
