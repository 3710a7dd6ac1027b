using System.Text.Json;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster.Nodes.Scheduling;
using Xunit;

namespace LlmOps.EndToEnd.TestBed;

public sealed class NodeFitTests
{
    [Fact]
    public void Reasons_are_counted_by_node_as_a_scheduler_words_them()
    {
        NodeRoom[] rooms =
        [
            Room("small", gpus: 1),
            Room("cordoned", gpus: 8, change: node => node with { Spec = new() { Unschedulable = true } }),
            Room("tainted", gpus: 8, change: node => node with { Spec = new() { Taints = [new() { Key = "team", Value = "other", Effect = "NoSchedule" }] } }),
            Room("a100", gpus: 8, product: "A100"),
        ];

        var placement = NodeFit.Place(Wants(gpus: 2), rooms);

        Assert.Null(placement.NodeName);
        Assert.Equal(
            "0/4 nodes are available: 1 Insufficient nvidia.com/gpu, 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint {team: other}, 1 node(s) were unschedulable.",
            placement.Message);
    }

    [Fact]
    public void Pods_spread_to_the_emptiest_node()
    {
        var bound = new Pod { Metadata = new() { Name = "x" }, Spec = Wants(2).Spec! with { NodeName = "a" }, Status = new() { Phase = "Running" } };

        var placement = NodeFit.Place(Wants(2), [Room("a", 4, pods: [bound]), Room("b", 4)]);

        Assert.Equal("b", placement.NodeName);
    }

    [Theory]
    [InlineData("Running", null, false)]
    [InlineData("Succeeded", null, true)]
    [InlineData("Failed", null, true)]
    [InlineData("Running", "2026-01-01T00:00:00Z", false)]
    public void Pod_holds_its_gpus_until_it_has_ended_even_while_it_is_deleted(string phase, string? deleted, bool fits)
    {
        var bound = new Pod
        {
            Metadata = new() { Name = "x", DeletionTimestamp = deleted is null ? null : DateTimeOffset.Parse(deleted, System.Globalization.CultureInfo.InvariantCulture) },
            Spec = Wants(3).Spec! with { NodeName = "a" },
            Status = new() { Phase = phase },
        };

        Assert.Equal(fits, NodeFit.Place(Wants(2), [Room("a", 4, pods: [bound])]).NodeName == "a");
    }

    [Fact]
    public void Required_node_affinity_is_kept()
    {
        var affinity = JsonSerializer.Deserialize<JsonElement>(
            """{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"nvidia.com/gpu.product","operator":"In","values":["H100"]}]}]}}}""");
        var pod = new Pod { Spec = new() { Affinity = affinity } };

        Assert.Equal("h", NodeFit.Place(pod, [Room("a", 8, product: "A100"), Room("h", 1, product: "H100")]).NodeName);
    }

    private static Pod Wants(int gpus) => new()
    {
        Metadata = new() { Name = "wants" },
        Spec = new()
        {
            NodeSelector = new Dictionary<string, string> { ["nvidia.com/gpu.product"] = "H100" },
            Containers = [new() { Name = "main", Resources = new() { Limits = new Dictionary<string, string> { ["nvidia.com/gpu"] = $"{gpus}" } } }],
        },
    };

    private static NodeRoom Room(string name, int gpus, string product = "H100", IReadOnlyList<Pod>? pods = null, Func<Node, Node>? change = null)
    {
        var node = new Node
        {
            Metadata = new() { Name = name, Labels = new Dictionary<string, string> { ["nvidia.com/gpu.product"] = product } },
            Status = new() { Allocatable = new Dictionary<string, string> { ["nvidia.com/gpu"] = $"{gpus}", ["pods"] = "110" } },
        };
        return NodeFit.Room(change?.Invoke(node) ?? node, pods ?? []);
    }
}
