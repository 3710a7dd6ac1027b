using System.Text.Json.Nodes;
using LlmOps.Kubernetes.Schema.Cel;

namespace LlmOps.Kubernetes.Schema;

/// <summary>Holds an object against the CEL rules of its schema, place by place, as the API server does after the schema itself holds.</summary>
public static class RuleValidation
{
    /// <summary>Causes after which the server does not look at rules.</summary>
    private static readonly string[] Blocking = ["FieldValueNotSupported", "FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany", "FieldValueTypeInvalid"];

    /// <summary>Whether rules are looked at where the schema found these causes.</summary>
    public static bool IsReached(IEnumerable<FieldCause> causes) => !causes.Any(c => Blocking.Contains(c.Reason));

    /// <param name="root">The object, with its defaults.</param>
    /// <param name="schema">Its schema.</param>
    public static IReadOnlyList<FieldCause> Validate(JsonObject root, StructuralSchema schema)
    {
        var causes = new List<FieldCause>();
        Visit(root, schema, string.Empty, causes);
        return causes;
    }

    private static void Visit(JsonNode? node, StructuralSchema schema, string path, List<FieldCause> causes)
    {
        if (node is null)
            return;
        foreach (var rule in schema.Rules.Where(r => !r.IsTransition))
        {
            if (Check(rule, node) is { } problem)
                causes.Add(FieldCause.Invalid(Blamed(path, rule), Shown(node), problem));
        }

        if (node is JsonObject o)
        {
            foreach (var (name, value) in o)
            {
                if (schema.Member(name) is { } member)
                    Visit(value, member, schema.Properties.ContainsKey(name) ? Join(path, name) : $"{path}[{name}]", causes);
            }
        }
        else if (node is JsonArray array && schema.Items is { } items)
        {
            foreach (var (index, item) in array.Index())
                Visit(item, items, $"{path}[{index}]", causes);
        }
    }

    private static string? Check(ValidationRule rule, JsonNode self)
    {
        try
        {
            return CelEvaluator.Evaluate(rule.Expression, new Dictionary<string, object?> { ["self"] = CelEvaluator.ValueOf(self) }) is true ? null : rule.Message;
        }
        catch (CelException e)
        {
            return $"{e.Message} evaluating rule: {rule.Message}";
        }
    }

    private static string Blamed(string path, ValidationRule rule)
    {
        var blamed = path + rule.FieldPath;
        return blamed.StartsWith('.') ? blamed[1..] : blamed;
    }

    /// <summary>The server quotes scalars and names the rest by its type.</summary>
    private static string Shown(JsonNode node) => node switch { JsonObject => "object", JsonArray => "array", _ => node.ToJsonString() };

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";
}
