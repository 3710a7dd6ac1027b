using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Operator;

/// <summary>Everything that the operator asks of the API server. config/rbac is generated from it; it may do nothing else, and a test finds what nothing uses.</summary>
public static class OperatorPermissions
{
    private static readonly string[] Read = ["list", "watch"];
    private static readonly string[] Own = ["get", "list", "watch", "create", "patch", "delete"];

    /// <summary>What goes with its owner, and is never deleted otherwise.</summary>
    private static readonly string[] Make = ["get", "list", "watch", "create", "patch"];

    /// <summary>The table.</summary>
    public static IReadOnlyList<Permission> All { get; } =
    [
        new(ApiGroup.Name, "llmdeployments", ["get", "list", "watch"], "What is asked for; get asks what became of a write whose answer was lost"),
        new(ApiGroup.Name, "llmdeployments/status", ["patch"], "Weights, step and conditions"),
        new(ApiGroup.Name, "llmdeployments/finalizers", ["update"], "Owner references that block deletion (OwnerReferencesPermissionEnforcement)"),
        new(ApiGroup.Name, "promptversions", ["list", "watch", "patch"], "Prompts of releases; patch sets the finalizer of those that serve"),
        new(ApiGroup.Name, "promptversions/status", ["patch"], "Content hash, stage and conditions"),
        new(ApiGroup.Name, "rolloutrecords", ["create"], "One per rollout that ended; never changed"),
        new(ApiGroup.Name, "evalgates", Read, "Gates of rollouts"),
        new(ApiGroup.Name, "evalgates/status", ["patch"], "Last run and conditions"),
        new(ApiGroup.Name, "evalruns", ["list", "watch", "create", "delete"], "One per gate step of a rollout; those of rollouts that history forgets are deleted"),
        new(ApiGroup.Name, "evalruns/status", ["patch"], "Verdict and scores"),
        new(ApiGroup.Name, "evalruns/finalizers", ["update"], "Owner references that block deletion (OwnerReferencesPermissionEnforcement)"),
        new(ApiGroup.Name, "rolloutactions", ["list", "watch", "patch", "delete"], "What people ask; patch sets the owner, delete takes the oldest of those that were answered"),
        new(ApiGroup.Name, "rolloutactions/status", ["patch"], "What became of it"),
        new("apps", "deployments", Own, "Engine pods, one Deployment per serving hash"),
        new("apps", "controllerrevisions", Own, "Snapshots of releases; get looks whose an object of the name is, patch puts back owner and label"),
        new(string.Empty, "services", Own, "One Service per serving hash, and two for a route"),
        new(string.Empty, "pods", ["list", "watch", "patch"], "Reasons of pods that do not start, and what pods hold on each node; patch moves the label llmops.dev/track", Everywhere: Read),
        new(string.Empty, "nodes", Read, "GPUs that are free", Everywhere: Read),
        new(string.Empty, "namespaces", Read, "Labels of namespaces, for --namespace-selector"),
        new(string.Empty, "resourcequotas", Read, "GPUs that the namespace may use"),
        new(string.Empty, "configmaps", Make, "Plans and reports of evaluations; get looks whether a data set is there"),
        new(string.Empty, "secrets", ["get"], "API keys of engines and credentials of checks, by the names in the spec (apiKeySecretRef, checks[].http.header); never listed or watched"),
        new(string.Empty, "serviceaccounts", ["get", "create", "patch"], "Identity of evaluator Jobs; get, here and below, looks that nobody else has the name"),
        new("rbac.authorization.k8s.io", "roles", ["get", "create", "patch"], "Evaluator Jobs may get and patch their own report alone"),
        new("rbac.authorization.k8s.io", "rolebindings", ["get", "create", "patch"], "Evaluator Jobs may get and patch their own report alone"),
        new("batch", "jobs", Make, "Evaluator Jobs"),
        new("discovery.k8s.io", "endpointslices", Read, "Ready pods of a release, and the gateways to ask for evidence", OwnNamespaceToo: true),
        new("gateway.networking.k8s.io", "httproutes", ["get", "list", "watch", "patch"], "Weights of the Services of traffic.httpRoute, and nothing else on the route; get after a conflict"),
        new("networking.istio.io", "virtualservices", ["get", "list", "watch", "patch"], "Weights of the Services of traffic.virtualService, and nothing else on it; get after a conflict"),
        new("policy", "poddisruptionbudgets", Make, "At most one engine pod is drained at a time"),
        new("autoscaling", "horizontalpodautoscalers", Own, "Scales an LlmDeployment through its scale subresource"),
        new("events.k8s.io", "events", ["create", "patch"], "What happened, for kubectl describe; patch counts what happens again"),
        new("coordination.k8s.io", "leases", ["get", "list", "create", "update", "delete"], "Leader election; list: nobody who leads divides the namespaces differently, and with shards which replicas there are; delete: a replica that ends, or is long gone", OwnNamespaceOnly: true),
    ];
}
