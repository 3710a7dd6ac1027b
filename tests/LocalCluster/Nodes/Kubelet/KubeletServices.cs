using LlmOps.Kubernetes;
using Microsoft.Extensions.Logging;

namespace LlmOps.LocalCluster.Nodes.Kubelet;

/// <summary>What all pods of the simulated nodes share.</summary>
internal sealed record KubeletServices
{
    public required KubernetesClient Client { get; init; }

    public required NodeSimulatorOptions Options { get; init; }

    public required string DataDirectory { get; init; }

    public required PodAddresses Addresses { get; init; }

    /// <summary>Address of the proxy that knows Service names.</summary>
    public required Uri ServiceProxy { get; init; }

    public required ILogger Logger { get; init; }

    public required TimeProvider Time { get; init; }
}

/// <summary>What all containers of one pod share.</summary>
internal sealed record PodSandbox
{
    public required Pod Pod { get; init; }

    public required string Address { get; init; }

    /// <summary>Holds volumes and logs.</summary>
    public required string Directory { get; init; }

    /// <summary>Folder of each volume.</summary>
    public required IReadOnlyDictionary<string, string> Volumes { get; init; }

    /// <summary>Where the API server and the pod's token are.</summary>
    public required IReadOnlyDictionary<string, string?> ApiAccess { get; init; }
}
