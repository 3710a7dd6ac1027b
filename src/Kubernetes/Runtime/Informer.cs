using Microsoft.Extensions.Logging;

namespace LlmOps.Kubernetes;

/// <summary>
/// Keeps a copy of the objects of one kind: lists them, watches for changes, and tells what changed.
/// </summary>
/// <remarks>
/// Guarantees. Every state that the server still has in the end is told: after a broken connection the watch resumes
/// where it stopped; where the server has forgotten that point (410), everything is listed again, the store is swapped
/// at once, and the differences are told as changes. Nothing is told twice. States in between may be skipped. An
/// object that cannot be decoded is logged and counted and does not concern the others; where a decodable version of
/// it was known, that one stays until the object is deleted. No failure ends the informer; waits between attempts grow
/// from 0.1 to 30 s.
/// RBAC: <c>list</c> and <c>watch</c> on the kind.
/// </remarks>
public sealed class Informer<T>(KubernetesClient client, InformerOptions options, ILogger logger, TimeProvider time) : IDisposable
    where T : class, IResource<T>
{
    private readonly TaskCompletionSource synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource disposed = new();
    private readonly Backoff backoff = new(options.FirstBackoff, options.LongestBackoff);
    private int started;

    /// <summary>
    /// Raised after the store changed: (null, new) for an added object, (old, new) for an update, (old, null) for a
    /// deletion. An object that was deleted and created again under its name is a deletion and an addition. Called on
    /// one thread at a time; must not block. An exception is logged and does no harm to other handlers.
    /// </summary>
    public event Action<T?, T?>? Changed;

    public InformerStore<T> Store { get; } = new();

    /// <summary>Whether the store was filled once, and all of it was told.</summary>
    public bool HasSynced => synced.Task.IsCompletedSuccessfully;

    public Task WaitForSyncAsync(CancellationToken ct) => synced.Task.WaitAsync(ct);

    /// <summary>Runs until cancelled or disposed, and then returns.</summary>
    /// <exception cref="InvalidOperationException">It ran already.</exception>
    public async Task RunAsync(CancellationToken ct)
    {
        if (Interlocked.Exchange(ref started, 1) != 0)
            throw new InvalidOperationException($"The informer of {T.ResourceKind.Kind} runs already.");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct, disposed.Token);
        try
        {
            string? resourceVersion = null;
            while (true)
            {
                resourceVersion = resourceVersion is null
                    ? await TryListAsync(stop.Token)
                    : await WatchAsync(resourceVersion, stop.Token);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    /// <summary>Stops telling changes, and <see cref="RunAsync"/>.</summary>
    public void Dispose()
    {
        Changed = null;
        // Not disposed: RunAsync may still link to it; without a timer there is nothing to free.
        disposed.Cancel();
    }

    /// <summary>The version to watch from, or null after a failure and a wait.</summary>
    private async Task<string?> TryListAsync(CancellationToken ct)
    {
        try
        {
            var list = await CompleteList.ReadAsync<T>(client, options, ct);
            KubernetesMetrics.Relists.Add(1, Kind());
            Replace(list);
            synced.TrySetResult();
            Log.Listed(logger, T.ResourceKind.Kind, Store.Count, list.ResourceVersion);
            return list.ResourceVersion;
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            // Whatever it is (forbidden, kind not installed yet, server away), a later attempt may succeed.
            var wait = backoff.Next();
            Log.ListFailed(logger, T.ResourceKind.Kind, wait.TotalSeconds, e);
            await Task.Delay(wait, time, ct);
            return null;
        }
    }

    /// <summary>Watches once. Returns the version to go on from, or null where everything must be listed again.</summary>
    private async Task<string?> WatchAsync(string from, CancellationToken ct)
    {
        var position = from;
        string reason;
        var start = time.GetTimestamp();
        try
        {
            (position, reason) = await FollowAsync(from, value => position = value, ct);
        }
        catch (KubernetesException e) when (e.IsExpired)
        {
            reason = "expired";
        }
        catch (KubernetesException e) when (e.Reason == KubernetesException.WatchIdleReason)
        {
            reason = "idle";
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            reason = "error";
            Log.WatchFailed(logger, T.ResourceKind.Kind, e);
        }

        KubernetesMetrics.WatchRestarts.Add(1, Kind(), new("reason", reason));
        // A server that accepts and hangs up at once has brought nothing: only progress or patience counts as success.
        var progressed = position != from;
        if (progressed || time.GetElapsedTime(start) > options.LongestBackoff)
            backoff.Reset();
        var wait = backoff.Next();
        Log.WatchEnded(logger, T.ResourceKind.Kind, reason, position, wait.TotalSeconds);
        await Task.Delay(wait, time, ct);
        // A corrupt line hides an event. Resuming makes the server send it again; where it comes corrupt again, a list helps.
        return reason == "expired" || (reason == "corrupt" && !progressed) ? null : position;
    }

    private async Task<(string Position, string Reason)> FollowAsync(string from, Action<string> moved, CancellationToken ct)
    {
        var position = from;
        var watch = new WatchOptions
        {
            LabelSelector = options.LabelSelector,
            FieldSelector = options.FieldSelector,
            ResourceVersion = from,
            IdleTimeout = options.IdleTimeout,
        };
        await foreach (var e in client.WatchAsync<T>(options.Namespace, watch, ct))
        {
            switch (e.Type)
            {
                case WatchEventType.Error:
                    throw KubernetesException.From(e.Error ?? new Status(), $"watch of {T.ResourceKind.Kind}");
                case WatchEventType.Unknown:
                    Log.CorruptLine(logger, T.ResourceKind.Kind, e.DecodeError);
                    return (position, "corrupt");
                case WatchEventType.Deleted when e.Key is { } key:
                    Tell(Store.Remove(key) is { } known ? e.Object ?? known : null, null);
                    break;
                case WatchEventType.Added or WatchEventType.Modified when e.Object is { } obj:
                    Tell(Store.Set(obj), obj);
                    break;
                case WatchEventType.Added or WatchEventType.Modified:
                    Skip(e.Key.GetValueOrDefault(), e.DecodeError);
                    break;
            }

            if (!string.IsNullOrEmpty(e.ResourceVersion))
                moved(position = e.ResourceVersion);
        }

        return (position, "end");
    }

    private void Replace(CompleteList<T> list)
    {
        foreach (var (key, error) in list.Undecodable)
            Skip(key, error);
        var kept = list.Undecodable.Select(u => Store.Get(u.Key)).OfType<T>();
        var before = Store.Swap(list.Items.Concat(kept));
        foreach (var old in before)
        {
            if (Store.Get(old.Key()) is null)
                Tell(old, null);
        }

        var previous = before.ToDictionary(o => o.Key());
        foreach (var obj in list.Items)
            Tell(previous.GetValueOrDefault(obj.Key()), obj);
    }

    private void Skip(ObjectKey key, string? error)
    {
        KubernetesMetrics.UndecodableObjects.Add(1, Kind());
        Log.Undecodable(logger, T.ResourceKind.Kind, key, error);
    }

    /// <summary>
    /// | before | after | told |
    /// | --- | --- | --- |
    /// | none | none | nothing |
    /// | same uid and version | | nothing: seen already |
    /// | same uid | | update |
    /// | other uid | | deletion, addition |
    /// </summary>
    private void Tell(T? before, T? after)
    {
        if (before is null && after is null)
            return;
        if (before is not null && after is not null)
        {
            if (before.Metadata.Uid != after.Metadata.Uid)
            {
                Raise(before, null);
                before = null;
            }
            else if (before.Metadata.ResourceVersion is { } version && version == after.Metadata.ResourceVersion)
            {
                return;
            }
        }

        Raise(before, after);
    }

    private void Raise(T? before, T? after)
    {
        if (Changed is not { } handlers)
            return;
        foreach (var handler in Delegate.EnumerateInvocationList(handlers))
        {
            try
            {
                handler(before, after);
            }
            catch (Exception e)
            {
                // A handler is somebody else's code: its failure must not cost the others this change.
                Log.HandlerFailed(logger, T.ResourceKind.Kind, (after ?? before)!.Key(), e);
            }
        }
    }

    private static KeyValuePair<string, object?> Kind() => new("kind", T.ResourceKind.Kind);
}
