using System.Text.Json.Nodes;
using LlmOps.Kubernetes;

namespace LlmOps.Testing;

/// <summary>One verb that somebody may use on one resource: RBAC rules, spelled out one by one.</summary>
/// <param name="Group">Empty for core.</param>
/// <param name="Resource">As in RBAC: <c>pods</c>, <c>llmdeployments/status</c>.</param>
/// <param name="Verb">Such as <c>get</c>.</param>
/// <param name="Namespace">The only namespace in which it holds; null for all, and for what has no namespace.</param>
/// <param name="Name">The only object for which it holds; null for all.</param>
public sealed record AccessRule(string Group, string Resource, string Verb, string? Namespace = null, string? Name = null)
{
    /// <summary>The rules of the ClusterRoles and Roles in a YAML stream, whoever they are bound to.</summary>
    public static IReadOnlyList<AccessRule> FromYaml(string yaml) =>
        [.. YamlJson.Documents(yaml).Select(document => document.AsObject())
            .Where(document => (string?)document["kind"] is "ClusterRole" or "Role")
            .SelectMany(document => Of(document, (string?)document["metadata"]!["namespace"]))];

    /// <summary>The rules of one Role or ClusterRole.</summary>
    internal static IEnumerable<AccessRule> Of(JsonObject role, string? ns) =>
        from rule in role["rules"]?.AsArray() ?? []
        from name in rule["resourceNames"] is JsonArray { Count: > 0 } names ? Texts(names).Select(text => (string?)text) : [null]
        from grp in Texts(rule["apiGroups"]!)
        from resource in Texts(rule["resources"]!)
        from verb in Texts(rule["verbs"]!)
        select new AccessRule(grp, resource, verb, ns, name);

    /// <summary>Whether it lets do all that another one does.</summary>
    internal bool Covers(AccessRule other) =>
        Verb == other.Verb && Resource == other.Resource && Group == other.Group && (Namespace is null || Namespace == other.Namespace) && (Name is null || Name == other.Name);

    public override string ToString() => $"{Verb} {(Group.Length == 0 ? Resource : $"{Resource} of {Group}")}{(Name is null ? string.Empty : $" {Name}")}{(Namespace is null ? string.Empty : $" in {Namespace}")}";

    private static IEnumerable<string> Texts(JsonNode array) => array.AsArray().Select(node => (string)node!);
}
