using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlmOps.Kubernetes;

/// <summary>Reads maps of texts as <see cref="SmallMap"/>, and large ones as dictionaries. Of a key that is there twice the last value counts. Thread safe.</summary>
public sealed class SmallMapConverter : JsonConverter<IReadOnlyDictionary<string, string>>
{
    /// <summary>Keys and values in turn, of the map that a thread reads.</summary>
    [ThreadStatic]
    private static List<string>? scratch;

    public override IReadOnlyDictionary<string, string> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException();
        var pairs = scratch ??= [];
        pairs.Clear();
        Dictionary<string, string>? many = null;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var key = InternedStringConverter.Text(ref reader)!;
            reader.Read();
            if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.Null))
                throw new JsonException();
            var value = InternedStringConverter.Text(ref reader)!;
            if (many is not null)
                many[key] = value;
            else if (SmallMap.IndexOf(CollectionsMarshal.AsSpan(pairs), key) is >= 0 and var at)
                pairs[at + 1] = value;
            else if (pairs.Count < 2 * SmallMap.Most)
                pairs.AddRange([key, value]);
            else
                many = Many(pairs, key, value);
        }

        return many ?? (IReadOnlyDictionary<string, string>)(pairs.Count == 0 ? SmallMap.Empty : new SmallMap(CollectionsMarshal.AsSpan(pairs)));
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyDictionary<string, string> value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach (var (name, text) in value)
            writer.WriteString(name, text);
        writer.WriteEndObject();
    }

    private static Dictionary<string, string> Many(List<string> pairs, string key, string value)
    {
        var many = new Dictionary<string, string>(StringComparer.Ordinal) { [key] = value };
        for (var i = 0; i < pairs.Count; i += 2)
            many[pairs[i]] = pairs[i + 1];
        return many;
    }
}
