using System.Globalization;

namespace LlmOps.Kubernetes;

/// <summary>Versions of objects and lists, of which the later one is the greater: the API guarantees it since Kubernetes 1.35 (KEP-5504), and etcd always did.</summary>
public static class ResourceVersion
{
    /// <summary>A resource version as a number; 0 where there is none.</summary>
    public static ulong Number(string? version) => ulong.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
