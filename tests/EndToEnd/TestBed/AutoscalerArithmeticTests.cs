using LlmOps.Kubernetes;
using LlmOps.LocalCluster.Nodes.Autoscaling;
using Xunit;

namespace LlmOps.EndToEnd.TestBed;

public sealed class AutoscalerArithmeticTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(new[] { 30.0 }, 0, 3)]
    [InlineData(new[] { 10.5, 10.0 }, 0, 2)]
    [InlineData(new[] { 2.0, 2.0, 2.0 }, 0, 1)]
    // A pod without a value counts as idle when scaling up, and as busy when scaling down.
    [InlineData(new[] { 30.0 }, 1, 3)]
    [InlineData(new[] { 1.0, 1.0 }, 1, 2)]
    public void Replicas_bring_the_average_to_the_target(double[] values, int missing, int desired) =>
        Assert.Equal(desired, AutoscalerArithmetic.Desired(values.Length + missing, values, missing, target: 10));

    [Fact]
    public void Scale_down_waits_until_the_highest_recommendation_of_the_window_has_passed()
    {
        var spec = new HorizontalPodAutoscalerSpec { MinReplicas = 1, MaxReplicas = 10, Behavior = new() { ScaleDown = new() { StabilizationWindowSeconds = 60 } } };
        Recommendation[] history = [new(Now.AddSeconds(-30), 5), new(Now, 1)];

        Assert.Equal(5, AutoscalerArithmetic.Limit(spec, 5, 1, history, [], Now));
        Assert.Equal(1, AutoscalerArithmetic.Limit(spec, 5, 1, [new(Now.AddSeconds(90), 1)], [], Now.AddSeconds(90)));
    }

    [Fact]
    public void Policies_count_what_was_scaled_in_their_period()
    {
        var spec = new HorizontalPodAutoscalerSpec
        {
            MinReplicas = 1,
            MaxReplicas = 20,
            Behavior = new() { ScaleUp = new() { Policies = [new() { Type = "Pods", Value = 2, PeriodSeconds = 60 }] } },
        };

        Assert.Equal(6, AutoscalerArithmetic.Limit(spec, 4, 20, [], [], Now));
        Assert.Equal(6, AutoscalerArithmetic.Limit(spec, 6, 20, [], [new(Now.AddSeconds(-30), 2)], Now));
        Assert.Equal(8, AutoscalerArithmetic.Limit(spec, 6, 20, [], [new(Now.AddSeconds(-61), 2)], Now));
    }

    [Theory]
    [InlineData("test_running", 3.5)]
    [InlineData("mapped", 3.5)]
    [InlineData("absent", null)]
    [InlineData("not_a_number", null)]
    public void Metric_is_the_sum_of_its_series_under_the_name_that_an_adapter_gives_it(string metric, double? sum)
    {
        const string Exposition = "# TYPE test:running gauge\ntest:running{model=\"a b\"} 3\ntest:running{model=\"}\"} 0.5\ntest:running_total 7\nnot_a_number NaN\n";
        using var metrics = new PodMetrics(new Dictionary<string, string> { ["mapped"] = "test:running" });

        Assert.Equal(sum, metrics.Sum(Exposition, metric));
    }
}
