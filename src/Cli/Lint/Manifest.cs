using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using YamlDotNet.Core;

namespace LlmOps.Cli.Lint;

/// <summary>One object of a file.</summary>
internal sealed record Manifest(string File, JsonObject Json, IReadOnlyDictionary<string, int> Lines)
{
    public string? ApiVersion => Text(Json["apiVersion"]);

    public string Kind => Text(Json["kind"]) ?? string.Empty;

    public string? Name => Text(Json["metadata"] is JsonObject metadata ? metadata["name"] : null);

    /// <summary>Empty where the manifest leaves it to the command that applies it.</summary>
    public string Namespace => Text(Json["metadata"] is JsonObject metadata ? metadata["namespace"] : null) ?? string.Empty;

    public bool IsOurs => ApiVersion?.StartsWith(ApiGroup.Name + "/", StringComparison.Ordinal) == true;

    public Finding Finds(string severity, string field, string message) => new(severity, File, LineOf(field), $"{Kind}/{Name ?? "(without a name)"}", field, message);

    /// <summary>All objects of a file. Lists (<c>kind: List</c>) are taken apart.</summary>
    /// <exception cref="FormatException">The file holds no YAML, or something that is no object; the message has the line.</exception>
    public static IEnumerable<Manifest> Read(string file, string text)
    {
        IReadOnlyList<(JsonNode Document, IReadOnlyDictionary<string, int> Lines)> documents;
        try
        {
            documents = YamlJson.LocatedDocuments(text);
        }
        catch (YamlException e)
        {
            throw new FormatException($"{e.Start.Line}: this is no YAML: {e.Message}", e);
        }

        return documents.SelectMany(d => d.Document is JsonObject o ? Of(file, o, d.Lines) : throw new FormatException($"{d.Lines[string.Empty]}: an object is expected, with apiVersion and kind"));
    }

    private static IEnumerable<Manifest> Of(string file, JsonObject json, IReadOnlyDictionary<string, int> lines) =>
        json["items"] is JsonArray items && Text(json["kind"])?.EndsWith("List", StringComparison.Ordinal) == true
            ? items.Index().Where(i => i.Item is JsonObject).Select(i => new Manifest(file, i.Item!.AsObject(), Below($"items[{i.Index}]", lines)))
            : [new(file, json, lines)];

    private static Dictionary<string, int> Below(string path, IReadOnlyDictionary<string, int> lines) =>
        lines.Where(l => l.Key.StartsWith(path, StringComparison.Ordinal)).ToDictionary(l => l.Key[path.Length..].TrimStart('.'), l => l.Value);

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    /// <summary>The line of the field, or of the nearest one around it that is there.</summary>
    private int LineOf(string field)
    {
        for (var path = field; path.Length > 0; path = path[..Math.Max(0, path.LastIndexOfAny(['.', '[']))])
        {
            if (Lines.TryGetValue(path, out var line))
                return line;
        }

        return Lines.GetValueOrDefault(string.Empty, 1);
    }
}
