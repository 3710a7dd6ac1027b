using LlmOps.LocalCluster.Nodes.Kubelet;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmOps.LocalCluster.Nodes;

/// <summary>A node that exists in the API only; its pods are local processes.</summary>
public sealed record FakeNode
{
    public required string Name { get; init; }

    /// <summary>GPUs, as the resource <c>nvidia.com/gpu</c>. Default 4.</summary>
    public int Gpus { get; init; } = 4;

    /// <summary>Value of the label <c>nvidia.com/gpu.product</c>.</summary>
    public string GpuProduct { get; init; } = "NVIDIA-H100-80GB-HBM3";

    /// <summary>Cores, as a quantity. Default 64.</summary>
    public string Cpu { get; init; } = "64";

    /// <summary>Memory, as a quantity. Default 512 GiB.</summary>
    public string Memory { get; init; } = "512Gi";

    /// <summary>Most pods that fit. Default 110, as the kubelet's.</summary>
    public int Pods { get; init; } = 110;

    /// <summary>Further labels.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Two nodes with four H100 each.</summary>
    public static IReadOnlyList<FakeNode> Default { get; } = [new() { Name = "gpu-node-1" }, new() { Name = "gpu-node-2" }];
}

/// <summary>How the simulated nodes behave. The defaults are Kubernetes'; tests make the waits shorter.</summary>
public sealed record NodeSimulatorOptions
{
    public IReadOnlyList<FakeNode> Nodes { get; init; } = FakeNode.Default;

    /// <summary>What runs for an image. Default: this repository's own programs and the engines of the test bed.</summary>
    public ImageCatalog Images { get; init; } = ImageCatalog.Default;

    /// <summary>Where pods' logs and volumes go. Null: a fresh folder under the working folder, removed at the end.</summary>
    public string? DataDirectory { get; init; }

    /// <summary>How often the autoscaler looks. Default 15 s, as the controller manager's.</summary>
    public TimeSpan AutoscalerInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Engine metric by the name that an HPA uses, where they differ by more than <c>:</c> written as <c>_</c> (metric
    /// adapters do not serve colons).
    /// </summary>
    public IReadOnlyDictionary<string, string> MetricNames { get; init; } = new Dictionary<string, string>();

    /// <summary>Wait before the second restart of a crashing container; doubles up to <see cref="LongestCrashBackOff"/>. Default 10 s. Also the first wait before a Job replaces a failed pod.</summary>
    public TimeSpan FirstCrashBackOff { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Default 5 minutes.</summary>
    public TimeSpan LongestCrashBackOff { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Longest period of a probe. A probe with a longer one runs more often, with its thresholds raised to last as long. Null (default): as the pod says.</summary>
    public TimeSpan? LongestProbePeriod { get; init; }

    /// <summary>Factor on the sleep of a preStop hook. Default 1.</summary>
    public double PreStopScale { get; init; } = 1;

    public ILoggerFactory Logging { get; init; } = NullLoggerFactory.Instance;
}
