using System.Buffers;
using System.Text.Json;

namespace LlmOps.Kubernetes;

/// <summary>Decodes one line of a watch: <c>{"type":"ADDED","object":{…}}</c>. Pure; never throws on what a server sends.</summary>
internal static class WatchLine
{
    private const string InitialEventsEnd = "k8s.io/initial-events-end";

    public static WatchEvent<T> Decode<T>(ReadOnlySequence<byte> line)
        where T : class, IResource<T>
    {
        try
        {
            return line.IsSingleSegment ? Decode<T>(line.FirstSpan) : Decode<T>(line.ToArray());
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return new(WatchEventType.Unknown, null, null, null) { DecodeError = e.Message };
        }
    }

    private static WatchEvent<T> Decode<T>(ReadOnlySpan<byte> line)
        where T : class, IResource<T>
    {
        var type = WatchEventType.Unknown;
        ReadOnlySpan<byte> body = default;
        var reader = new Utf8JsonReader(line, JsonSlice.ReaderOptions);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException("a watch event is an object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("type"u8))
            {
                reader.Read();
                type = TypeOf(ref reader);
            }
            else if (reader.ValueTextEquals("object"u8))
            {
                reader.Read();
                body = JsonSlice.Take(ref reader, line);
            }
            else
            {
                reader.Skip();
            }
        }

        // The end of the line is checked too: a line that was cut must not pass for an event.
        if (reader.TokenType != JsonTokenType.EndObject || reader.Read() || body.IsEmpty || type == WatchEventType.Unknown)
            throw new JsonException("no type or no object in a watch event");
        return type switch
        {
            WatchEventType.Error => new(type, null, null, JsonSerializer.Deserialize(body, KubernetesJson.Default.Status)),
            WatchEventType.Bookmark => Bookmark<T>(PartialObject.Decode(body).Metadata),
            _ => DecodeObject<T>(type, body),
        };
    }

    private static WatchEvent<T> Bookmark<T>(PartialMetadata metadata)
        where T : class, IResource<T> =>
        new(WatchEventType.Bookmark, null, metadata.ResourceVersion, null) { EndsInitialEvents = metadata.Annotations?.GetValueOrDefault(InitialEventsEnd) == "true" };

    private static WatchEvent<T> DecodeObject<T>(WatchEventType type, ReadOnlySpan<byte> body)
        where T : class, IResource<T>
    {
        try
        {
            var obj = ObjectJson.Decode<T>(body);
            return new(type, obj, obj.Metadata.ResourceVersion, null) { Key = obj.Key() };
        }
        catch (Exception e)
        {
            // Not only JsonException: the converters of a kind are somebody else's code.
            var partial = PartialObject.Decode(body);
            return new(type, null, partial.Metadata.ResourceVersion, null) { Key = partial.Key, DecodeError = e.Message };
        }
    }

    private static WatchEventType TypeOf(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("ADDED"u8) ? WatchEventType.Added
        : reader.ValueTextEquals("MODIFIED"u8) ? WatchEventType.Modified
        : reader.ValueTextEquals("DELETED"u8) ? WatchEventType.Deleted
        : reader.ValueTextEquals("BOOKMARK"u8) ? WatchEventType.Bookmark
        : reader.ValueTextEquals("ERROR"u8) ? WatchEventType.Error
        : throw new JsonException($"unknown watch event type {reader.GetString()}");
}
