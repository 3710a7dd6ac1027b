using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LlmOps.Kubernetes.Schema;
using LlmOps.Testing.ApiServer.Http;
using LlmOps.Testing.ApiServer.Storage;

namespace LlmOps.Testing.ApiServer.Writes;

/// <summary>Checks of metadata that hold for every kind.</summary>
internal static partial class ObjectNames
{
    private const int MaxNameLength = 253;
    private const int MaxLabelValueLength = 63;

    public static IEnumerable<FieldCause> Check(JsonObject obj)
    {
        var metadata = obj.Metadata();
        var name = (string?)metadata["name"];
        if (string.IsNullOrEmpty(name))
            yield return new FieldCause("FieldValueRequired", "metadata.name", "Required value: name or generateName is required");
        // RBAC names may hold colons and upper case: their paths are segments only.
        else if (name.Length > MaxNameLength || !(((string?)obj["apiVersion"])!.StartsWith("rbac.", StringComparison.Ordinal) ? PathSegment() : Subdomain()).IsMatch(name))
            yield return FieldCause.Invalid("metadata.name", $"\"{name}\"", "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character");
        if (metadata["labels"] is JsonObject labels)
        {
            foreach (var (key, node) in labels)
            {
                if (node is not JsonValue value || value.GetValueKind() != System.Text.Json.JsonValueKind.String)
                    yield return FieldCause.TypeInvalid("metadata.labels", node?.ToJsonString() ?? "null", $"label \"{key}\" must be a string");
                else if (((string)value!).Length > MaxLabelValueLength || !LabelValue().IsMatch((string)value!))
                    yield return FieldCause.Invalid("metadata.labels", node.ToJsonString(), "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character");
            }
        }

        if (metadata["ownerReferences"] is JsonArray owners)
        {
            if (owners.Count(static o => (bool?)o!["controller"] ?? false) > 1)
                yield return FieldCause.Invalid("metadata.ownerReferences", "[]", "Only one reference can have Controller set to true");
            foreach (var owner in owners)
            {
                foreach (var field in new[] { "apiVersion", "kind", "name", "uid" }.Where(f => string.IsNullOrEmpty((string?)owner![f])))
                    yield return FieldCause.RequiredValue($"metadata.ownerReferences.{field}");
            }
        }
    }

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?\z")]
    private static partial Regex Subdomain();

    [GeneratedRegex(@"^[^/%]+\z")]
    private static partial Regex PathSegment();

    [GeneratedRegex(@"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?\z")]
    private static partial Regex LabelValue();
}
