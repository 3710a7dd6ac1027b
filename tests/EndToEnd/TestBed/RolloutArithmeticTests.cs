using LlmOps.Kubernetes;
using LlmOps.LocalCluster.Nodes.Workloads;
using Xunit;

namespace LlmOps.EndToEnd.TestBed;

public sealed class RolloutArithmeticTests
{
    [Theory]
    [InlineData("25%", "25%", 4, 1, 1)]
    [InlineData("25%", "25%", 1, 1, 0)]
    [InlineData("0", "0", 3, 0, 1)]
    [InlineData("100%", "0%", 3, 3, 0)]
    public void Surge_rounds_up_and_unavailable_rounds_down(string surge, string unavailable, int desired, int maxSurge, int maxUnavailable)
    {
        static IntOrString Value(string text) => int.TryParse(text, out var number) ? number : text;

        var bounds = RolloutArithmetic.Bounds(new() { MaxSurge = Value(surge), MaxUnavailable = Value(unavailable) }, desired);

        Assert.Equal((maxSurge, maxUnavailable), bounds);
    }

    [Fact]
    public void Old_pods_that_are_ready_stay_while_new_ones_are_not_available()
    {
        // 4 wanted, surge 1, unavailable 0: one new pod is made, and nothing old goes before it is available.
        Assert.Equal(1, RolloutArithmetic.NewSize(4, 1, new(0, 0), oldReplicas: 4));
        Assert.Equal([4], RolloutArithmetic.OldSizes(4, 0, new(1, 0), [new(4, 4)]));
        Assert.Equal([3], RolloutArithmetic.OldSizes(4, 0, new(1, 1), [new(4, 4)]));
    }

    [Fact]
    public void Old_pods_that_are_broken_go_first()
    {
        // A release that never started stands beside the good one: its two broken pods go, the good ones stay.
        Assert.Equal([3, 0], RolloutArithmetic.OldSizes(4, 1, new(0, 0), [new(3, 3), new(2, 0)]));
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(0, 1)]
    [InlineData(2, 1)]
    public void Every_rollout_ends_and_never_breaks_its_bounds(int maxSurge, int maxUnavailable)
    {
        const int Desired = 5;
        var (current, old) = (new ReplicaSetSize(0, 0), new ReplicaSetSize(Desired, Desired));
        for (var step = 0; step < 50 && (current.Available < Desired || old.Replicas > 0); step++)
        {
            current = current with { Replicas = RolloutArithmetic.NewSize(Desired, maxSurge, current, old.Replicas) };
            var left = RolloutArithmetic.OldSizes(Desired, maxUnavailable, current, [old])[0];
            old = new(left, Math.Min(old.Available, left));
            Assert.True(current.Replicas + old.Replicas <= Desired + maxSurge, $"too many pods: {current}, {old}");
            Assert.True(current.Available + old.Available >= Desired - maxUnavailable, $"too few available: {current}, {old}");
            current = current with { Available = current.Replicas };
        }

        Assert.Equal((new(Desired, Desired), new(0, 0)), (current, old));
    }
}
