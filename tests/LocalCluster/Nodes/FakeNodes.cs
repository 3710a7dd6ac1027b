using LlmOps.Kubernetes;

namespace LlmOps.LocalCluster.Nodes;

/// <summary>Writes the fake nodes to the API, and removes them.</summary>
internal static class FakeNodes
{
    private const string GpuResource = "nvidia.com/gpu";

    public static async Task CreateAsync(KubernetesClient client, IReadOnlyList<FakeNode> nodes, string address, TimeProvider time, CancellationToken ct)
    {
        foreach (var fake in nodes)
        {
            var wanted = ToNode(fake);
            var node = await client.GetAsync<Node>(wanted.Key(), ct) ?? await client.CreateAsync(wanted, ct);
            var capacity = new Dictionary<string, string> { ["cpu"] = fake.Cpu, ["memory"] = fake.Memory, ["pods"] = $"{fake.Pods}" };
            if (fake.Gpus > 0)
                capacity[GpuResource] = $"{fake.Gpus}";
            var ready = new NodeCondition { Type = "Ready", Status = "True", Reason = "KubeletReady", Message = $"the node simulator plays this node on {address}" };
            await client.WriteStatusAsync(node, node with { Status = new() { Capacity = capacity, Allocatable = capacity, Conditions = [ready] } }, ct);
        }
    }

    /// <summary>Best effort: the API server may have gone first.</summary>
    public static async Task DeleteAsync(KubernetesClient client, IReadOnlyList<FakeNode> nodes)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        foreach (var node in nodes)
        {
            try
            {
                await client.DeleteAsync<Node>(new(string.Empty, node.Name), null, deadline.Token);
            }
            catch (Exception failure) when (failure is KubernetesException or OperationCanceledException)
            {
                return;
            }
        }
    }

    private static Node ToNode(FakeNode fake) => new()
    {
        Metadata = new()
        {
            Name = fake.Name,
            Labels = fake.Labels.With(
                ("kubernetes.io/hostname", fake.Name), ("kubernetes.io/os", "linux"), ("kubernetes.io/arch", "amd64"),
                ("nvidia.com/gpu.present", fake.Gpus > 0 ? "true" : "false"), ("nvidia.com/gpu.product", fake.GpuProduct), ("nvidia.com/gpu.count", $"{fake.Gpus}")),
        },
        Spec = new(),
    };
}
