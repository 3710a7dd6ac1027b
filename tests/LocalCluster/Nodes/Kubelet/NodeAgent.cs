using System.Collections.Concurrent;
using LlmOps.Kubernetes;

namespace LlmOps.LocalCluster.Nodes.Kubelet;

/// <summary>Plays the kubelets of all simulated nodes: follows the pods that are bound to them.</summary>
internal sealed class NodeAgent(KubeletServices services) : IAsyncDisposable
{
    private readonly HashSet<string> nodes = [.. services.Options.Nodes.Select(node => node.Name)];
    private readonly ConcurrentDictionary<string, PodWorker> workers = new();

    /// <summary>Takes a change of a pod; called in order, never at the same time for one pod.</summary>
    public void Observe(Pod? before, Pod? after)
    {
        if (after is null)
        {
            if (before?.Metadata.Uid is { } old && workers.TryGetValue(old, out var left))
            {
                left.Gone(before.IsDeleting());
                _ = ForgetAsync(old, left);
            }

            return;
        }

        if (after.Metadata.Uid is not { } uid || after.Spec?.NodeName is not { } node || !nodes.Contains(node))
            return;
        var known = workers.TryGetValue(uid, out var worker);
        if (!known && after.HasEnded() && !after.IsDeleting())
            return;
        worker ??= workers[uid] = new PodWorker(services, after);
        if (after.IsDeleting())
            worker.Terminate();
        if (!known)
            worker.Start();
    }

    /// <summary>Kills a pod's processes; false when it has none.</summary>
    public bool Kill(string ns, string name, Func<ObjectKey, Pod?> find) =>
        find(new(ns, name))?.Metadata.Uid is { } uid && workers.TryGetValue(uid, out var worker) && worker.Kill();

    /// <summary>A pod that the server has no longer is ours until its last process has ended.</summary>
    private async Task ForgetAsync(string uid, PodWorker worker)
    {
        await worker.Completion;
        workers.TryRemove(uid, out _);
    }

    public async ValueTask DisposeAsync() => await Task.WhenAll(workers.Values.Select(worker => worker.DisposeAsync().AsTask()));
}
