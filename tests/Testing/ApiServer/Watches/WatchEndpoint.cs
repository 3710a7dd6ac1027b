using System.Globalization;
using LlmOps.Testing.ApiServer.Http;
using LlmOps.Testing.ApiServer.Resources;
using LlmOps.Testing.ApiServer.Storage;
using Microsoft.AspNetCore.Http;

namespace LlmOps.Testing.ApiServer.Watches;

/// <summary>Streams changes as lines of JSON until the client goes, the timeout comes or a fault ends it.</summary>
internal sealed class WatchEndpoint(ObjectStore store, WatchSessions sessions, TimeProvider time)
{
    /// <param name="isCut">Break the connection in the middle of the first event.</param>
    public async Task HandleAsync(HttpContext context, ResourceDefinition resource, ApiRequest request, bool isCut)
    {
        var session = Open(resource, request, context.Request.Query);
        using var timeout = TimeoutOf(context.Request.Query, session);
        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Response.ContentType = "application/json";
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, session.Aborted);
        try
        {
            await context.Response.StartAsync(ended.Token);
            await context.Response.Body.FlushAsync(ended.Token);
            while (await session.Lines.WaitToReadAsync(ended.Token))
            {
                while (session.Lines.TryRead(out var line))
                {
                    await sessions.LagAsync(line.QueuedAt, time, ended.Token);
                    await context.Response.Body.WriteAsync(isCut ? line.Utf8.AsMemory(0, line.Utf8.Length / 2) : line.Utf8, ended.Token);
                    if (!isCut)
                        continue;
                    await context.Response.Body.FlushAsync(ended.Token);
                    throw new CutException();
                }

                await context.Response.Body.FlushAsync(ended.Token);
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The client has gone, or a fault is about to break the connection.
        }
        finally
        {
            sessions.Remove(session);
        }

        if (session.Aborted.IsCancellationRequested)
            context.Abort();
    }

    private WatchSession Open(ResourceDefinition resource, ApiRequest request, IQueryCollection query)
    {
        var selects = Selection(request, query);
        var session = new WatchSession(resource, selects, query["allowWatchBookmarks"] == "true", time);
        lock (store.Gate)
        {
            QueueMissed(session, resource, selects, query);
            sessions.Add(session);
        }

        return session;
    }

    private void QueueMissed(WatchSession session, ResourceDefinition resource, Func<StoredObject, bool> selects, IQueryCollection query)
    {
        var version = query["resourceVersion"].ToString();
        var sendsInitial = query["sendInitialEvents"] == "true";
        if (sendsInitial || version is "" or "0")
        {
            foreach (var stored in store.List(resource).Where(selects))
                session.SendObject("ADDED", stored);
            if (sendsInitial && session.WantsBookmarks && sessions.BookmarksEnabled)
                session.SendBookmark(store.ResourceVersion, endsInitialEvents: true);
            return;
        }

        if (!long.TryParse(version, CultureInfo.InvariantCulture, out var since))
            throw StatusError.BadRequest($"Invalid value for resourceVersion: {version}");
        try
        {
            foreach (var record in store.Since(since))
                session.Offer(record);
        }
        catch (StatusError expired)
        {
            // The real server, too, says so inside the stream: other clients than kubectl never look at the HTTP status.
            session.SendEvent("ERROR", expired.ToJson());
            session.End();
        }
    }

    private static Func<StoredObject, bool> Selection(ApiRequest request, IQueryCollection query)
    {
        var selects = Selectors.Parse(query["labelSelector"], query["fieldSelector"]);
        return stored => (request.Namespace.Length == 0 || stored.Key.Namespace == request.Namespace)
            && (request.Name.Length == 0 || stored.Key.Name == request.Name)
            && selects(stored);
    }

    private ITimer? TimeoutOf(IQueryCollection query, WatchSession session) =>
        int.TryParse(query["timeoutSeconds"], CultureInfo.InvariantCulture, out var seconds) && seconds > 0
            ? time.CreateTimer(static s => ((WatchSession)s!).End(), session, TimeSpan.FromSeconds(seconds), Timeout.InfiniteTimeSpan)
            : null;
}
