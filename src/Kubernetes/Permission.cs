namespace LlmOps.Kubernetes;

/// <summary>One line of the RBAC table that a component keeps beside its code; the manifests are generated from it.</summary>
/// <param name="Group">API group; empty for core.</param>
/// <param name="Resource">Resource in the plural, or <c>resource/subresource</c>.</param>
/// <param name="Verbs">Verbs, such as <c>get</c>, <c>list</c>, <c>watch</c>, <c>patch</c>.</param>
/// <param name="Why">What the component does with it, in a few words: it stands beside the rule in the manifest.</param>
/// <param name="OwnNamespaceOnly">True for what is needed in the component's own namespace alone (a Role instead of a ClusterRole).</param>
/// <param name="Everywhere">Those of the verbs that are needed on objects of the whole cluster even where the component serves some namespaces alone. Default: none.</param>
/// <param name="OwnNamespaceToo">True for what is needed in the component's own namespace even where that is not one of those that it serves.</param>
public sealed record Permission(
    string Group, string Resource, IReadOnlyList<string> Verbs, string Why, bool OwnNamespaceOnly = false, IReadOnlyList<string>? Everywhere = null, bool OwnNamespaceToo = false);
