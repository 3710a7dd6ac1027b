using System.Text;
using System.Text.Json.Nodes;
using LlmOps.Testing.ApiServer.Http;
using LlmOps.Testing.ApiServer.Storage;
using LlmOps.Testing.ApiServer.Watches;

namespace LlmOps.Testing;

/// <summary>
/// The open watches, and the ways to disturb them. Where a <c>resource</c> is taken, <c>deployments.apps</c> means the
/// watches of deployments and null means all.
/// </summary>
public sealed class WatchSessions
{
    private readonly ObjectStore store;
    private readonly HashSet<WatchSession> open = [];
    private readonly List<(string? Resource, int Count, TaskCompletionSource Reached)> waiters = [];

    internal WatchSessions(ObjectStore store)
    {
        this.store = store;
        store.Changed += record =>
        {
            foreach (var session in open)
                session.Offer(record);
        };
    }

    /// <summary>False stops bookmarks, periodic and asked for, as servers before 1.15 behaved. True by default.</summary>
    public bool BookmarksEnabled { get; set; } = true;

    /// <summary>How late watches tell what happened, on the server's clock: a cache that is always stale. Zero by default.</summary>
    public TimeSpan Lag { get; set; }

    public int Count(string? resource = null)
    {
        lock (store.Gate)
            return Matching(resource).Count;
    }

    /// <summary>Completes as soon as at least <paramref name="count"/> watches are open.</summary>
    public Task WaitForAsync(int count, string? resource = null, CancellationToken cancellationToken = default)
    {
        lock (store.Gate)
        {
            if (Matching(resource).Count >= count)
                return Task.CompletedTask;
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            waiters.Add((resource, count, reached));
            return reached.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Ends watches: cleanly, as on a timeout, or by breaking their connections.</summary>
    public void DropAll(bool abrupt = false, string? resource = null) => ForEach(resource, session =>
    {
        if (abrupt)
            session.Abort();
        else
            session.End();
    });

    /// <summary>Sends a line that is no JSON.</summary>
    public void InjectGarbage(string? resource = null) => ForEach(resource, static s => s.SendLine("{\"type\":\"MODI garbage"u8.ToArray()));

    /// <summary>Sends an event whose object cannot be read as its kind (metadata is a number). The watch goes on.</summary>
    public void InjectUndecodable(string type = "MODIFIED", string? resource = null) => ForEach(resource, s =>
        s.SendLine(Encoding.UTF8.GetBytes($"{{\"type\":\"{type}\",\"object\":{{\"kind\":\"{s.Resource.Kind}\",\"apiVersion\":\"{s.Resource.ApiVersion}\",\"metadata\":42}}}}")));

    /// <summary>Sends any object as an event, as it is.</summary>
    public void Inject(string type, JsonObject obj, string? resource = null) =>
        ForEach(resource, s => s.SendEvent(type, obj.DeepClone()));

    /// <summary>Sends the ERROR event of an expired resource version (410) and ends the watches.</summary>
    public void Expire(string? resource = null) => ForEach(resource, static s =>
    {
        s.SendEvent("ERROR", StatusError.Expired("The resourceVersion for the provided watch is too old.").ToJson());
        s.End();
    });

    /// <summary>Sends a bookmark now to every watch that asked for them.</summary>
    public void SendBookmarks(string? resource = null)
    {
        if (BookmarksEnabled)
            ForEach(resource, s => s.SendBookmarkIfWanted(store.ResourceVersion));
    }

    /// <summary>Called with the store's gate held, together with queueing what the watch has missed.</summary>
    internal void Add(WatchSession session)
    {
        open.Add(session);
        foreach (var waiter in waiters.Where(w => Matching(w.Resource).Count >= w.Count).ToList())
        {
            waiters.Remove(waiter);
            waiter.Reached.TrySetResult();
        }
    }

    internal void Remove(WatchSession session)
    {
        lock (store.Gate)
            open.Remove(session);
    }

    /// <summary>Waits until a line that was queued at a time may go out.</summary>
    internal async Task LagAsync(long queuedAt, TimeProvider time, CancellationToken cancellationToken)
    {
        if (Lag - time.GetElapsedTime(queuedAt) is { Ticks: > 0 } rest)
            await Task.Delay(rest, time, cancellationToken);
    }

    private List<WatchSession> Matching(string? resource) =>
        [.. open.Where(s => resource is null || s.Resource.GroupResource == resource)];

    private void ForEach(string? resource, Action<WatchSession> action)
    {
        lock (store.Gate)
            Matching(resource).ForEach(action);
    }
}
