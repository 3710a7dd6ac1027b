using System.Text.Json.Nodes;

namespace LlmOps.Testing.ApiServer.Apply;

/// <summary>List and map types of the built-in kinds, copied from the Kubernetes OpenAPI document where they are not the default.</summary>
internal static class BuiltInMergeSchemas
{
    private static readonly JsonNode Tcp = JsonValue.Create("TCP");

    private static readonly MergeSchema ObjectMeta = MergeSchema.Struct(
        ("ownerReferences", MergeSchema.Map("uid")),
        ("finalizers", MergeSchema.Set()));

    private static readonly MergeSchema Conditions = MergeSchema.Map("type");

    private static readonly MergeSchema Container = MergeSchema.Struct(
        ("env", MergeSchema.Map("name", MergeSchema.Struct(("valueFrom", MergeSchema.Struct(
            ("configMapKeyRef", MergeSchema.Atomic),
            ("secretKeyRef", MergeSchema.Atomic),
            ("fieldRef", MergeSchema.Atomic),
            ("resourceFieldRef", MergeSchema.Atomic)))))),
        ("ports", MergeSchema.Map([("containerPort", null), ("protocol", Tcp)])),
        ("volumeMounts", MergeSchema.Map("mountPath")),
        ("volumeDevices", MergeSchema.Map("devicePath")),
        ("resources", MergeSchema.Struct(("claims", MergeSchema.Map("name")))));

    private static readonly MergeSchema PodSpec = MergeSchema.Struct(
        ("containers", MergeSchema.Map("name", Container)),
        ("initContainers", MergeSchema.Map("name", Container)),
        ("ephemeralContainers", MergeSchema.Map("name", Container)),
        ("volumes", MergeSchema.Map("name")),
        ("imagePullSecrets", MergeSchema.Map("name")),
        ("hostAliases", MergeSchema.Map("ip")),
        ("schedulingGates", MergeSchema.Map("name")),
        ("resourceClaims", MergeSchema.Map("name")),
        ("topologySpreadConstraints", MergeSchema.Map([("topologyKey", null), ("whenUnsatisfiable", null)])),
        ("nodeSelector", MergeSchema.Atomic));

    private static readonly MergeSchema PodTemplate = MergeSchema.Struct(("metadata", ObjectMeta), ("spec", PodSpec));

    public static MergeSchema For(string kind) => WithObjectMeta(kind switch
    {
        "Pod" => MergeSchema.Struct(
            ("spec", PodSpec),
            ("status", MergeSchema.Struct(("conditions", Conditions), ("podIPs", MergeSchema.Map("ip")), ("hostIPs", MergeSchema.Atomic)))),
        "Deployment" or "ReplicaSet" or "Job" => Workload(),
        "Service" => MergeSchema.Struct(
            ("spec", MergeSchema.Struct(("ports", MergeSchema.Map([("port", null), ("protocol", Tcp)])), ("selector", MergeSchema.Atomic))),
            ("status", MergeSchema.Struct(("conditions", Conditions)))),
        "Node" => MergeSchema.Struct(
            ("spec", MergeSchema.Struct(("podCIDRs", MergeSchema.Set()))),
            ("status", MergeSchema.Struct(("conditions", Conditions), ("addresses", MergeSchema.Map("type"))))),
        "ServiceAccount" => MergeSchema.Struct(("secrets", MergeSchema.Map("name"))),
        "PodDisruptionBudget" => MergeSchema.Struct(
            ("spec", MergeSchema.Struct(("selector", MergeSchema.Atomic))),
            ("status", MergeSchema.Struct(("conditions", Conditions)))),
        "HorizontalPodAutoscaler" => MergeSchema.Struct(("status", MergeSchema.Struct(("conditions", Conditions)))),
        "Namespace" or "PersistentVolumeClaim" => MergeSchema.Struct(("status", MergeSchema.Struct(("conditions", Conditions)))),
        "CustomResourceDefinition" => MergeSchema.Struct(("status", MergeSchema.Struct(("conditions", Conditions)))),
        "Event" => MergeSchema.Struct(("regarding", MergeSchema.Atomic), ("related", MergeSchema.Atomic)),
        _ => MergeSchema.Unknown,
    });

    /// <summary>The same for every kind, custom ones included.</summary>
    public static MergeSchema WithObjectMeta(MergeSchema schema) => schema with
    {
        Properties = new Dictionary<string, MergeSchema>(schema.Properties) { ["metadata"] = ObjectMeta },
    };

    private static MergeSchema Workload() => MergeSchema.Struct(
        ("spec", MergeSchema.Struct(("selector", MergeSchema.Atomic), ("template", PodTemplate))),
        ("status", MergeSchema.Struct(("conditions", Conditions))));
}
