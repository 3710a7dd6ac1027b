using LlmOps.Api;

namespace LlmOps.Demo.Stories;

/// <summary>A new PromptVersion on the same pods: no pod is made, traffic splits by prompt, it is promoted.</summary>
public sealed class BetterPrompt : Story
{
    public override string Title => "a better prompt";

    public override IReadOnlyList<string> Manifests => ["prompt-1.1.0.yaml", "5-better-prompt.yaml"];

    public override string StartsFrom => "2-better-model.yaml";

    protected override string Expected => "Promoted";

    protected override async Task<RolloutStatus> FollowAsync(Stage stage, LlmDeploymentStatus before, DateTimeOffset started, Report report, CancellationToken ct)
    {
        var podsBefore = stage.Recorder.Pods.Select(p => p.Metadata.Uid).ToHashSet();
        var end = await EndAsync(stage, before, ct);
        var rollout = end.Status!.Rollout!;
        report.Require(rollout.Phase == "Promoted", $"ended as {rollout.Phase}: {rollout.Message}");
        report.Require(end.Status.Stable?.Release == rollout.Release, "stable is another release than the one that was tried");
        report.Require(end.Status.Stable?.ServingHash == before.Stable?.ServingHash, "the serving hash changed: this was not a change of the prompt alone");
        report.Require(end.Status.Stable?.Prompt == "support-1.1.0", $"stable's prompt is {end.Status.Stable?.Prompt}");
        var made = stage.Recorder.Pods.Count(p => !podsBefore.Contains(p.Metadata.Uid) && p.Metadata.Labels?.ContainsKey(Labels.Serving) == true);
        report.Require(made == 0, $"{made} new pods were made for a change of the prompt");
        var weights = WeightsSeen(stage, started, rollout.Release);
        report.Require(weights.SequenceEqual([0, 5, 25, 50]), $"weights were {string.Join(", ", weights)}, not 0, 5, 25, 50");
        var answered = stage.Load.Statistics.ByRelease.GetValueOrDefault(rollout.Release);
        report.Require(answered > 0, "no user request was answered with the new prompt before the promotion");
        report.Fact($"weights {string.Join(" → ", weights)} → 100 % in {(end.SeenAt - started).TotalSeconds:0} s on the same pods");
        report.Fact($"{made} new pods");
        return rollout;
    }
}
