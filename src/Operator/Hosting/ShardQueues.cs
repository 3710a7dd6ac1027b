using LlmOps.Kubernetes;

namespace LlmOps.Operator.Hosting;

/// <summary>The queues of one shard, one for each controller.</summary>
/// <param name="isAsked">Whether the candidate of an LlmDeployment gets requests: bad evidence about it must not wait for what else changes.</param>
/// <param name="time">Their clock.</param>
internal sealed class ShardQueues(Func<ObjectKey, bool> isAsked, TimeProvider time) : IDisposable
{
    private volatile bool isOpen;

    /// <summary>Whether changes are queued: not before the term of leadership, which begins with everything, and not after it.</summary>
    public bool IsOpen
    {
        get => isOpen;
        set => isOpen = value;
    }

    public WorkQueue<ObjectKey> Deployments { get; } = new(new() { Name = "llmdeployment" }, time, isAsked);

    public WorkQueue<ObjectKey> Prompts { get; } = new(new() { Name = "promptversion" }, time);

    public WorkQueue<ObjectKey> Gates { get; } = new(new() { Name = "evalgate" }, time);

    public WorkQueue<ObjectKey> Runs { get; } = new(new() { Name = "evalrun" }, time);

    public WorkQueue<ObjectKey> Actions { get; } = new(new() { Name = "rolloutaction" }, time);

    public void Dispose()
    {
        Deployments.Dispose();
        Prompts.Dispose();
        Gates.Dispose();
        Runs.Dispose();
        Actions.Dispose();
    }
}
