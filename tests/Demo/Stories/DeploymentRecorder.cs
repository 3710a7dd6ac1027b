using LlmOps.Api;
using LlmOps.Kubernetes;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmOps.Demo.Stories;

/// <summary>A status of the LlmDeployment and when it was seen.</summary>
public sealed record Sighting(DateTimeOffset SeenAt, LlmDeployment Deployment)
{
    public LlmDeploymentStatus? Status => Deployment.Status;
}

/// <summary>Watches one LlmDeployment and its pods and keeps all that it saw: what a story is judged by.</summary>
public sealed class DeploymentRecorder : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly Lock gate = new();
    private readonly List<Sighting> sightings = [];
    private readonly Dictionary<string, Pod> pods = [];
    private readonly Task running;
    private readonly ObjectKey key;
    private readonly TimeProvider time;
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public DeploymentRecorder(KubernetesClient client, string ns, string name, TimeProvider time)
    {
        (key, this.time) = (new(ns, name), time);
        var deployments = new Informer<LlmDeployment>(client, new InformerOptions { Namespace = ns }, NullLogger.Instance, time);
        deployments.Changed += (_, now) => Saw(now);
        var podInformer = new Informer<Pod>(client, new InformerOptions { Namespace = ns, LabelSelector = $"{Labels.Deployment}={name}" }, NullLogger.Instance, time);
        podInformer.Changed += (_, now) => Saw(now);
        running = Task.WhenAll(deployments.RunAsync(stop.Token), podInformer.RunAsync(stop.Token));
    }

    /// <summary>The newest status, if any was seen.</summary>
    public Sighting? Latest
    {
        get { lock (gate) return sightings.Count == 0 ? null : sightings[^1]; }
    }

    /// <summary>Everything seen since a time.</summary>
    public IReadOnlyList<Sighting> Since(DateTimeOffset start)
    {
        lock (gate)
            return [.. sightings.Where(s => s.SeenAt >= start)];
    }

    /// <summary>Every pod ever seen, in its last state, gone ones included.</summary>
    public IReadOnlyList<Pod> Pods
    {
        get { lock (gate) return [.. pods.Values]; }
    }

    /// <summary>Waits until a status holds; throws with the last status where it does not in time.</summary>
    public async Task<Sighting> WaitAsync(string what, Func<LlmDeploymentStatus, bool> holds, TimeSpan limit, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            Task next;
            Sighting? latest;
            lock (gate)
                (latest, next) = (sightings.Count == 0 ? null : sightings[^1], changed.Task);
            if (latest?.Status is { } status && holds(status))
                return latest;
            var left = limit - time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero)
                throw new TimeoutException($"{key}: not within {limit.TotalSeconds:0} s: {what}. Last: {Describe(latest?.Status)}");
            await Task.WhenAny(next, Task.Delay(left, time, ct));
            ct.ThrowIfCancellationRequested();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        try
        {
            await running;
        }
        catch (OperationCanceledException)
        {
            // Asked for just now.
        }

        stop.Dispose();
    }

    private static string Describe(LlmDeploymentStatus? status) => status is null
        ? "no status"
        : $"phase {status.Phase}, stable {status.Stable?.Release ?? "none"}, candidate {status.Candidate?.Release ?? "none"} at {status.Candidate?.Weight ?? 0} %, rollout {status.Rollout?.Phase}: {status.Rollout?.Message}";

    private void Saw(LlmDeployment? deployment)
    {
        if (deployment?.Metadata.Name != key.Name)
            return;
        TaskCompletionSource wake;
        lock (gate)
        {
            sightings.Add(new(time.GetUtcNow(), deployment));
            (wake, changed) = (changed, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        wake.SetResult();
    }

    private void Saw(Pod? pod)
    {
        if (pod?.Metadata.Uid is not { } uid)
            return;
        lock (gate)
            pods[uid] = pod;
    }
}
