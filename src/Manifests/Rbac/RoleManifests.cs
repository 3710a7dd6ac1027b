using System.Text.Json.Nodes;
using LlmOps.Kubernetes;

namespace LlmOps.Manifests.Rbac;

/// <summary>ClusterRole and Role of a component, with their bindings to its service account, from its table of permissions.</summary>
internal static class RoleManifests
{
    /// <summary>Namespace that config/default installs into.</summary>
    public const string Namespace = "llmops-system";

    private const string Group = "rbac.authorization.k8s.io";

    /// <summary>The documents in the order in which they are applied.</summary>
    /// <param name="component">Name of the component, of its roles and of its service account, such as <c>llmops-operator</c>.</param>
    /// <param name="permissions">Its table.</param>
    public static JsonObject[] Of(string component, IReadOnlyList<Permission> permissions)
    {
        var documents = new List<JsonObject>();
        foreach (var own in new[] { false, true })
        {
            var rules = permissions.Where(p => p.OwnNamespaceOnly == own).Select(Rule).ToArray();
            if (rules.Length == 0)
                continue;
            var kind = own ? "Role" : "ClusterRole";
            documents.Add(Named(kind, component, own, new() { ["rules"] = new JsonArray(rules) }));
            documents.Add(Named(kind + "Binding", component, own, new()
            {
                ["roleRef"] = new JsonObject { ["apiGroup"] = Group, ["kind"] = kind, ["name"] = component },
                ["subjects"] = new JsonArray(new JsonObject { ["kind"] = "ServiceAccount", ["name"] = component, ["namespace"] = Namespace }),
            }));
        }

        return [.. documents];
    }

    /// <summary>The rules alone, for a chart that binds them as its values say: name of the part, and a document with <c>rules</c>.</summary>
    /// <param name="component">Name of the component in the chart, such as <c>operator</c>.</param>
    /// <param name="permissions">Its table.</param>
    public static IEnumerable<(string Name, JsonObject Rules)> Parts(string component, IReadOnlyList<Permission> permissions)
    {
        (string Name, IEnumerable<JsonObject> Rules)[] parts =
        [
            (component, permissions.Where(p => !p.OwnNamespaceOnly).Select(Rule)),
            ($"{component}-everywhere", permissions.Where(p => p.Everywhere is not null).Select(p => Rule(p with { Verbs = p.Everywhere! }))),
            ($"{component}-own-namespace", permissions.Where(p => p.OwnNamespaceOnly || p.OwnNamespaceToo).Select(Rule)),
        ];
        return from part in parts
               let rules = part.Rules.ToArray()
               where rules.Length > 0
               select (part.Name, new JsonObject { ["rules"] = new JsonArray(rules) });
    }

    private static JsonObject Rule(Permission permission) => new()
    {
        [YamlText.CommentKey] = permission.Why,
        ["apiGroups"] = new JsonArray(permission.Group),
        ["resources"] = new JsonArray(permission.Resource),
        ["verbs"] = new JsonArray([.. permission.Verbs.Select(v => JsonValue.Create(v))]),
    };

    private static JsonObject Named(string kind, string name, bool namespaced, JsonObject rest)
    {
        var metadata = new JsonObject { ["name"] = name };
        if (namespaced)
            metadata["namespace"] = Namespace;
        var document = new JsonObject { ["apiVersion"] = Group + "/v1", ["kind"] = kind, ["metadata"] = metadata };
        foreach (var (key, value) in rest.ToArray())
            document[key] = value!.DeepClone();
        return document;
    }
}
