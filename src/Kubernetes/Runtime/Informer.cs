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
/// from 0.1 to 5 s, between lists whose watch brings nothing to 30 s, and are not shorter than the server asks for, up
/// to 30 s. A streamed list that is refused or breaks is followed by one in pages.
/// RBAC: <c>list</c> and <c>watch</c> on the kind.
/// </remarks>
/// <param name="client">Lists and watches.</param>
/// <param name="options">What to keep.</param>
/// <param name="logger">Told of failures.</param>
/// <param name="time">Clock of waits.</param>
/// <param name="keep">What is kept and told of each object: for leaving out what nobody reads. Pure, cheap, and leaves the metadata's name, namespace, uid and resource version alone. Default: all of it.</param>
public sealed class Informer<T>(KubernetesClient client, InformerOptions options, ILogger logger, TimeProvider time, Func<T, T>? keep = null) : IDisposable
    where T : class, IResource<T>
{
    private const int MostTold = 1000;

    /// <summary>Most that a server may ask for.</summary>
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromSeconds(30);

    private readonly TaskCompletionSource synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource disposed = new();
    /// <summary>What was logged about objects that cannot be decoded, so that each is told once and not with each list.</summary>
    private readonly Dictionary<ObjectKey, string?> undecodable = [];

    private readonly Backoff backoff = new(options.FirstBackoff, options.LongestBackoff);

    /// <summary>Before everything is listed again.</summary>
    private readonly Backoff relistBackoff = new(options.FirstBackoff, options.LongestRelistBackoff);
    private int started;

    /// <summary>The resource version that the watch goes on from; null: list first.</summary>
    private string? position;

    /// <summary>Whether the next list is streamed.</summary>
    private bool streams = options.StreamLists;

    /// <summary>The server does not know streamed lists.</summary>
    private bool isStreamRefused;

    /// <summary>The resource version of the last list.</summary>
    private string? listedAt;

    /// <summary>Why the next list is read.</summary>
    private string listCause = "start";

    private enum WatchEnd
    {
        Closed,
        Idle,
        Expired,
        Corrupt,
        Failed,
    }

    /// <summary>
    /// Raised after the store changed: (null, new) for an added object, (old, new) for an update, (old, null) for a
    /// deletion. An object that was deleted and created again under its name is a deletion and an addition. Called on
    /// one thread at a time; must not block. An exception is logged and does no harm to other handlers.
    /// </summary>
    public event Action<T?, T?>? Changed;

    /// <summary>Raised after a list took the place of everything and its differences were told. As <see cref="Changed"/>.</summary>
    public event Action? Relisted;

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
        using var size = KubernetesMetrics.CachedObjects.Add(Kind(), () => Store.Count);
        try
        {
            while (true)
                await (position is null && !streams ? ListAsync(stop.Token) : WatchAsync(position, stop.Token));
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
            // Cancelled, or it failed in the moment of the end: nobody is left to try again for.
        }
    }

    /// <summary>Stops telling changes, and <see cref="RunAsync"/>.</summary>
    public void Dispose()
    {
        (Changed, Relisted) = (null, null);
        // Not disposed: RunAsync may still link to it; without a timer there is nothing to free.
        disposed.Cancel();
    }

    private async Task ListAsync(CancellationToken ct)
    {
        try
        {
            var list = await CompleteList.ReadAsync(client, options, keep, ct);
            Replace(list);
            streams = options.StreamLists && !isStreamRefused;
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            // Whatever it is (forbidden, kind not installed yet, server away), a later attempt may succeed.
            KubernetesMetrics.ListFailures.Add(1, Kind());
            var wait = Wait(backoff, e);
            Log.ListFailed(logger, T.ResourceKind.Kind, wait.TotalSeconds, e);
            await Task.Delay(wait, time, ct);
        }
    }

    /// <summary>Watches once, and waits before the next attempt.</summary>
    /// <param name="from">The version to go on from; null lists first, in the same stream.</param>
    private async Task WatchAsync(string? from, CancellationToken ct)
    {
        var start = time.GetTimestamp();
        var (end, refusal) = await FollowAsync(from, ct);
        KubernetesMetrics.WatchRestarts.Add(1, Kind(), new("reason", end.ToString().ToLowerInvariant()));

        // A server that accepts and hangs up at once has brought nothing: only progress behind the list or patience counts as success.
        var progressed = position is not null && position != (from ?? listedAt);
        if (progressed || time.GetElapsedTime(start) > options.LongestBackoff)
            backoff.Reset();
        if (progressed || time.GetElapsedTime(start) > options.LongestRelistBackoff)
            relistBackoff.Reset();
        var next = backoff;
        if (position is null)
        {
            streams = false;
            isStreamRefused = IsStreamRefusal(from, refusal);
            if (isStreamRefused)
            {
                Log.StreamRefused(logger, T.ResourceKind.Kind, refusal!.Message);
                return;
            }
        }
        else if (end == WatchEnd.Expired || (end == WatchEnd.Corrupt && !progressed))
        {
            // A corrupt line hides an event. Resuming makes the server send it again; where it comes corrupt again, a list helps.
            (position, listCause, next) = (null, end.ToString().ToLowerInvariant(), relistBackoff);
        }

        var wait = Wait(next, refusal);
        Log.WatchEnded(logger, T.ResourceKind.Kind, end.ToString(), position, wait.TotalSeconds);
        await Task.Delay(wait, time, ct);
    }

    private async Task<(WatchEnd End, Exception? Refusal)> FollowAsync(string? from, CancellationToken ct)
    {
        var initial = from is null ? new StreamedList<T>() : null;
        var watch = new WatchOptions
        {
            LabelSelector = options.LabelSelector,
            FieldSelector = options.FieldSelector,
            ResourceVersion = from,
            SendInitialEvents = from is null,
            IdleTimeout = options.IdleTimeout,
        };
        try
        {
            await foreach (var e in client.WatchAsync<T>(options.Namespace, watch, ct))
            {
                if (e.Type == WatchEventType.Unknown)
                {
                    Log.CorruptLine(logger, T.ResourceKind.Kind, e.DecodeError);
                    return (WatchEnd.Corrupt, null);
                }

                if (e.Type == WatchEventType.Error)
                    throw KubernetesException.From(e.Error ?? new Status(), $"watch of {T.ResourceKind.Kind}");
                var kept = keep is not null && e.Object is { } whole ? e with { Object = keep(whole) } : e;
                if (initial is not null)
                {
                    if (initial.Take(kept) is not { } list)
                        continue;
                    initial = null;
                    Replace(list);
                    continue;
                }

                Take(kept);
                if (!string.IsNullOrEmpty(e.ResourceVersion))
                    position = e.ResourceVersion;
            }

            return (WatchEnd.Closed, null);
        }
        catch (KubernetesException e) when (e.IsExpired)
        {
            return (WatchEnd.Expired, null);
        }
        catch (KubernetesException e) when (e.Reason == KubernetesException.WatchIdleReason)
        {
            return (WatchEnd.Idle, null);
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            if (!IsStreamRefusal(from, e))
                Log.WatchFailed(logger, T.ResourceKind.Kind, e);
            return (WatchEnd.Failed, e);
        }
    }

    /// <summary>Whether the server, which is older than streamed lists, says that it does not know what is asked.</summary>
    private static bool IsStreamRefusal(string? from, Exception? refusal) => from is null && refusal is KubernetesException { StatusCode: 400 or 405 or 422 };

    /// <summary>The back-off, and not less than the server asks for, within bounds.</summary>
    private static TimeSpan Wait(Backoff backoff, Exception? refusal)
    {
        var wait = backoff.Next();
        var asked = refusal is KubernetesException { RetryAfter: { } after } ? after : TimeSpan.Zero;
        return asked <= wait ? wait : asked < LongestRetryAfter ? asked : LongestRetryAfter;
    }

    private void Take(WatchEvent<T> e)
    {
        switch (e.Type)
        {
            case WatchEventType.Deleted when e.Key is { } key:
                var known = Store.Remove(key);
                Store.Reach(e.ResourceVersion);
                // The object before its end, as the server last had it; where that cannot be decoded, as it was known here.
                if (known is not null)
                    Raise(e.Object ?? known, null);
                break;
            case WatchEventType.Added or WatchEventType.Modified when e.Object is { } obj:
                var before = Store.Set(obj);
                Store.Reach(e.ResourceVersion);
                Tell(before, obj);
                break;
            case WatchEventType.Bookmark:
                Store.Reach(e.ResourceVersion);
                break;
            case WatchEventType.Added or WatchEventType.Modified:
                Skip(e.Key.GetValueOrDefault(), e.DecodeError);
                break;
        }
    }

    private void Replace(CompleteList<T> list)
    {
        KubernetesMetrics.Relists.Add(1, Kind(), new("cause", listCause));
        foreach (var (key, error) in list.Undecodable)
            Skip(key, error);
        var kept = list.Undecodable.Select(u => Store.Get(u.Key)).OfType<T>();
        var before = Store.Swap(list.Items.Concat(kept));
        Store.Reach(list.ResourceVersion);
        foreach (var old in before)
        {
            if (Store.Get(old.Key()) is null)
                Raise(old, null);
        }

        var previous = before.ToDictionary(o => o.Key());
        foreach (var obj in list.Items)
            Tell(previous.GetValueOrDefault(obj.Key()), obj);
        Relisted?.Invoke();
        position = listedAt = list.ResourceVersion;
        synced.TrySetResult();
        Log.Listed(logger, T.ResourceKind.Kind, Store.Count, list.ResourceVersion);
    }

    private void Skip(ObjectKey key, string? error)
    {
        KubernetesMetrics.UndecodableObjects.Add(1, Kind());
        if (undecodable.TryGetValue(key, out var told) && told == error)
            return;
        if (undecodable.Count >= MostTold)
            undecodable.Clear();
        undecodable[key] = error;
        Log.Undecodable(logger, T.ResourceKind.Kind, key, error);
    }

    /// <summary>
    /// | before | told |
    /// | --- | --- |
    /// | none | addition |
    /// | other uid | deletion, addition |
    /// | same uid and version | nothing: known already |
    /// | same uid, other version | update |
    /// </summary>
    private void Tell(T? before, T after)
    {
        if (before is not null && before.Metadata.Uid != after.Metadata.Uid)
        {
            Raise(before, null);
            Raise(null, after);
        }
        else if (before?.Metadata.ResourceVersion is not { } version || version != after.Metadata.ResourceVersion)
        {
            Raise(before, after);
        }
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
