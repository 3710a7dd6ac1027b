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
