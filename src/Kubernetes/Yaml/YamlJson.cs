using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace LlmOps.Kubernetes;

/// <summary>Reads YAML (core schema) as JSON.</summary>
public static partial class YamlJson
{
    /// <summary>All documents of a stream that are not empty.</summary>
    public static IReadOnlyList<JsonNode> Documents(string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        return [.. stream.Documents.Select(static d => Convert(d.RootNode)).OfType<JsonNode>()];
    }

    /// <summary>The same, with the line on which each field begins, by its path as the API server writes it: <c>spec.rollout.steps[1].weight</c>. The empty path is the document's.</summary>
    /// <exception cref="FormatException">Something that JSON cannot say.</exception>
    /// <exception cref="YamlException">This is no YAML.</exception>
    public static IReadOnlyList<(JsonNode Document, IReadOnlyDictionary<string, int> Lines)> LocatedDocuments(string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        var documents = new List<(JsonNode, IReadOnlyDictionary<string, int>)>();
        foreach (var document in stream.Documents)
        {
            if (Convert(document.RootNode) is not { } node)
                continue;
            var lines = new Dictionary<string, int>(StringComparer.Ordinal);
            Locate(document.RootNode, string.Empty, (int)document.RootNode.Start.Line, lines);
            documents.Add((node, lines));
        }

        return documents;
    }

    private static void Locate(YamlNode node, string path, int line, Dictionary<string, int> lines)
    {
        lines[path] = line;
        if (node is YamlMappingNode mapping)
        {
            foreach (var (key, value) in mapping.Children)
            {
                var name = ((YamlScalarNode)key).Value;
                Locate(value, path.Length == 0 ? name ?? string.Empty : $"{path}.{name}", (int)key.Start.Line, lines);
            }
        }
        else if (node is YamlSequenceNode sequence)
        {
            foreach (var (index, item) in sequence.Children.Index())
                Locate(item, $"{path}[{index}]", (int)item.Start.Line, lines);
        }
    }

    private static JsonNode? Convert(YamlNode node) => node switch
    {
        YamlMappingNode mapping => new JsonObject(mapping.Children.Select(static c =>
            KeyValuePair.Create(((YamlScalarNode)c.Key).Value ?? string.Empty, Convert(c.Value)))),
        YamlSequenceNode sequence => new JsonArray([.. sequence.Children.Select(Convert)]),
        YamlScalarNode { Style: ScalarStyle.Plain } scalar => Plain(scalar.Value ?? string.Empty),
        YamlScalarNode scalar => JsonValue.Create(scalar.Value),
        _ => throw new FormatException($"unsupported YAML node at line {node.Start.Line}"),
    };

    private static JsonValue? Plain(string text) => text switch
    {
        "" or "~" or "null" or "Null" or "NULL" => null,
        "true" or "True" or "TRUE" => JsonValue.Create(true),
        "false" or "False" or "FALSE" => JsonValue.Create(false),
        _ when Integer().IsMatch(text) && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer) => JsonValue.Create(integer),
        _ when Real().IsMatch(text) => JsonValue.Create(double.Parse(text, CultureInfo.InvariantCulture)),
        _ => JsonValue.Create(text),
    };

    [GeneratedRegex(@"^[-+]?[0-9]+\z")]
    private static partial Regex Integer();

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\z")]
    private static partial Regex Real();
}
