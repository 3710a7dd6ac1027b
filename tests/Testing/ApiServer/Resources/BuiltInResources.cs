using LlmOps.Testing.ApiServer.Apply;

namespace LlmOps.Testing.ApiServer.Resources;

/// <summary>The kinds that the server knows without a CustomResourceDefinition. A new one is one line.</summary>
internal static class BuiltInResources
{
    public static IReadOnlyList<ResourceDefinition> All { get; } =
    [
        Core("Namespace", "namespaces", namespaced: false, status: true, shortName: "ns"),
        Core("Pod", "pods", status: true, generation: true, shortName: "po"),
        Core("Service", "services", status: true, shortName: "svc"),
        Core("ConfigMap", "configmaps", shortName: "cm"),
        Core("Secret", "secrets"),
        Core("Node", "nodes", namespaced: false, status: true, shortName: "no") with { KeepsStatusOnCreate = true },
        Core("ResourceQuota", "resourcequotas", status: true, shortName: "quota"),
        Core("ServiceAccount", "serviceaccounts", shortName: "sa"),
        Core("PersistentVolumeClaim", "persistentvolumeclaims", status: true, shortName: "pvc"),
        Of("apps", "v1", "Deployment", "deployments", status: true, generation: true, shortName: "deploy") with { Scale = ScaleDefinition.Workload },
        Of("apps", "v1", "ReplicaSet", "replicasets", status: true, generation: true, shortName: "rs") with { Scale = ScaleDefinition.Workload },
        Of("apps", "v1", "ControllerRevision", "controllerrevisions"),
        Of("batch", "v1", "Job", "jobs", status: true, generation: true),
        Of("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", status: true, generation: true, shortName: "pdb"),
        Of("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", status: true, shortName: "hpa"),
        Of("coordination.k8s.io", "v1", "Lease", "leases"),
        Of("events.k8s.io", "v1", "Event", "events", shortName: "ev"),
        Of("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", generation: true),
        Of("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", namespaced: false),
        Of("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", namespaced: false),
        Of("rbac.authorization.k8s.io", "v1", "Role", "roles"),
        Of("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings"),
        Of("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", namespaced: false, status: true, generation: true, shortName: "crd"),
    ];

    private static ResourceDefinition Core(
        string kind, string plural, bool namespaced = true, bool status = false, bool generation = false, string? shortName = null) =>
        Of(string.Empty, "v1", kind, plural, namespaced, status, generation, shortName);

    private static ResourceDefinition Of(
        string group, string version, string kind, string plural, bool namespaced = true, bool status = false, bool generation = false, string? shortName = null) =>
        new()
        {
            Group = group,
            Version = version,
            Kind = kind,
            Plural = plural,
            Namespaced = namespaced,
            HasStatus = status,
            TracksGeneration = generation,
            ShortNames = shortName is null ? [] : [shortName],
            Categories = kind is "Pod" or "Service" or "Deployment" or "ReplicaSet" or "Job" or "HorizontalPodAutoscaler" ? ["all"] : [],
            MergeSchema = BuiltInMergeSchemas.For(kind),
        };
}
