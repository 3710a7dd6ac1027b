using LlmOps.Bench.Reporting;

namespace LlmOps.Bench.Revert;

/// <summary>Not measured yet.</summary>
internal static class RevertPart
{
    public static Task<PartResult> RunAsync(BenchContext context, CancellationToken ct) => Task.FromResult(new PartResult("revert", [], [], ["not built yet"]));
}
