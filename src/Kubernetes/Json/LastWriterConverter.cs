using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlmOps.Kubernetes;

/// <summary>Reads <c>metadata.managedFields</c> as the name and the operation of whoever wrote last, subresources apart: equal ones are one string.</summary>
/// <remarks>Times are whole seconds; of two writers in one second the one that the server lists first counts.</remarks>
public sealed class LastWriterConverter : JsonConverter<string>
{
    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw new JsonException("managedFields is no list");
        var last = default(Entry);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var entry = Entry.Read(ref reader);
            if (entry is { IsSubresource: false, Manager.Length: > 0 } && (last.Manager is null || entry.Time > last.Time))
                last = entry;
        }

        return last.Manager is null ? null : InternedStringConverter.Text(Encoding.UTF8.GetBytes($"{last.Manager} ({last.Operation})"));
    }

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => throw new NotSupportedException("the server alone writes managedFields");

    private record struct Entry(string? Manager, string? Operation, DateTimeOffset Time, bool IsSubresource)
    {
        public static Entry Read(ref Utf8JsonReader reader)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
                throw new JsonException("an entry of managedFields is no object");
            var entry = default(Entry);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var (isManager, isOperation) = (reader.ValueTextEquals("manager"u8), reader.ValueTextEquals("operation"u8));
                var (isTime, isSubresource) = (reader.ValueTextEquals("time"u8), reader.ValueTextEquals("subresource"u8));
                reader.Read();
                if (reader.TokenType != JsonTokenType.String)
                    reader.Skip();
                else if (isManager)
                    entry.Manager = InternedStringConverter.Text(ref reader);
                else if (isOperation)
                    entry.Operation = InternedStringConverter.Text(ref reader);
                else if (isTime)
                    entry.Time = reader.TryGetDateTimeOffset(out var time) ? time : default;
                else if (isSubresource)
                    entry.IsSubresource = !reader.ValueTextEquals(string.Empty);
            }

            return entry;
        }
    }
}
