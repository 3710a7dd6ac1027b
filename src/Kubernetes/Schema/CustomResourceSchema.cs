using System.Text.Json.Nodes;

namespace LlmOps.Kubernetes.Schema;

/// <summary>The schema of one kind, out of its CustomResourceDefinition: says offline what the API server would say to a new object.</summary>
/// <param name="ApiVersion">Group and version.</param>
/// <param name="Kind">The kind.</param>
/// <param name="Schema">Its schema.</param>
public sealed record CustomResourceSchema(string ApiVersion, string Kind, StructuralSchema Schema)
{
    /// <summary>The versions that a CustomResourceDefinition serves.</summary>
    public static IReadOnlyList<CustomResourceSchema> Read(JsonObject crd)
    {
        var spec = crd["spec"]!;
        return
        [
            .. spec["versions"]!.AsArray().Where(v => (bool?)v!["served"] == true)
                .Select(v => new CustomResourceSchema($"{spec["group"]}/{v!["name"]}", (string)spec["names"]!["kind"]!, StructuralSchema.Read(v["schema"]!["openAPIV3Schema"]!.AsObject()))),
        ];
    }

    /// <summary>
    /// What the server would refuse the object for with strict field validation: fields that do not exist, then (with defaults filled in) what breaks the schema,
    /// then what breaks its rules. Empty where it would accept it. The object is not changed.
    /// </summary>
    public IReadOnlyList<FieldCause> Check(JsonObject @object)
    {
        var copy = @object.DeepClone().AsObject();
        // Status is the operator's, and dropped from a write of the object.
        copy.Remove("status");
        var unknown = SchemaDefaults.Prune(copy, Schema);
        if (unknown.Count > 0)
            return [.. unknown.Select(path => new FieldCause("FieldValueUnknown", path, "unknown field: correct its name, or leave it out"))];
        SchemaDefaults.ApplyDefaults(copy, Schema);
        var causes = SchemaValidation.Validate(copy, Schema);
        return RuleValidation.IsReached(causes) ? [.. causes, .. RuleValidation.Validate(copy, Schema)] : causes;
    }
}
