using System.Text.Json;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering.Capacity;
using LlmOps.Rollouts;
using Xunit;

namespace LlmOps.Operator.Tests.Gathering.Capacity;

/// <summary>The arithmetic, case by case: which nodes count, what is free there, what others were promised, what a quota leaves.</summary>
public sealed class CapacityFactsTests
{
    private const string Gpu = "nvidia.com/gpu";
    private static readonly ObjectKey Bot = new("default", "bot");

    [Fact]
    public void What_fits_is_counted_per_node_and_not_over_their_sum()
    {
        var cluster = new FakeCluster().Node("n1", 3).Node("n2", 3).Node("n3", 2);
        Assert.Equal([3], Fits(cluster, gpus: 2));
        Assert.Equal([0], Fits(cluster, gpus: 4));
        Assert.Equal([8], Fits(cluster, gpus: 1, wanted: 9));
    }

    [Fact]
    public void The_sentence_says_what_there_is_who_holds_it_and_the_largest_block()
    {
        var cluster = new FakeCluster().Node("n1", 4).Node("n2", 2).Node("n3", 2)
            .Pod("a-1", "n1", 4, holder: new("default", "a")).Pod("other", "n2", 1).Pod("secret-1", "n3", 2, holder: new("team-x", "secret"));
        Assert.Equal(
            "a replica needs 2 nvidia.com/gpu; 3 schedulable nodes have 8, of which 7 are held: 4 by LlmDeployment a, 2 by LlmDeployments of other namespaces, 1 by other pods; largest free block 1",
            Observe(cluster, Question(gpus: 2)).Arithmetic);
    }

    [Theory]
    [InlineData("unschedulable", "1 cordoned")]
    [InlineData("not-ready", "1 not ready")]
    [InlineData("NoSchedule", "1 tainted dedicated=batch:NoSchedule")]
    [InlineData("NoExecute", "1 tainted dedicated=batch:NoExecute")]
    [InlineData("PreferNoSchedule", null)]
    [InlineData("ready", null)]
    public void Nodes_that_take_no_new_pods_do_not_count(string state, string? why)
    {
        var node = FakeCluster.NewNode("n1", 4) with
        {
            Spec = new NodeSpec
            {
                Unschedulable = state == "unschedulable",
                Taints = state.Contains("No", StringComparison.Ordinal) ? [new Taint { Key = "dedicated", Value = "batch", Effect = state }] : null,
            },
        };
        node = node with { Status = node.Status! with { Conditions = [new NodeCondition { Type = "Ready", Status = state == "not-ready" ? "Unknown" : "True" }] } };
        var facts = Observe(new FakeCluster().Node(node), Question(gpus: 1, wanted: 4));
        Assert.Equal(why is null ? [4] : [0], facts.Fits);
        if (why is not null)
            Assert.Contains($"0 schedulable nodes have 0, of which 0 are held; largest free block 0; 1 further node is not for this pod ({why})", facts.Arithmetic, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dedicated", "Equal", "batch", "NoSchedule", true)]
    [InlineData("dedicated", null, "batch", null, true)]
    [InlineData("dedicated", "Exists", null, null, true)]
    [InlineData(null, "Exists", null, null, true)]
    [InlineData("dedicated", "Equal", "other", null, false)]
    [InlineData("dedicated", "Exists", null, "NoExecute", false)]
    [InlineData("other", "Exists", null, null, false)]
    public void A_taint_is_tolerated_by_key_value_and_effect(string? key, string? op, string? value, string? effect, bool expected)
    {
        var node = FakeCluster.NewNode("n1", 1) with { Spec = new NodeSpec { Taints = [new Taint { Key = "dedicated", Value = "batch", Effect = "NoSchedule" }] } };
        var pod = Pod(1) with { Tolerations = [new Toleration { Key = key, Operator = op, Value = value, Effect = effect }] };
        Assert.Equal(expected ? null : "tainted dedicated=batch:NoSchedule", NodeMatch.Obstacle(pod, node));
    }

    [Theory]
    [InlineData("""[{"key":"zone","operator":"In","values":["a","b"]}]""", true)]
    [InlineData("""[{"key":"zone","operator":"NotIn","values":["a"]}]""", false)]
    [InlineData("""[{"key":"zone","operator":"Exists"},{"key":"spot","operator":"DoesNotExist"}]""", true)]
    [InlineData("""[{"key":"zone","operator":"Exists"},{"key":"spot","operator":"Exists"}]""", false)]
    [InlineData("""[{"key":"memory-gb","operator":"Gt","values":["79"]}]""", true)]
    [InlineData("""[{"key":"memory-gb","operator":"Lt","values":["80"]}]""", false)]
    [InlineData("""[{"key":"memory-gb","operator":"Gt","values":["many"]}]""", false)]
    [InlineData("[]", false)]
    public void Required_node_affinity_selects_nodes(string expressions, bool expected)
    {
        var node = FakeCluster.NewNode("n1", 1, ("zone", "a"), ("memory-gb", "80"));
        const string Affinity = """{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":EXPRESSIONS}]}}}""";
        var affinity = JsonElement.Parse(Affinity.Replace("EXPRESSIONS", expressions, StringComparison.Ordinal));
        Assert.Equal(expected, NodeMatch.Obstacle(Pod(1) with { Affinity = affinity }, node) is null);
    }

    [Fact]
    public void One_term_of_several_is_enough_and_the_node_selector_must_hold_too()
    {
        var node = FakeCluster.NewNode("n1", 1, ("nvidia.com/gpu.product", "H100"));
        var pod = Pod(1) with
        {
            Affinity = JsonElement.Parse("""{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"no","operator":"Exists"}]},{"matchFields":[{"key":"metadata.name","operator":"In","values":["n1"]}]}]}}}"""),
            NodeSelector = new Dictionary<string, string> { ["nvidia.com/gpu.product"] = "H100" },
        };
        Assert.Null(NodeMatch.Obstacle(pod, node));
        Assert.Equal("not selected", NodeMatch.Obstacle(pod with { NodeSelector = new Dictionary<string, string> { ["nvidia.com/gpu.product"] = "A100" } }, node));
    }

    [Fact]
    public void A_pod_takes_what_its_init_containers_ask_for_more_its_sidecars_and_its_overhead_whosever_it_is()
    {
        var own = Demand.Of(new PodSpec
        {
            Containers = [new Container { Name = "engine", Resources = Requests(1) }, new Container { Name = "other" }],
            InitContainers = [new Container { Name = "first", Resources = Requests(3) }, new Container { Name = "sidecar", Resources = Requests(1), RestartPolicy = "Always" }],
            Overhead = new Dictionary<string, string> { ["cpu"] = "250m" },
        });
        var foreign = Demand.Of(new BoundPod
        {
            Spec = new BoundPodSpec
            {
                Containers = [new BoundContainer { Resources = Requests(1) }, new BoundContainer()],
                InitContainers = [new BoundContainer { Resources = Requests(3) }, new BoundContainer { Resources = Requests(1), RestartPolicy = "Always" }],
                Overhead = new Dictionary<string, string> { ["cpu"] = "250m" },
            },
        });
        Assert.Equal((3, 0.25m, 1), (own[Gpu], own["cpu"], own[Demand.PodSlots]));
        Assert.Equal(own, foreign);
    }

    [Fact]
    public void Memory_counts_where_it_is_requested_and_the_sentence_names_it()
    {
        var cluster = new FakeCluster().Node(FakeCluster.NewNode("n1", 8) with
        {
            Status = new NodeStatus { Allocatable = new Dictionary<string, string> { [Gpu] = "8", ["memory"] = "200Gi", ["pods"] = "110" } },
        }).Pod("other", "n1", 1, memory: "100Gi");
        var pod = Pod(1, memory: "64Gi");
        Assert.Equal([1], Observe(cluster, Question(pod: pod, wanted: 4)).Fits);
        Assert.Contains("1 node with free nvidia.com/gpu lacks memory", Observe(cluster, Question(pod: Pod(1, memory: "128Gi"))).Arithmetic, StringComparison.Ordinal);
    }

    [Fact]
    public void Stables_replicas_are_taken_off_one_by_one_those_on_a_shared_node_first()
    {
        var cluster = new FakeCluster().Node("n1", 2).Node("n2", 1).Pod("bot-1", "n2", 1, holder: Bot).Pod("bot-2", "n1", 1, holder: Bot).Pod("bot-3", "n1", 1, holder: Bot);
        var question = Question(gpus: 1, wanted: 3, stable: 3, stablePods: ["bot-1", "bot-2", "bot-3"]);
        Assert.Equal([0, 1, 2, 3], Observe(cluster, question).Fits);
        Assert.Equal([0, 0, 1, 1], Observe(cluster, question with { Candidate = Pod(2) }).Fits);
    }

    [Fact]
    public void A_replica_of_stable_without_a_node_comes_before_the_candidate()
    {
        var cluster = new FakeCluster().Node("n1", 3).Pod("bot-1", "n1", 1, holder: Bot);
        Assert.Equal([0, 1, 2, 3], Observe(cluster, Question(gpus: 1, wanted: 3, stable: 3, stablePods: ["bot-1"])).Fits);
    }

    [Fact]
    public void The_candidates_own_pods_and_those_that_retire_do_not_stand_in_its_way()
    {
        var cluster = new FakeCluster().Node("n1", 2).Pod("bot-old", "n1", 1, holder: Bot).Pod("bot-1", "n1", 1, holder: Bot);
        var old = new Pod { Metadata = new ObjectMeta { Name = "bot-old", Namespace = "default" }, Spec = Pod(1) };
        Assert.Equal([1, 2], Observe(cluster, Question(gpus: 1, wanted: 2, stable: 1, stablePods: ["bot-1"]) with { LeavingPods = [old] }).Fits);
    }

    [Fact]
    public void What_another_rollout_was_promised_is_not_free()
    {
        var cluster = new FakeCluster().Node("n1", 4).Node("n2", 4).Claim(new("default", "a"), Pod(4), 1).Claim(new("default", "huge"), Pod(8), 3);
        var facts = Observe(cluster, Question(gpus: 4, wanted: 2));
        Assert.Equal([1], facts.Fits);
        Assert.Contains("of which 0 are held; 4 more are promised: 4 by LlmDeployment a; largest free block 4", facts.Arithmetic, StringComparison.Ordinal);
    }

    [Fact]
    public void A_promise_goes_to_the_fullest_node_where_it_fits()
    {
        var cluster = new FakeCluster().Node("n1", 8).Node("n2", 2).Claim(new("default", "a"), Pod(2), 1);
        Assert.Equal([1], Fits(cluster, gpus: 8));
    }

    [Theory]
    [InlineData("requests.nvidia.com/gpu", "4", "3", 1)]
    [InlineData("pods", "10", "10", 0)]
    [InlineData("count/pods", "10", "8", 2)]
    [InlineData("limits.memory", "100Gi", "0", 1)]
    [InlineData("requests.memory", "200Gi", "10Gi", 2)]
    [InlineData("memory", "64Gi", "0", 1)]
    [InlineData("requests.amd.com/gpu", "0", "0", 4)]
    [InlineData("services", "0", "0", 4)]
    public void A_quota_of_the_namespace_bounds_what_fits(string resource, string hard, string used, int fits)
    {
        var cluster = new FakeCluster().Node("n1", 8).Quota("team", resource, hard, used);
        Assert.Equal([fits], Observe(cluster, Question(pod: Pod(1, memory: "64Gi"), wanted: 4)).Fits);
    }

    [Fact]
    public void A_quota_gets_back_what_stable_gives_and_is_named_in_the_sentence()
    {
        var cluster = new FakeCluster().Node("n1", 8).Pod("bot-1", "n1", 2, holder: Bot).Pod("bot-2", "n1", 2, holder: Bot).Quota("team", "requests.nvidia.com/gpu", "5", "4");
        var facts = Observe(cluster, Question(gpus: 2, wanted: 2, stable: 2, stablePods: ["bot-1", "bot-2"]));
        Assert.Equal([0, 1, 2], facts.Fits);
        Assert.EndsWith("; ResourceQuota team leaves 1 of 5 requests.nvidia.com/gpu", facts.Arithmetic, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Terminating", null, 4)]
    [InlineData("BestEffort", null, 4)]
    [InlineData("NotTerminating", null, 0)]
    [InlineData(null, "high", 0)]
    [InlineData(null, "low", 4)]
    public void A_quota_with_a_scope_bounds_only_pods_in_it(string? scope, string? priority, int fits)
    {
        var cluster = new FakeCluster().Node("n1", 8).Quota("team", "pods", "0", "0", new ResourceQuotaSpec
        {
            Scopes = scope is null ? null : [scope],
            ScopeSelector = priority is null ? null : new QuotaScopeSelector { MatchExpressions = [new QuotaScopeExpression { ScopeName = "PriorityClass", Operator = "In", Values = [priority] }] },
        });
        Assert.Equal([fits], Observe(cluster, Question(pod: Pod(1) with { PriorityClassName = "high" }, wanted: 4)).Fits);
    }

    private static EquatableArray<int> Fits(FakeCluster cluster, int gpus, int wanted = 4) => Observe(cluster, Question(gpus, wanted)).Fits;

    private static CapacityObservation Observe(FakeCluster cluster, CapacityQuestion question) => CapacityFacts.Observe("s2", question, cluster.Facts);

    private static CapacityQuestion Question(int gpus = 1, int wanted = 4, int stable = 0, string[]? stablePods = null, PodSpec? pod = null) => new()
    {
        Deployment = Bot,
        Candidate = pod ?? Pod(gpus),
        Resource = Gpu,
        Wanted = wanted,
        Stable = stable > 0 ? Pod(gpus) : null,
        StableReplicas = stable,
        StablePods = (stablePods ?? []).Select(name => new ObjectKey("default", name)).ToHashSet(),
    };

    private static PodSpec Pod(int gpus, string? memory = null) => new() { Containers = [new Container { Name = "engine", Resources = Requests(gpus, memory) }] };

    private static ResourceRequirements Requests(int gpus, string? memory = null)
    {
        var amounts = new Dictionary<string, string> { [Gpu] = $"{gpus}" };
        if (memory is not null)
            amounts["memory"] = memory;
        return new() { Requests = amounts, Limits = amounts };
    }

    /// <summary>A cluster on paper.</summary>
    private sealed class FakeCluster
    {
        private readonly List<Node> nodes = [];
        private readonly List<(string Node, LoadedPod Pod)> pods = [];
        private readonly List<ResourceQuota> quotas = [];
        private readonly List<Claim> claims = [];

        public ClusterFacts Facts => new()
        {
            Nodes = [.. nodes.Select(node => NodeLoad.Of(node, pods.Where(pod => pod.Node == node.Metadata.Name).Select(pod => pod.Pod)))],
            Quotas = quotas,
            Claims = claims,
        };

        public static Node NewNode(string name, int gpus, params (string Key, string Value)[] labels) => new()
        {
            Metadata = new ObjectMeta { Name = name, Labels = labels.ToDictionary(label => label.Key, label => label.Value) },
            Status = new NodeStatus { Allocatable = new Dictionary<string, string> { [Gpu] = $"{gpus}", ["pods"] = "110" } },
        };

        public FakeCluster Node(string name, int gpus) => Node(NewNode(name, gpus));

        public FakeCluster Node(Node node)
        {
            nodes.Add(node);
            return this;
        }

        public FakeCluster Pod(string name, string node, int gpus, ObjectKey? holder = null, string? memory = null)
        {
            var spec = new PodSpec { Containers = [new Container { Name = "engine", Resources = Requests(gpus, memory) }] };
            pods.Add((node, new(new(holder?.Namespace ?? "default", name), holder, Demand.Of(spec), DateTimeOffset.MinValue)));
            return this;
        }

        public FakeCluster Claim(ObjectKey holder, PodSpec pod, int replicas)
        {
            claims.Add(new(holder, pod, replicas, replicas));
            return this;
        }

        public FakeCluster Quota(string name, string resource, string hard, string used, ResourceQuotaSpec? spec = null)
        {
            quotas.Add(new ResourceQuota
            {
                Metadata = new ObjectMeta { Name = name, Namespace = "default" },
                Spec = spec,
                Status = new ResourceQuotaStatus { Hard = new Dictionary<string, string> { [resource] = hard }, Used = new Dictionary<string, string> { [resource] = used } },
            });
            return this;
        }
    }
}
