using System.Text;
using System.Text.Json.Nodes;

namespace LlmOps.Testing.ApiServer.Apply;

/// <summary>
/// Where a value is in an object, in the elements of <c>fieldsV1</c>: <c>f:name</c> (field), <c>k:{"name":"a"}</c> (element
/// of a keyed list), <c>v:"x"</c> (element of a set).
/// </summary>
internal readonly record struct FieldPath(string Text)
{
    private const char Separator = '\n';

    public static FieldPath Root { get; } = new(string.Empty);

    public IReadOnlyList<string> Elements => Text.Length == 0 ? [] : Text.Split(Separator);

    public FieldPath Field(string name) => Append("f:" + name);

    public FieldPath Append(string element) => new(Text.Length == 0 ? element : Text + Separator + element);

    /// <summary>The path one element shorter; the root is its own parent.</summary>
    public FieldPath Parent => Text.LastIndexOf(Separator) is var at and >= 0 ? new(Text[..at]) : Root;

    public bool IsAtOrUnder(FieldPath ancestor) =>
        ancestor.Text.Length == 0 || Text == ancestor.Text || Text.StartsWith(ancestor.Text + Separator, StringComparison.Ordinal);

    /// <summary>As in conflict messages: <c>.spec.containers[name="a"].image</c>.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var element in Elements)
        {
            switch (element[0])
            {
                case 'k':
                    var keys = JsonNode.Parse(element[2..])!.AsObject().Select(static k => $"{k.Key}={k.Value!.ToJsonString()}");
                    text.Append('[').AppendJoin(',', keys).Append(']');
                    break;
                case 'v':
                    text.Append("[=").Append(element.AsSpan(2)).Append(']');
                    break;
                default:
                    text.Append('.').Append(element.AsSpan(2));
                    break;
            }
        }

        return text.ToString();
    }
}
