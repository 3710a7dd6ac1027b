using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace LlmOps.Kubernetes;

/// <summary>
/// Tells people what happened, as events of <c>events.k8s.io/v1</c>.
/// </summary>
/// <remarks>
/// Guarantees: <see cref="Publish"/> neither waits nor throws; when more than 1,000 events wait, further ones are dropped
/// and counted. Repeats of an event (same object, type, reason, action and note) within six minutes raise the count of one
/// series; of events that differ in their note alone there are ten and one more that counts the rest. RBAC: <c>create</c> and <c>patch</c> on <c>events</c> of <c>events.k8s.io</c>.
/// </remarks>
public sealed class EventRecorder : IAsyncDisposable
{
    private const int Capacity = 1000;

    /// <summary>What the API lets a note have.</summary>
    internal const int NoteBytes = 1024;

    private static readonly TimeSpan FlushTimeout = TimeSpan.FromSeconds(2);

    private readonly Channel<EventOccurrence> channel = Channel.CreateBounded<EventOccurrence>(
        new BoundedChannelOptions(Capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly CancellationTokenSource stop = new();
    private readonly EventSeriesBook book;
    private readonly KubernetesClient client;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Task writer;

    /// <param name="client">Writes the events.</param>
    /// <param name="controllerName">Reporting controller, a qualified name such as <c>llmops.dev/operator</c>.</param>
    /// <param name="instance">Reporting instance, such as the pod's name; at most 128 characters count.</param>
    /// <param name="time">Clock of the events.</param>
    /// <param name="logger">Told when an event cannot be written.</param>
    public EventRecorder(KubernetesClient client, string controllerName, string instance, TimeProvider time, ILogger logger)
    {
        (this.client, this.time, this.logger) = (client, time, logger);
        book = new EventSeriesBook(controllerName, instance);
        writer = Task.Run(WriteAsync);
    }

    /// <summary>Records that something happened to <paramref name="regarding"/>.</summary>
    /// <param name="regarding">The object; name and kind are needed, namespace where it has one.</param>
    /// <param name="type"><c>Normal</c> or <c>Warning</c>.</param>
    /// <param name="reason">CamelCase word, at most 128 characters: why.</param>
    /// <param name="action">CamelCase word, at most 128 characters: what was done.</param>
    /// <param name="note">For people; cut at 1,024 bytes.</param>
    public void Publish(ObjectReference regarding, string type, string reason, string action, string note)
    {
        var occurrence = new EventOccurrence(regarding, type, reason, action, Excerpt.OfBytes(note, NoteBytes), time.GetUtcNow());
        if (!channel.Writer.TryWrite(occurrence))
            KubernetesMetrics.DroppedEvents.Add(1);
    }

    /// <summary>Writes what waits, for at most 2 s, and stops.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!channel.Writer.TryComplete())
            return;
        try
        {
            await writer.WaitAsync(FlushTimeout, time);
        }
        catch (TimeoutException)
        {
            await stop.CancelAsync();
            await writer;
        }

        stop.Dispose();
    }

    private async Task WriteAsync()
    {
        try
        {
            while (await channel.Reader.WaitToReadAsync(stop.Token))
            {
                // What piled up is counted first and written once a series.
                List<EventSeriesBook.Entry> changed = [];
                while (channel.Reader.TryRead(out var occurrence))
                {
                    var entry = book.Note(occurrence);
                    if (!changed.Contains(entry))
                        changed.Add(entry);
                }

                foreach (var entry in changed)
                    await WriteAsync(entry, stop.Token);
            }
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
            // Cancelled, or it failed in the moment of the end.
        }
    }

    private async Task WriteAsync(EventSeriesBook.Entry entry, CancellationToken ct)
    {
        try
        {
            if (entry.IsWritten)
            {
                try
                {
                    await client.MergePatchAsync<Event>(entry.Key, entry.SeriesPatch(), ct: ct);
                    return;
                }
                catch (KubernetesException e) when (e.IsNotFound)
                {
                    // The server keeps events for an hour; the series goes on in a new one.
                }
            }

            await client.CreateAsync(entry.ToEvent(), ct);
            entry.IsWritten = true;
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            // Events are for people; nothing may depend on them.
            KubernetesMetrics.DroppedEvents.Add(1);
            Log.EventNotWritten(logger, entry.Key, e);
        }
    }
}
