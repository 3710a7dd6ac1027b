using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LlmOps.Kubernetes;
using LlmOps.Kubernetes.Schema;

namespace LlmOps.Api.Tests.Server;

/// <summary>The schemas and rules of the CRDs, worked out in this process: held against what the real server says.</summary>
internal static partial class OfflineRules
{
    private static readonly Lazy<IReadOnlyDictionary<string, CustomResourceSchema>> Kinds = new(() => Directory.EnumerateFiles(Path.Combine(Repository.Root, "crds"), "*.yaml")
        .SelectMany(file => YamlJson.Documents(File.ReadAllText(file))).SelectMany(crd => CustomResourceSchema.Read(crd.AsObject())).ToDictionary(k => k.Kind));

    public static IReadOnlyList<FieldCause> Check(JsonNode @object) => Kinds.Value[(string)@object["kind"]!].Check(@object.AsObject());

    /// <summary>The fields that a server's refusal names, each once.</summary>
    public static IEnumerable<string> FieldsOf(JsonNode status)
    {
        // That the server did not look at its rules is no finding. Without a field, it prints the path of nothing.
        var causes = (status["details"]?["causes"]?.AsArray() ?? [])
            .Where(c => ((string?)c!["message"])?.Contains("some validation rules were not checked", StringComparison.Ordinal) != true)
            .Select(c => (string?)c!["field"] ?? string.Empty).Select(f => f == "<nil>" ? string.Empty : f);
        var unknown = UnknownField().Matches((string?)status["message"] ?? string.Empty).Select(m => m.Groups[1].Value);
        return causes.Concat(unknown).Distinct().Order(StringComparer.Ordinal);
    }

    [GeneratedRegex("unknown field \"([^\"]+)\"")]
    private static partial Regex UnknownField();
}
