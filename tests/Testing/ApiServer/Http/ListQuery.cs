using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Testing.ApiServer.Resources;
using LlmOps.Testing.ApiServer.Storage;
using Microsoft.AspNetCore.Http;

namespace LlmOps.Testing.ApiServer.Http;

/// <summary>Lists, whole or in pages. All pages of one list show the state of its first page.</summary>
internal static class ListQuery
{
    public static ReadOnlyMemory<byte> Answer(ObjectStore store, ResourceDefinition resource, string ns, IQueryCollection query)
    {
        var selects = Selectors.Parse(query["labelSelector"], query["fieldSelector"]);
        var limit = int.TryParse(query["limit"], CultureInfo.InvariantCulture, out var parsed) && parsed > 0 ? parsed : int.MaxValue;
        var page = ContinueToken.Parse(query["continue"]);
        var version = page?.ResourceVersion ?? Version(store, query);

        var rest = store.List(resource, version)
            .Where(o => (ns.Length == 0 || o.Key.Namespace == ns) && selects(o))
            .SkipWhile(o => page is not null && string.CompareOrdinal(ContinueToken.KeyOf(o), page.AfterKey) <= 0)
            .ToList();
        if (rest.Count <= limit)
            return Render(resource, rest, version);
        var shown = rest[..limit];
        var token = new ContinueToken(version, ContinueToken.KeyOf(shown[^1]));
        return Render(resource, shown, version, token.ToString(), rest.Count - limit);
    }

    public static ReadOnlyMemory<byte> Render(ResourceDefinition resource, IReadOnlyList<StoredObject> items, long version, string? next = null, int? remaining = null)
    {
        var buffer = new ArrayBufferWriter<byte>(256 + items.Count * 1024);
        using var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true });
        writer.WriteStartObject();
        writer.WriteString("kind", resource.Kind + "List");
        writer.WriteString("apiVersion", resource.ApiVersion);
        writer.WriteStartObject("metadata");
        writer.WriteString("resourceVersion", version.ToString(CultureInfo.InvariantCulture));
        // Lists of custom resources say it even when it is empty; clients must not take its presence for a further page.
        if (next is not null || resource.IsCustom)
            writer.WriteString("continue", next ?? string.Empty);
        if (remaining is { } count)
            writer.WriteNumber("remainingItemCount", count);
        writer.WriteEndObject();
        writer.WriteStartArray("items");
        foreach (var item in items)
            writer.WriteRawValue(item.Utf8.Span, skipInputValidation: true);
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenMemory;
    }

    private static long Version(ObjectStore store, IQueryCollection query)
    {
        var asked = query["resourceVersion"].ToString();
        if (asked is "" or "0")
            return store.ResourceVersion;
        if (!long.TryParse(asked, CultureInfo.InvariantCulture, out var version))
            throw StatusError.BadRequest($"Invalid value for resourceVersion: {asked}");
        if (version > store.ResourceVersion)
            throw new StatusError(504, "Timeout", $"Too large resource version: {version}, current: {store.ResourceVersion}") { RetryAfter = TimeSpan.FromSeconds(1) };
        return query["resourceVersionMatch"] == "Exact" ? version : store.ResourceVersion;
    }

    private sealed record ContinueToken(long ResourceVersion, string AfterKey)
    {
        public static string KeyOf(StoredObject stored) => $"{stored.Key.Namespace}/{stored.Key.Name}";

        public static ContinueToken? Parse(string? text)
        {
            if (string.IsNullOrEmpty(text))
                return null;
            try
            {
                var json = JsonNode.Parse(Convert.FromBase64String(text))!;
                return new ContinueToken((long)json["rv"]!, (string)json["start"]!);
            }
            catch (Exception e) when (e is FormatException or JsonException or NullReferenceException)
            {
                throw StatusError.BadRequest("continue key is not valid: " + e.Message);
            }
        }

        public override string ToString() =>
            Convert.ToBase64String(new JsonObject { ["rv"] = ResourceVersion, ["start"] = AfterKey }.ToUtf8());
    }
}
