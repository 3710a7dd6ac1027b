using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace LlmOps.Kubernetes;

/// <summary>Writes JSON as YAML: members in their order, no line folding, LF, quotes only where plain text would be read as something else.</summary>
public static partial class YamlText
{
    /// <summary>Key of a member that becomes a comment at the end of the object it is in; the lists of that object are written on one line.</summary>
    public const string CommentKey = "#";

    /// <summary>One document, without a line that begins it.</summary>
    public static string Write(JsonNode document)
    {
        var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        WriteTo(text, document);
        return text.ToString();
    }

    /// <summary>Documents one after another, each begun by <c>---</c>, under a comment.</summary>
    public static string Write(string header, params ReadOnlySpan<JsonObject> documents)
    {
        var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        text.Write(header);
        foreach (var document in documents)
        {
            text.Write("---\n");
            WriteTo(text, document);
        }

        return text.ToString();
    }

    private static void WriteTo(StringWriter text, JsonNode document)
    {
        var emitter = new Emitter(text, new EmitterSettings(bestIndent: 2, bestWidth: int.MaxValue, isCanonical: false, maxSimpleKeyLength: 1024, indentSequences: true, newLine: "\n"));
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, isImplicit: true));
        Emit(emitter, document);
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
    }

    private static void Emit(Emitter emitter, JsonNode? node, bool flow = false)
    {
        switch (node)
        {
            case JsonObject o:
                emitter.Emit(new MappingStart(null, null, isImplicit: true, o.Count == 0 ? MappingStyle.Flow : MappingStyle.Block));
                foreach (var (name, value) in o.Where(m => m.Key != CommentKey))
                {
                    emitter.Emit(Text(name));
                    Emit(emitter, value, flow: o[CommentKey] is not null);
                }

                if (o[CommentKey] is { } comment)
                    emitter.Emit(new Comment(comment.GetValue<string>(), isInline: true));
                emitter.Emit(new MappingEnd());
                break;
            case JsonArray a:
                emitter.Emit(new SequenceStart(null, null, isImplicit: true, flow || a.Count == 0 ? SequenceStyle.Flow : SequenceStyle.Block));
                foreach (var item in a)
                    Emit(emitter, item);
                emitter.Emit(new SequenceEnd());
                break;
            case not null when node.GetValueKind() == JsonValueKind.String:
                emitter.Emit(Text(node.GetValue<string>()));
                break;
            default:
                emitter.Emit(new Scalar(node?.ToJsonString() ?? "null"));
                break;
        }
    }

    private static Scalar Text(string text) => new(
        null,
        null,
        text,
        Plain().IsMatch(text) && !Keyword().IsMatch(text) ? ScalarStyle.Plain : text.Contains('\n', StringComparison.Ordinal) ? ScalarStyle.Literal : ScalarStyle.SingleQuoted,
        isPlainImplicit: true,
        isQuotedImplicit: true);

    // Narrower than what YAML allows: starts with a letter, a point or '/', and holds nothing that means something anywhere.
    [GeneratedRegex(@"^[A-Za-z./](([A-Za-z0-9 _./()=,;'`%+*-]|:(?=[^ ]))*[A-Za-z0-9_./()=,;'`%+*-])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Plain();

    [GeneratedRegex(@"^(true|false|yes|no|on|off|y|n|null|\.inf|\.nan)\z", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex Keyword();
}
