using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace LlmOps.Manifests.CustomResources;

/// <summary>Summaries of types and properties from the XML files that the compiler writes beside each assembly.</summary>
internal sealed partial class DocComments
{
    private readonly Dictionary<string, string> summaries = new(StringComparer.Ordinal);
    private readonly HashSet<Assembly> loaded = [];

    /// <summary>Summary of a type in plain text; null where it has none.</summary>
    public string? Of(Type type) => Find(type.Assembly, "T:" + type.FullName);

    /// <summary>Summary of a property in plain text; null where it has none.</summary>
    public string? Of(PropertyInfo property) => Find(property.DeclaringType!.Assembly, $"P:{property.DeclaringType.FullName}.{property.Name}");

    /// <summary>Markup to text: <c>&lt;c&gt;</c> and references become back-ticked words, paragraphs become lines.</summary>
    internal static string PlainText(XElement summary)
    {
        var text = string.Concat(summary.Nodes().Select(PlainText));
        return string.Join('\n', text.Split('\v').Select(p => Whitespace().Replace(p, " ").Trim()).Where(p => p.Length > 0));
    }

    private static string PlainText(XNode node) => node switch
    {
        XText text => text.Value,
        XElement { Name.LocalName: "c" or "code" } code => $"`{code.Value}`",
        XElement { Name.LocalName: "see" or "seealso" or "paramref" } see => $"`{ReferenceName(see)}`",
        XElement { Name.LocalName: "para" } para => $"\v{string.Concat(para.Nodes().Select(PlainText))}\v",
        XElement other => string.Concat(other.Nodes().Select(PlainText)),
        _ => string.Empty,
    };

    /// <summary>Fields are called as in YAML: a reference to the property <c>InputVariable</c> reads <c>inputVariable</c>.</summary>
    private static string ReferenceName(XElement see)
    {
        var target = see.Attribute("cref")?.Value ?? see.Attribute("name")?.Value ?? see.Attribute("langword")?.Value ?? string.Empty;
        var name = target[(target.LastIndexOf('.') + 1)..];
        return target.StartsWith("P:", StringComparison.Ordinal) ? JsonNamingPolicy.CamelCase.ConvertName(name) : name;
    }

    private string? Find(Assembly assembly, string member)
    {
        // .NET's own types (string, ...) have no file beside them; ours must, or every description would be lost.
        if (loaded.Add(assembly) && assembly != typeof(string).Assembly)
            Load(Path.ChangeExtension(assembly.Location, ".xml"));
        return summaries.GetValueOrDefault(member.Replace('+', '.'));
    }

    private void Load(string file)
    {
        foreach (var member in XDocument.Load(file).Descendants("member"))
        {
            if (member.Element("summary") is { } summary && PlainText(summary) is { Length: > 0 } text)
                summaries[member.Attribute("name")!.Value] = text;
        }
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Whitespace();
}
