using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering.Capacity;
using Xunit;

namespace LlmOps.Operator.Tests.Gathering.Capacity;

public sealed class ClaimTests
{
    private static readonly PodSpec Template = new();

    [Theory]
    [InlineData("Surge", true, null, 0, 4)]
    [InlineData("Surge", true, 2, 0, 2)]
    [InlineData("TakeFromStable", true, 0, 1, 1)]
    [InlineData("TakeFromStable", true, 1, 2, 3)]
    [InlineData("Recreate", true, null, 0, 4)]
    [InlineData("Auto", false, 0, 0, 0)]
    [InlineData("Surge", false, null, 0, 1)]
    public void A_plan_promises_what_the_candidate_counts_on_up_to_promotion(string plan, bool fits, int? surge, int given, int promised)
    {
        var status = Status(new CapacityStatus { Plan = plan, Fits = fits, GpusPerReplica = 1, SurgeReplicas = surge, GivenPerReplica = 1, GivenReplicas = given, Message = "numbers", Time = DateTimeOffset.UnixEpoch }, asked: fits || plan == "Surge" ? 1 : 0);
        var claim = Of(status, Pods("s1", 4)).SingleOrDefault();
        Assert.Equal(promised, claim?.Unbound ?? 0);
    }

    [Fact]
    public void Pods_that_have_a_node_are_no_promise_any_more_and_those_that_exist_are_in_the_quota()
    {
        var status = Status(new CapacityStatus { Plan = "Surge", Fits = true, GpusPerReplica = 1, Message = "numbers", Time = DateTimeOffset.UnixEpoch }, asked: 3);
        var claim = Assert.Single(Of(status, [.. Pods("s1", 4), .. Pods("s2", 1), .. Pods("s2", 2, bound: false)]));
        Assert.Equal((3, 1), (claim.Unbound, claim.Uncreated));
    }

    [Fact]
    public void Stable_keeps_a_claim_on_replicas_that_have_no_node() => Assert.Equal(1, Assert.Single(Of(Status(null, asked: 0) with { Candidate = null }, Pods("s1", 3))).Unbound);

    [Fact]
    public void A_prompt_on_stables_pods_claims_nothing()
    {
        var status = Status(null, asked: 4);
        Assert.Empty(Of(status with { Candidate = status.Candidate! with { ServingHash = "s1" } }, Pods("s1", 4)));
    }

    private static IEnumerable<Claim> Of(LlmDeploymentStatus status, IReadOnlyList<Pod> pods)
    {
        var deployment = Samples.Canary("v1", replicas: 4) with { Status = status };
        return Claims.Of(deployment, pods.ToLookup(pod => pod.Metadata.Labels![Labels.Serving]), pod => pod.Spec!.NodeName is not null, _ => Template);
    }

    private static LlmDeploymentStatus Status(CapacityStatus? room, int asked) => new()
    {
        Stable = new ReleaseStatus { Release = "r1", ServingHash = "s1", PromptHash = "p", Service = "bot-s1", Weight = 100, Replicas = 4 },
        Candidate = new ReleaseStatus { Release = "r2", ServingHash = "s2", PromptHash = "p", Service = "bot-s2", Weight = 0, Replicas = asked },
        Rollout = new RolloutStatus { Id = "0a1b2c3d", Release = "r2", Phase = "Starting", Capacity = room },
    };

    private static List<Pod> Pods(string serving, int count, bool bound = true) =>
    [
        .. Enumerable.Range(0, count).Select(i => new Pod
        {
            Metadata = new ObjectMeta { Name = $"{serving}-{bound}-{i}", Namespace = "default", Labels = new Dictionary<string, string> { [Labels.Serving] = serving } },
            Spec = new PodSpec { NodeName = bound ? "n1" : null },
        }),
    ];
}
