using System.Globalization;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using LlmOps.Testing.ApiServer.Resources;
using LlmOps.Testing.ApiServer.Storage;

namespace LlmOps.Testing.ApiServer.Watches;

/// <summary>One open watch: a queue of lines to send, and how it ends.</summary>
internal sealed class WatchSession(ResourceDefinition resource, Func<StoredObject, bool> selects, bool wantsBookmarks, TimeProvider time)
{
    private static readonly byte[] NewLine = "\n"u8.ToArray();
    private readonly Channel<WatchText> lines = Channel.CreateUnbounded<WatchText>();
    private readonly CancellationTokenSource aborted = new();

    public ResourceDefinition Resource { get; } = resource;

    public bool WantsBookmarks { get; } = wantsBookmarks;

    public ChannelReader<WatchText> Lines => lines.Reader;

    /// <summary>Cancelled when the connection is to break rather than to end.</summary>
    public CancellationToken Aborted => aborted.Token;

    public void Offer(WatchRecord record)
    {
        if (record.After.Resource.GroupResource == Resource.GroupResource && record.TypeFor(selects) is { } type)
            SendObject(type, record.After);
    }

    public void SendObject(string type, StoredObject stored) =>
        SendLine([.. System.Text.Encoding.UTF8.GetBytes($"{{\"type\":\"{type}\",\"object\":"), .. stored.Utf8.Span, .. "}"u8]);

    public void SendBookmark(long resourceVersion, bool endsInitialEvents = false)
    {
        var metadata = new JsonObject
        {
            ["resourceVersion"] = resourceVersion.ToString(CultureInfo.InvariantCulture),
            ["creationTimestamp"] = null,
        };
        if (endsInitialEvents)
            metadata["annotations"] = new JsonObject { ["k8s.io/initial-events-end"] = "true" };
        SendEvent("BOOKMARK", new JsonObject { ["kind"] = Resource.Kind, ["apiVersion"] = Resource.ApiVersion, ["metadata"] = metadata });
    }

    public void SendBookmarkIfWanted(long resourceVersion)
    {
        if (WantsBookmarks)
            SendBookmark(resourceVersion);
    }

    public void SendEvent(string type, JsonNode obj) =>
        SendLine(new JsonObject { ["type"] = type, ["object"] = obj }.ToUtf8());

    public void SendLine(byte[] line) => lines.Writer.TryWrite(new([.. line, .. NewLine], time.GetTimestamp()));

    /// <summary>Ends the answer after what is queued, as the server does when a watch times out.</summary>
    public void End() => lines.Writer.TryComplete();

    /// <summary>Breaks the connection in the middle.</summary>
    public void Abort()
    {
        lines.Writer.TryComplete();
        aborted.Cancel();
    }
}

/// <summary>One line of a watch.</summary>
/// <param name="QueuedAt">Timestamp of the server's clock.</param>
internal readonly record struct WatchText(byte[] Utf8, long QueuedAt);
