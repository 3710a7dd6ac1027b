using System.Text.Json;
using System.Text.RegularExpressions;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Kubernetes.Schema;

namespace LlmOps.Cli.Lint;

/// <summary>Says of manifests what the API server would, by the CRDs that are built in, then what the operator would, then what they say of each other. Pure.</summary>
internal static partial class Linter
{
    private static readonly Lazy<IReadOnlyDictionary<string, CustomResourceSchema>> Kinds = new(() => ReadKinds().ToDictionary(k => k.Kind, StringComparer.Ordinal));

    public static LintReport Check(IReadOnlyList<Manifest> manifests)
    {
        var ours = manifests.Where(m => m.IsOurs).ToList();
        var findings = ours.SelectMany(Alone).Concat(Twice(manifests)).Concat(References.Check(manifests))
            .Concat(Judges.Check([.. ours.Where(m => m.ApiVersion == ApiGroup.ApiVersion && Kinds.Value.TryGetValue(m.Kind, out var kind) && kind.Check(m.Json).Count == 0)]));
        return new(ours.Count, [.. findings.OrderBy(f => f.File, StringComparer.Ordinal).ThenBy(f => f.Line)]);
    }

    /// <summary>What can be told of an object by itself.</summary>
    public static IEnumerable<Finding> Alone(Manifest manifest)
    {
        if (manifest.ApiVersion != ApiGroup.ApiVersion || !Kinds.Value.TryGetValue(manifest.Kind, out var kind))
            return [manifest.Finds(Finding.Error, "kind", $"there is no kind {manifest.Kind} in {manifest.ApiVersion}: {ApiGroup.ApiVersion} has {string.Join(", ", Kinds.Value.Keys.Order(StringComparer.Ordinal))}")];
        var causes = kind.Check(manifest.Json);
        IEnumerable<Finding> findings = [.. Name(manifest), .. causes.Select(c => manifest.Finds(Finding.Error, c.Field, c.Message))];
        return causes.Count == 0 && manifest.Kind == PromptVersion.ResourceKind.Kind ? findings.Concat(Prompt(manifest)) : findings;
    }

    /// <summary>What only the operator would say of a prompt, after the API server accepted it.</summary>
    private static IEnumerable<Finding> Prompt(Manifest manifest)
    {
        var check = PromptValidation.Check(manifest.Json["spec"].Deserialize(ApiJson.Default.PromptVersionSpec)!);
        return check.Problems.Select(p => manifest.Finds(Finding.Error, FieldOf(p), p)).Concat(check.Warnings.Select(w => manifest.Finds(Finding.Warning, FieldOf(w), w)));
    }

    /// <summary>Findings about prompts begin with the field below spec.</summary>
    private static string FieldOf(string finding) => "spec." + FieldAtBegin().Match(finding).Value;

    private static IEnumerable<Finding> Name(Manifest manifest)
    {
        if (manifest.Name is { } name && !(name.Length <= 253 && ObjectName().IsMatch(name)))
            yield return manifest.Finds(Finding.Error, "metadata.name", "a name is lower-case letters, digits, '-' and '.', begins and ends with a letter or digit, and has at most 253 of them");
        if (manifest.Name is null && manifest.Json["metadata"]?["generateName"] is null)
            yield return manifest.Finds(Finding.Error, "metadata.name", "give the object a name (or, for kubectl create, a generateName)");
    }

    private static IEnumerable<Finding> Twice(IEnumerable<Manifest> manifests) => manifests
        .Where(m => m.Name is not null)
        .GroupBy(m => (m.ApiVersion, m.Kind, m.Namespace, m.Name))
        .SelectMany(same => same.Skip(1).Select(m => m.Finds(Finding.Warning, "metadata.name", $"the same object is in {same.First().File} too: whichever is applied last wins")));

    private static IEnumerable<CustomResourceSchema> ReadKinds()
    {
        var assembly = typeof(Linter).Assembly;
        foreach (var resource in assembly.GetManifestResourceNames().Where(n => n.StartsWith("crds/", StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            foreach (var kind in YamlJson.Documents(reader.ReadToEnd()).SelectMany(crd => CustomResourceSchema.Read(crd.AsObject())))
                yield return kind;
        }
    }

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex ObjectName();

    [GeneratedRegex(@"^[A-Za-z]+(\[[0-9]+\])?(\.[A-Za-z_][A-Za-z0-9_.-]*[A-Za-z0-9_])?", RegexOptions.CultureInvariant)]
    private static partial Regex FieldAtBegin();
}
