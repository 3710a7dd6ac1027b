using LlmOps.Bench.Reporting;

namespace LlmOps.Bench.Gateway;

/// <summary>Not measured yet.</summary>
internal static class GatewayPart
{
    public static Task<PartResult> RunAsync(BenchContext context, CancellationToken ct) => Task.FromResult(new PartResult("gateway", [], [], ["not built yet"]));
}
