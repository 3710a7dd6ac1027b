using System.Diagnostics;
using LlmOps.Kubernetes;
using LlmOps.Operator.Tests.World;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Access;

/// <summary>Spans are the operator's own affair: engines, which run images of others, are told nothing of them.</summary>
public sealed class TraceIdTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Engines_do_not_learn_the_trace_in_which_they_are_asked()
    {
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == KubernetesTracing.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(listener);
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);

        Assert.True(world.Engine.Generations > 0, "no engine was asked");
        Assert.Empty(world.Engine.Traced);
    }
}
