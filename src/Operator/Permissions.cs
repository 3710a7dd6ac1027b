using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Operator;

/// <summary>Everything that the operator asks of the API server. config/rbac is generated from it; it may do nothing else.</summary>
public static class OperatorPermissions
{
    private static readonly string[] Read = ["get", "list", "watch"];
    private static readonly string[] Own = ["get", "list", "watch", "create", "patch", "delete"];

    /// <summary>The table.</summary>
    public static IReadOnlyList<Permission> All { get; } =
    [
        new(ApiGroup.Name, "llmdeployments", Read, "What is asked for"),
        new(ApiGroup.Name, "llmdeployments/status", ["get", "patch"], "Weights, step and conditions"),
        new(ApiGroup.Name, "llmdeployments/finalizers", ["update"], "Owner references that block deletion (OwnerReferencesPermissionEnforcement)"),
        new(ApiGroup.Name, "promptversions", ["get", "list", "watch", "patch"], "Prompts of releases; patch sets the finalizer of those that serve"),
        new(ApiGroup.Name, "promptversions/status", ["get", "patch"], "Content hash, stage and conditions"),
        new(ApiGroup.Name, "promptversions/finalizers", ["update"], "Finalizer of prompts that serve"),
        new(ApiGroup.Name, "rolloutrecords", ["create"], "One per rollout that ended; never changed"),
        new(ApiGroup.Name, "evalgates", Read, "Gates of rollouts"),
        new(ApiGroup.Name, "evalgates/status", ["get", "patch"], "Last run and conditions"),
        new(ApiGroup.Name, "evalruns", Own, "One per gate step of a rollout"),
        new(ApiGroup.Name, "evalruns/status", ["get", "patch"], "Verdict and scores"),
        new(ApiGroup.Name, "evalruns/finalizers", ["update"], "Owner references that block deletion (OwnerReferencesPermissionEnforcement)"),
        new(ApiGroup.Name, "rolloutactions", ["get", "list", "watch", "patch", "delete"], "What people ask; patch sets the owner, delete takes the oldest of those that were answered"),
        new(ApiGroup.Name, "rolloutactions/status", ["get", "patch"], "What became of it"),
        new("apps", "deployments", Own, "Engine pods, one Deployment per serving hash"),
        new("apps", "controllerrevisions", Own, "Snapshots of releases"),
        new(string.Empty, "services", Own, "One Service per serving hash, and two for an HTTPRoute"),
        new(string.Empty, "pods", ["get", "list", "watch", "patch"], "Reasons of pods that do not start, and what pods hold on each node; patch moves the label llmops.dev/track"),
        new(string.Empty, "nodes", Read, "GPUs that are free"),
        new(string.Empty, "resourcequotas", Read, "GPUs that the namespace may use"),
        new(string.Empty, "configmaps", Own, "Plans and reports of evaluations; data sets"),
        new(string.Empty, "secrets", ["get"], "API keys of engines, by the names in spec.engine.apiKeySecretRef; never listed or watched"),
        new(string.Empty, "serviceaccounts", Own, "Identity of evaluator Jobs"),
        new("rbac.authorization.k8s.io", "roles", Own, "Evaluator Jobs may get and patch their own report alone"),
        new("rbac.authorization.k8s.io", "rolebindings", Own, "Evaluator Jobs may get and patch their own report alone"),
        new("batch", "jobs", Own, "Evaluator Jobs"),
        new("discovery.k8s.io", "endpointslices", Read, "Ready pods of a release, and the gateways to ask for evidence"),
        new("gateway.networking.k8s.io", "httproutes", ["get", "list", "watch", "patch"], "Weights of the Services of traffic.httpRoute, and nothing else on the route"),
        new("policy", "poddisruptionbudgets", Own, "At most one engine pod is drained at a time"),
        new("autoscaling", "horizontalpodautoscalers", Own, "Scales an LlmDeployment through its scale subresource"),
        new("events.k8s.io", "events", ["create", "patch"], "What happened, for kubectl describe"),
        new("coordination.k8s.io", "leases", ["get", "create", "update", "patch"], "Leader election", OwnNamespaceOnly: true),
    ];
}
