using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Demo.Stories;

/// <summary>A new model revision passes its gate, gets 5, 25, 50 % and all, and takes over by role swap: no model is loaded twice.</summary>
public sealed class BetterModel : Story
{
    public override string Title => "a better model";

    public override IReadOnlyList<string> Manifests => ["2-better-model.yaml"];

    protected override string Expected => "Promoted";

    protected override async Task<RolloutStatus> FollowAsync(Stage stage, LlmDeploymentStatus before, DateTimeOffset started, Report report, CancellationToken ct)
    {
        var end = await EndAsync(stage, before, ct);
        var rollout = end.Status!.Rollout!;
        var stable = end.Status.Stable!;
        report.Require(rollout.Phase == "Promoted", $"ended as {rollout.Phase}: {rollout.Message}");
        report.Require(stable.Release == rollout.Release, $"stable is {stable.Release}, not {rollout.Release}");
        var weights = WeightsSeen(stage, started, rollout.Release);
        report.Require(weights.SequenceEqual([0, 5, 25, 50]), $"weights were {string.Join(", ", weights)}, not 0, 5, 25, 50");
        report.Require(GatePassedBeforeTraffic(stage, started, rollout.Release), "traffic came before the gate's verdict");

        var pods = PodsOf(stage, stable.ServingHash);
        report.Require(pods.Count == Samples.Replicas, $"{pods.Count} pods of the release were made for {Samples.Replicas} replicas: a model was loaded twice");
        report.Require(pods.All(p => p.Metadata.CreationTimestamp <= end.SeenAt), "pods of the release were made after the promotion");
        await stage.Recorder.WaitAsync("the old release's pods to go", s => s.Retiring is null or { Count: 0 }, Limit, ct);
        report.Require(PodsOf(stage, stable.ServingHash).Count == Samples.Replicas, "the promotion made further pods");
        report.Fact($"weights {string.Join(" → ", weights)} → 100 % in {(end.SeenAt - started).TotalSeconds:0} s");
        report.Fact($"the candidate's {Samples.Replicas} pods became stable; none was loaded twice");
        return rollout;
    }

    private static IReadOnlyList<Pod> PodsOf(Stage stage, string servingHash) =>
        [.. stage.Recorder.Pods.Where(p => p.Metadata.Labels?.GetValueOrDefault(Labels.Serving) == servingHash)];

    private static bool GatePassedBeforeTraffic(Stage stage, DateTimeOffset started, string release) =>
        stage.Recorder.Since(started)
            .Where(s => s.Status?.Candidate is { Weight: > 0 } candidate && candidate.Release == release)
            .All(s => s.Status!.Rollout!.Verdicts?.Any(v => v.Name == "gate/support-quality" && v.Verdict == Verdicts.Pass) == true);
}
