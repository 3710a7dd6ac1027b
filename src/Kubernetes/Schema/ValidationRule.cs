using System.Text.Json.Nodes;
using LlmOps.Kubernetes.Schema.Cel;

namespace LlmOps.Kubernetes.Schema;

/// <summary>A CEL rule of a schema. https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules</summary>
/// <param name="Text">The rule.</param>
/// <param name="Expression">The rule, parsed.</param>
/// <param name="Message">What the server says where it does not hold.</param>
/// <param name="FieldPath">Path of the field to blame, such as <c>.min</c>; null for the place of the rule.</param>
public sealed record ValidationRule(string Text, CelExpression Expression, string Message, string? FieldPath)
{
    /// <summary>Whether it compares with what was before, and so says nothing of an object that is new.</summary>
    public bool IsTransition { get; } = Text.Contains("oldSelf", StringComparison.Ordinal);

    public static ValidationRule Read(JsonObject json)
    {
        var rule = (string)json["rule"]!;
        return new(rule, CelParser.Parse(rule), (string?)json["message"] ?? $"failed rule: {rule}", (string?)json["fieldPath"]);
    }
}
