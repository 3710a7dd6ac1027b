using LlmOps.Kubernetes;

namespace LlmOps.Operator.Resources;

/// <summary>Security contexts of all pods that the operator makes: the <c>restricted</c> Pod Security Standard.</summary>
internal static class PodSecurity
{
    /// <summary>A user that no image has; everything that must be writable is an emptyDir of its group.</summary>
    private const long User = 65532;

    public static PodSecurityContext Pod { get; } = new()
    {
        RunAsNonRoot = true,
        RunAsUser = User,
        RunAsGroup = User,
        FsGroup = User,
        SeccompProfile = new SeccompProfile { Type = "RuntimeDefault" },
    };

    /// <summary>Engines: the root file system stays writable, because NVIDIA's CDI hook writes to it.</summary>
    public static ContainerSecurityContext Engine { get; } = new()
    {
        AllowPrivilegeEscalation = false,
        RunAsNonRoot = true,
        Capabilities = new Capabilities { Drop = ["ALL"] },
    };

    /// <summary>Our own images.</summary>
    public static ContainerSecurityContext Own { get; } = Engine with { ReadOnlyRootFilesystem = true };
}
