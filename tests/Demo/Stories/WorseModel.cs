using LlmOps.Api;

namespace LlmOps.Demo.Stories;

/// <summary>Answers get worse: the gate fails at 0 %, no user request reaches the release, and it is locked.</summary>
public sealed class WorseModel : Story
{
    public override string Title => "a worse model";

    public override IReadOnlyList<string> Manifests => ["3-worse-model.yaml"];

    protected override string Expected => "Reverted";

    protected override async Task<RolloutStatus> FollowAsync(Stage stage, LlmDeploymentStatus before, DateTimeOffset started, Report report, CancellationToken ct)
    {
        var end = await EndAsync(stage, before, ct);
        var rollout = end.Status!.Rollout!;
        report.Require(rollout.Phase == "Reverted" && rollout.Reason == Reasons.GateFailed, $"ended as {rollout.Phase} ({rollout.Reason}): {rollout.Message}");
        report.Require(end.Status.Stable?.Release == before.Stable?.Release, "stable is another release than before");
        report.Require(end.Status.FailedReleases?.Any(f => f.Release == rollout.Release) == true, "the release is not locked");
        var weights = WeightsSeen(stage, started, rollout.Release);
        report.Require(weights.All(w => w == 0), $"the release had weight {weights.DefaultIfEmpty().Max()} %");
        var answered = stage.Load.Statistics.ByRelease.GetValueOrDefault(rollout.Release);
        report.Require(answered == 0, $"{answered} user requests were answered by the release");
        report.Fact($"gate failed after {(end.SeenAt - started).TotalSeconds:0} s at 0 %: {rollout.Message}");
        report.Fact($"{answered} user requests reached it; the release is locked");
        return rollout;
    }
}
