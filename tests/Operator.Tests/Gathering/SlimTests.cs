using System.Text.Json;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;
using LlmOps.Operator.Gathering.Capacity;
using Xunit;

namespace LlmOps.Operator.Tests.Gathering;

/// <summary>Whoever reads a slim object must come to what the whole one says.</summary>
public sealed class SlimTests
{
    private static readonly Pod Whole = JsonSerializer.Deserialize(
        """
        {
          "metadata": { "name": "pod", "namespace": "default", "uid": "u", "resourceVersion": "7", "labels": { "a": "b" } },
          "spec": {
            "nodeName": "n1", "priorityClassName": "high", "serviceAccountName": "engine",
            "nodeSelector": { "gpu": "a100" },
            "tolerations": [{ "key": "gpu", "operator": "Exists", "effect": "NoSchedule" }],
            "affinity": { "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": [{ "matchExpressions": [{ "key": "zone", "operator": "In", "values": ["z1"] }] }] } } },
            "volumes": [{ "name": "cache", "emptyDir": {} }],
            "containers": [
              { "name": "engine", "image": "vllm:1", "args": ["--model", "m"], "env": [{ "name": "A", "value": "b" }],
                "resources": { "requests": { "nvidia.com/gpu": "2", "cpu": "500m" }, "limits": { "nvidia.com/gpu": "2", "memory": "4Gi" } } },
              { "name": "proxy", "resources": { "requests": { "cpu": "1" } } }],
            "initContainers": [{ "name": "fetch", "image": "fetch:1", "resources": { "requests": { "cpu": "3" } } }]
          },
          "status": { "phase": "Pending", "conditions": [{ "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/2 nodes are available: 2 Insufficient nvidia.com/gpu." }] }
        }
        """,
        KubernetesJson.Default.Pod)!;

    [Fact]
    public void A_pod_keeps_what_it_requests_and_where_it_may_go()
    {
        var slim = Slim.Of(Whole);

        Assert.Equal(Demand.Of(Whole.Spec!).OrderBy(entry => entry.Key), Demand.Of(slim.Spec!).OrderBy(entry => entry.Key));
        Assert.Equal(Demand.InQuota(Whole.Spec!).OrderBy(entry => entry.Key), Demand.InQuota(slim.Spec!).OrderBy(entry => entry.Key));
        Assert.Equal(("high", "n1"), (slim.Spec!.PriorityClassName, slim.Spec.NodeName));
        foreach (var node in new[] { Node("a100", "z1"), Node("a100", "z2"), Node("l4", "z1"), Node("a100", "z1", taint: "gpu"), Node("a100", "z1", taint: "other") })
            Assert.Equal(NodeMatch.Obstacle(Whole.Spec!, node), NodeMatch.Obstacle(slim.Spec, node));
    }

    [Fact]
    public void A_pod_keeps_how_it_is()
    {
        var slim = Slim.Of(Whole);

        Assert.Equal((Whole.Metadata, Whole.Status), (slim.Metadata, slim.Status));
        Assert.Equal(
            PodFacts.FindProblem([Whole], (_, resource) => resource),
            PodFacts.FindProblem([slim], (_, resource) => resource));
        Assert.Equal(PodFacts.PhaseOf([Whole]), PodFacts.PhaseOf([slim]));
    }

    [Fact]
    public void A_pod_does_not_keep_what_runs_in_it()
    {
        var container = Slim.Of(Whole).Spec!.Containers[0];
        Assert.Equal((null, null, null), (container.Image, container.Args, container.Env));
        Assert.Null(Slim.Of(Whole).Spec!.Volumes);
    }

    [Fact]
    public void A_deployment_keeps_all_that_is_wanted_of_it()
    {
        var deployment = new Deployment { Metadata = new() { Name = "d" }, Spec = new() { Replicas = 2, Template = new() { Spec = Whole.Spec } }, Status = new() { Replicas = 2 } };
        Assert.Equal(JsonSerializer.Serialize(deployment with { Status = null }, Deployment.JsonType), JsonSerializer.Serialize(Slim.Of(deployment), Deployment.JsonType));
        Assert.Equal("a100", Slim.Of(deployment).Spec!.Template!.Spec!.NodeSelector!["gpu"]);
    }

    [Fact]
    public void A_snapshot_keeps_its_data_to_the_byte()
    {
        var revision = JsonSerializer.Deserialize("""{"metadata":{"name":"r"},"data":{"release":{"model":"größer"},"n":1.50,"again":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},"revision":3}""", ControllerRevision.JsonType)!;
        Assert.Equal(JsonSerializer.Serialize(revision, ControllerRevision.JsonType), JsonSerializer.Serialize(Slim.Of(revision), ControllerRevision.JsonType));
    }

    private static Node Node(string gpu, string zone, string? taint = null) => new()
    {
        Metadata = new() { Name = "n", Labels = new Dictionary<string, string> { ["gpu"] = gpu, ["zone"] = zone } },
        Spec = new() { Taints = taint is null ? null : [new Taint { Key = taint, Effect = "NoSchedule" }] },
    };
}
