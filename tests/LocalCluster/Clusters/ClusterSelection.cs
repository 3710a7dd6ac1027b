using LlmOps.LocalCluster.Processes;

namespace LlmOps.LocalCluster.Clusters;

/// <summary>The clusters that tests and the demo can run on, best first.</summary>
public enum ClusterKind
{
    /// <summary>The cluster of <c>$LLMOPS_TEST_KUBECONFIG</c>.</summary>
    Given,

    /// <summary>A k3d cluster of our own, in Docker.</summary>
    K3d,

    /// <summary>Real etcd and API server as local processes, simulated nodes.</summary>
    LocalControlPlane,

    /// <summary>The API server of tests/Testing in this process, simulated nodes.</summary>
    InProcess,
}

/// <summary>Which cluster is taken here, and why not a better one.</summary>
/// <param name="Kind">The cluster.</param>
/// <param name="Reason">For a person: why this one, and what spoke against each better one.</param>
public sealed record ClusterSelection(ClusterKind Kind, string Reason)
{
    /// <summary>Names a kubeconfig of a cluster to use instead of one of our own.</summary>
    public const string KubeconfigVariable = "LLMOPS_TEST_KUBECONFIG";

    private static readonly TimeSpan ProbeLimit = TimeSpan.FromSeconds(10);

    /// <summary>Whether Kubernetes itself runs pods there; else <see cref="Nodes.NodeSimulator"/> does.</summary>
    public bool HasOwnNodes => Kind is ClusterKind.Given or ClusterKind.K3d;

    /// <summary>Looks at the variable and at what is installed; builds and starts nothing.</summary>
    public static Task<ClusterSelection> DecideAsync(CancellationToken ct = default) => DecideAsync(Environment.GetEnvironmentVariable, ct);

    internal static async Task<ClusterSelection> DecideAsync(Func<string, string?> environment, CancellationToken ct)
    {
        if (environment(KubeconfigVariable) is { Length: > 0 } given)
            return new(ClusterKind.Given, $"{KubeconfigVariable} is {given}");
        if (await K3dAnswersAsync(ct) is not { } k3dMissing)
            return new(ClusterKind.K3d, "k3d is installed and Docker answers");
        var local = ControlPlane.Probe();
        return local.IsAvailable
            ? new(ClusterKind.LocalControlPlane, $"{KubeconfigVariable} is not set, {k3dMissing}; {local.Reason}")
            : new(ClusterKind.InProcess, $"{KubeconfigVariable} is not set, {k3dMissing}, the local control plane {local.Reason}");
    }

    /// <summary>Null when both answer, else what is missing.</summary>
    private static async Task<string?> K3dAnswersAsync(CancellationToken ct)
    {
        if (!await RunsAsync("k3d", ["version"], ct))
            return "k3d is not installed";
        return await RunsAsync("docker", ["info"], ct) ? null : "no Docker engine answers";
    }

    private static async Task<bool> RunsAsync(string command, IReadOnlyList<string> arguments, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(ProbeLimit);
        try
        {
            return await BuildScript.RunCommandAsync(command, arguments, null, limit.Token) == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return false;
        }
    }
}
