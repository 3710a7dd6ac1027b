using System.Text.Json;

namespace LlmOps.Kubernetes;

/// <summary>One page of a list: the objects that can be decoded, and the keys of those that cannot.</summary>
internal sealed record ListPage<T>(ListMeta Metadata, IReadOnlyList<T> Items, IReadOnlyList<(ObjectKey Key, string Error)> Undecodable)
    where T : class, IResource<T>
{
    /// <exception cref="JsonException">This is no list.</exception>
    public static ListPage<T> Decode(ReadOnlySpan<byte> body)
    {
        var metadata = new ListMeta();
        List<T> items = [];
        List<(ObjectKey, string)> undecodable = [];
        var reader = new Utf8JsonReader(body, JsonSlice.ReaderOptions);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException("a list is an object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("metadata"u8))
            {
                reader.Read();
                metadata = JsonSerializer.Deserialize(JsonSlice.Take(ref reader, body), KubernetesJson.Default.ListMeta) ?? metadata;
            }
            else if (reader.ValueTextEquals("items"u8))
            {
                reader.Read();
                DecodeItems(ref reader, body, items, undecodable);
            }
            else
            {
                reader.Skip();
            }
        }

        return new(metadata, items, undecodable);
    }

    private static void DecodeItems(ref Utf8JsonReader reader, ReadOnlySpan<byte> body, List<T> items, List<(ObjectKey, string)> undecodable)
    {
        // Go writes an empty list as null at times.
        if (reader.TokenType == JsonTokenType.Null)
            return;
        if (reader.TokenType != JsonTokenType.StartArray)
            throw new JsonException("items is no array");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var item = JsonSlice.Take(ref reader, body);
            try
            {
                items.Add(ObjectJson.Decode<T>(item));
            }
            catch (Exception e)
            {
                // Not only JsonException: the converters of a kind are somebody else's code.
                undecodable.Add((KeyOf(item), e.Message));
            }
        }
    }

    private static ObjectKey KeyOf(ReadOnlySpan<byte> item)
    {
        try
        {
            return PartialObject.Decode(item).Key;
        }
        catch (JsonException)
        {
            return new ObjectKey(string.Empty, string.Empty);
        }
    }
}
