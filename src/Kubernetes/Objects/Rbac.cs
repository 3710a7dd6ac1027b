using System.Text.Json.Serialization.Metadata;

namespace LlmOps.Kubernetes;

/// <summary>A ServiceAccount.</summary>
public sealed record ServiceAccount : IResource<ServiceAccount>
{
    public static ResourceKind ResourceKind { get; } = new(string.Empty, "v1", "ServiceAccount", "serviceaccounts");

    public static JsonTypeInfo<ServiceAccount> JsonType => KubernetesJson.Default.ServiceAccount;

    public static JsonTypeInfo<ResourceList<ServiceAccount>> JsonListType => KubernetesJson.Default.ResourceListServiceAccount;

    public string? ApiVersion { get; init => field = value ?? "v1"; } = "v1";

    public string? Kind { get; init => field = value ?? "ServiceAccount"; } = "ServiceAccount";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    public bool? AutomountServiceAccountToken { get; init; }

    public ServiceAccount WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>A Role.</summary>
public sealed record Role : IResource<Role>
{
    public static ResourceKind ResourceKind { get; } = new("rbac.authorization.k8s.io", "v1", "Role", "roles");

    public static JsonTypeInfo<Role> JsonType => KubernetesJson.Default.Role;

    public static JsonTypeInfo<ResourceList<Role>> JsonListType => KubernetesJson.Default.ResourceListRole;

    public string? ApiVersion { get; init => field = value ?? "rbac.authorization.k8s.io/v1"; } = "rbac.authorization.k8s.io/v1";

    public string? Kind { get; init => field = value ?? "Role"; } = "Role";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    public IReadOnlyList<PolicyRule>? Rules { get; init; }

    public Role WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>A RoleBinding.</summary>
public sealed record RoleBinding : IResource<RoleBinding>
{
    public static ResourceKind ResourceKind { get; } = new("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings");

    public static JsonTypeInfo<RoleBinding> JsonType => KubernetesJson.Default.RoleBinding;

    public static JsonTypeInfo<ResourceList<RoleBinding>> JsonListType => KubernetesJson.Default.ResourceListRoleBinding;

    public string? ApiVersion { get; init => field = value ?? "rbac.authorization.k8s.io/v1"; } = "rbac.authorization.k8s.io/v1";

    public string? Kind { get; init => field = value ?? "RoleBinding"; } = "RoleBinding";

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    public required RoleRef RoleRef { get; init; }

    public IReadOnlyList<RbacSubject>? Subjects { get; init; }

    public RoleBinding WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

public sealed record PolicyRule
{
    public IReadOnlyList<string>? ApiGroups { get; init; }

    public IReadOnlyList<string>? Resources { get; init; }

    public IReadOnlyList<string>? ResourceNames { get; init; }

    public IReadOnlyList<string>? Verbs { get; init; }
}

public sealed record RoleRef
{
    public required string ApiGroup { get; init; }

    public required string Kind { get; init; }

    public required string Name { get; init; }
}

public sealed record RbacSubject
{
    public required string Kind { get; init; }

    public required string Name { get; init; }

    public string? Namespace { get; init; }
}
