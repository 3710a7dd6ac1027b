using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Cli.Lint;

/// <summary>What manifests say of each other: names that lead from one to another. What is not among the files may be in the cluster, so its absence is a warning. Pure.</summary>
internal static class References
{
    private static readonly string[] ConfigMapParts = ["data", "binaryData"];

    /// <summary>A name in one object that another object of the namespace must have.</summary>
    private sealed record Reference(Manifest From, string Field, string Kind, string Name, string? Key = null);

    public static IEnumerable<Finding> Check(IReadOnlyList<Manifest> manifests)
    {
        List<Manifest> targets = [.. manifests, .. manifests.SelectMany(Kustomizations.ConfigMaps)];
        foreach (var reference in manifests.Where(m => m.ApiVersion == ApiGroup.ApiVersion).SelectMany(Of))
        {
            var target = targets.FirstOrDefault(m => m.Kind == reference.Kind && m.Name == reference.Name && (m.Namespace == reference.From.Namespace || m.Namespace.Length == 0 || reference.From.Namespace.Length == 0));
            if (target is null)
                yield return reference.From.Finds(Finding.Warning, reference.Field, $"{reference.Kind} {reference.Name} is not among these files: it must be in the cluster{Similar(targets, reference)}");
            else if (reference.Key is { } key && !HasKey(target, key))
                yield return reference.From.Finds(Finding.Error, reference.Field, $"{reference.Kind} {reference.Name} ({target.File}) has no key {key}");
        }
    }

    private static IEnumerable<Reference> Of(Manifest manifest) => manifest.Kind switch
    {
        "LlmDeployment" => Deployment(manifest),
        "EvalGate" => Gate(manifest),
        "PromptVersion" => One(manifest, "spec.parent", "PromptVersion"),
        "RolloutAction" => One(manifest, "spec.deployment", "LlmDeployment"),
        _ => [],
    };

    private static IEnumerable<Reference> Deployment(Manifest manifest)
    {
        IEnumerable<Reference>[] named =
        [
            One(manifest, "spec.prompt.name", PromptVersion.ResourceKind.Kind),
            One(manifest, "spec.traffic.httpRoute.name", HttpRoute.ResourceKind.Kind),
            One(manifest, "spec.traffic.virtualService.name", VirtualService.ResourceKind.Kind),
            One(manifest, "spec.model.cache.persistentVolumeClaim.claimName", "PersistentVolumeClaim"),
        ];
        foreach (var reference in named.SelectMany(references => references))
            yield return reference;
        foreach (var (index, step) in Items(manifest.Json["spec"]?["rollout"]?["steps"]))
        {
            if (Text(step?["gate"]) is { } gate)
                yield return new(manifest, $"spec.rollout.steps[{index}].gate", EvalGate.ResourceKind.Kind, gate);
            foreach (var (number, one) in Items(step?["gates"]))
            {
                if (Text(one) is { } name)
                    yield return new(manifest, $"spec.rollout.steps[{index}].gates[{number}]", EvalGate.ResourceKind.Kind, name);
            }
        }
    }

    private static IEnumerable<Reference> Gate(Manifest manifest)
    {
        const string field = "spec.dataset.configMap";
        if (At(manifest.Json, field + ".name") is { } name)
            yield return new(manifest, $"{field}.key", "ConfigMap", name, At(manifest.Json, field + ".key"));
        foreach (var reference in One(manifest, "spec.dataset.persistentVolumeClaim.claimName", "PersistentVolumeClaim"))
            yield return reference;
        foreach (var (index, scorer) in Items(manifest.Json["spec"]?["scorers"]))
        {
            if (At(scorer, "judge.model") is { } model)
                yield return new(manifest, $"spec.scorers[{index}].judge.model", LlmDeployment.ResourceKind.Kind, model);
            if (At(scorer, "judge.prompt") is { } prompt)
                yield return new(manifest, $"spec.scorers[{index}].judge.prompt", PromptVersion.ResourceKind.Kind, prompt);
        }
    }

    private static IEnumerable<Reference> One(Manifest manifest, string field, string kind) =>
        At(manifest.Json, field) is { } name ? [new(manifest, field, kind, name)] : [];

    private static string Similar(IEnumerable<Manifest> manifests, Reference reference)
    {
        var names = manifests.Where(m => m.Kind == reference.Kind && m.Name is not null).Select(m => m.Name!).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        return names.Count == 0 ? string.Empty : $"; these files have {string.Join(", ", names)}";
    }

    private static bool HasKey(Manifest target, string key) => ConfigMapParts.Any(part => target.Json[part] is JsonObject data && data.ContainsKey(key));

    private static string? At(JsonNode? node, string path)
    {
        foreach (var name in path.Split('.'))
            node = node is JsonObject o ? o[name] : null;
        return Text(node);
    }

    private static IEnumerable<(int Index, JsonNode? Item)> Items(JsonNode? node) => node is JsonArray array ? array.Index() : [];

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
