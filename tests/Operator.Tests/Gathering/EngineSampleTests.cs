using LlmOps.Operator.Engines;
using LlmOps.Operator.Gathering;
using Xunit;

namespace LlmOps.Operator.Tests.Gathering;

/// <summary>What an engine says of itself, and what it does not say.</summary>
public sealed class EngineSampleTests
{
    private static readonly EngineMetrics Names = new("vllm:num_requests_running", "vllm:num_requests_waiting", null);

    [Theory]
    [InlineData("vllm:num_requests_running{engine=\"0\"} 3.0\nvllm:num_requests_waiting{engine=\"0\"} 2.0", 5)]
    [InlineData("vllm:num_requests_running 0\nvllm:num_requests_waiting 0 1760000000000", 0)]
    // One series an engine of a data-parallel group.
    [InlineData("vllm:num_requests_running{engine=\"0\"} 1\nvllm:num_requests_running{engine=\"1\"} 2\nvllm:num_requests_waiting{engine=\"0\",x=\"a} b\"} 4", 7)]
    // Names that only begin alike, and comments, are others.
    [InlineData("# HELP vllm:num_requests_running x\nvllm:num_requests_running_total 9\nvllm:num_requests_running 1\nvllm:num_requests_waiting 1", 2)]
    // What is missing, or no number, is unknown and not 0.
    [InlineData("vllm:num_requests_running 0", null)]
    [InlineData("", null)]
    [InlineData("vllm:num_requests_running NaN\nvllm:num_requests_waiting 0", null)]
    [InlineData("vllm:num_requests_running +Inf\nvllm:num_requests_waiting 0", null)]
    [InlineData("vllm:num_requests_running -1\nvllm:num_requests_waiting 0", null)]
    [InlineData("<html>not metrics</html>", null)]
    public void Requests_in_flight_are_those_that_run_and_those_that_wait(string exposition, int? expected) =>
        Assert.Equal(expected, EngineSample.Parse(exposition, Names).InFlight);

    [Fact]
    public void A_metric_that_the_engine_does_not_have_is_unknown() => Assert.Null(EngineSample.Parse("x 1", new EngineMetrics(null, "x", null)).InFlight);
}
