using LlmOps.Kubernetes;
using LlmOps.LocalCluster.Processes;

namespace LlmOps.LocalCluster.Nodes.Kubelet;

/// <summary>Turns a container into the process that plays it.</summary>
internal static class ContainerCommand
{
    // What a process on this machine needs; everything else of our own environment stays out, as it would in a container.
    private static readonly string[] Inherited = ["PATH", "TMPDIR", "TZ", "LANG", "DOTNET_ROOT"];

    /// <exception cref="PodSetupException">A variable's source is missing.</exception>
    public static async Task<ChildProcessOptions> BuildAsync(KubeletServices services, PodSandbox sandbox, Container container, ImageProgram program, CancellationToken ct)
    {
        var paths = new MountPaths((container.VolumeMounts ?? []).Select(mount =>
            (mount.MountPath, Path.Combine(sandbox.Volumes[mount.Name], mount.SubPath ?? string.Empty))).Append((TerminationLog.Path, TerminationLog.FileOf(sandbox, container))));
        var own = await new ContainerEnvironment(services.Client).ResolveAsync(sandbox.Pod, container, sandbox.Address, ct);
        var words = (container.Command ?? []).Concat(container.Args ?? []).Select(word => paths.Rewrite(ContainerEnvironment.Expand(word, own))).ToList();

        var home = Directory.CreateDirectory(Path.Combine(sandbox.Directory, "home")).FullName;
        var environment = new Dictionary<string, string?>(sandbox.ApiAccess)
        {
            ["HOME"] = home,
            ["HOSTNAME"] = sandbox.Pod.Metadata.Name,
            // There are no network namespaces: a process must listen on its pod's address and on no other.
            ["LLMOPS_BIND_ADDRESS"] = sandbox.Address,
            // There is no cluster DNS: the proxy knows Service names, and passes plain addresses on.
            ["HTTP_PROXY"] = services.ServiceProxy.AbsoluteUri,
            ["http_proxy"] = services.ServiceProxy.AbsoluteUri,
            ["NO_PROXY"] = "localhost,127.0.0.1",
        };
        foreach (var (name, value) in program.Environment)
            environment[name] = value;
        foreach (var (name, value) in own)
            environment[name] = value is null ? null : paths.Rewrite(value);

        return new()
        {
            Executable = program.Executable,
            Arguments = program.CommandLine(words, sandbox.Address),
            Environment = environment,
            InheritOnly = Inherited,
            WorkingDirectory = container.WorkingDir is { } folder && Directory.Exists(paths.Rewrite(folder)) ? paths.Rewrite(folder) : home,
            LogFile = Path.Combine(sandbox.Directory, $"{container.Name}.log"),
        };
    }
}
