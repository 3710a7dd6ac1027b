using LlmOps.Kubernetes;

namespace LlmOps.LocalCluster.Nodes.Kubelet;

/// <summary>What a container says at its end: it writes a file, whose beginning the kubelet takes into the pod's status.</summary>
/// <remarks>Not played: another <c>terminationMessagePath</c>, and <c>terminationMessagePolicy: FallbackToLogsOnError</c>.</remarks>
internal static class TerminationLog
{
    /// <summary>Where a container finds the file.</summary>
    public const string Path = "/dev/termination-log";

    /// <summary>Bytes of it that a kubelet takes.</summary>
    private const int MostBytes = 4096;

    public static string FileOf(PodSandbox sandbox, Container container) => System.IO.Path.Combine(sandbox.Directory, $"{container.Name}.termination");

    /// <summary>Makes it empty, as it is when a container starts.</summary>
    public static void Clear(PodSandbox sandbox, Container container) => File.WriteAllText(FileOf(sandbox, container), string.Empty);

    /// <returns>Null where nothing was written.</returns>
    public static string? Read(PodSandbox sandbox, Container container)
    {
        using var file = File.OpenRead(FileOf(sandbox, container));
        var bytes = new byte[MostBytes];
        var length = file.ReadAtLeast(bytes, MostBytes, throwOnEndOfStream: false);
        return length == 0 ? null : System.Text.Encoding.UTF8.GetString(bytes, 0, length);
    }
}
