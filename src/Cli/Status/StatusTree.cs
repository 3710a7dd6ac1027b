using System.Globalization;
using LlmOps.Api;
using LlmOps.Cli.Output;
using LlmOps.Kubernetes;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace LlmOps.Cli.Status;

/// <summary>An LlmDeployment as a tree: releases with their pods, the rollout with its stages and gates, what somebody has to mend. Pure.</summary>
internal static class StatusTree
{
    private static readonly Style Grey = new(Color.Grey);

    /// <param name="picture">What is shown.</param>
    /// <param name="now">The time that ages count to.</param>
    /// <param name="plain">ASCII alone.</param>
    public static IRenderable Of(Picture picture, DateTimeOffset now, bool plain)
    {
        var deployment = picture.Deployment;
        var status = deployment.Status;
        var tree = new Tree(Words.Line(
            (deployment.Metadata.Name, new Style(decoration: Decoration.Bold)),
            ($"namespace {deployment.Metadata.Namespace}", Grey),
            (status?.Phase ?? "not seen by the operator yet", Words.StyleOf(status?.Phase))))
        { Guide = plain ? TreeGuide.Ascii : TreeGuide.Line };
        if (status?.Stable is { } stable)
            AddRelease(tree, Tracks.Stable, stable, picture, now);
        if (status?.Candidate is { } candidate)
            AddRelease(tree, Tracks.Candidate, candidate, picture, now);
        if (status?.Rollout is { } rollout)
            AddRollout(tree, picture, rollout, now, plain);
        foreach (var retiring in status?.Retiring ?? [])
            tree.AddNode(Words.Line(($"retiring {retiring.ServingHash}", null), ($"{retiring.Replicas} pods stay until {Times.Clock(retiring.Until)} ({Times.Distance(retiring.Until, now)})", Grey)));
        foreach (var failed in status?.FailedReleases ?? [])
            tree.AddNode(Words.Line(($"locked {failed.Release}", null), (failed.Reason, Words.StyleOf(Verdicts.Fail)), ($"{Times.Age(failed.Time, now)} ago", Grey)));
        if (status?.PausedBy is { } by)
            tree.AddNode(Words.Line(("paused", Words.StyleOf(Verdicts.Inconclusive)), ($"by {by}", null)));
        foreach (var trouble in Troubles(status))
            tree.AddNode(Words.Line(($"{trouble.Type} {trouble.Reason}:", Words.StyleOf(Verdicts.Fail)), (trouble.Message, null)));
        if (picture.Pods is null)
            tree.AddNode(Words.Dim("pods are not shown: you may not list them"));
        return tree;
    }

    private static void AddRelease(Tree tree, string track, ReleaseStatus release, Picture picture, DateTimeOffset now)
    {
        var node = tree.AddNode(Words.Line(
            (track, null),
            (release.Release, new Style(decoration: Decoration.Bold)),
            ($"{release.Weight}%", null),
            ($"{release.ReadyReplicas ?? 0}/{release.Replicas ?? 0} ready", (release.ReadyReplicas ?? 0) < (release.Replicas ?? 0) ? Words.StyleOf(Verdicts.Inconclusive) : null),
            (release.Mirror is { } mirror ? $"copies of {mirror.Percent}%" : null, null)));
        node.AddNode(Words.Dim(string.Join("  ", What(release))));
        foreach (var change in track == Tracks.Candidate ? release.Changes ?? [] : [])
            node.AddNode(Words.Plain(change));
        // A prompt-only release has no pods of its own.
        var others = track == Tracks.Candidate && picture.Deployment.Status?.Stable?.ServingHash == release.ServingHash;
        if (others)
            node.AddNode(Words.Dim("runs on the pods of stable"));
        foreach (var pod in (picture.Pods ?? []).Where(p => !others && p.Metadata.Labels?.GetValueOrDefault(Labels.Serving) == release.ServingHash).OrderBy(p => p.Metadata.Name, StringComparer.Ordinal))
            node.AddNode(PodLine.Of(pod, now));
    }

    private static IEnumerable<string> What(ReleaseStatus release)
    {
        if (release.Engine is { } engine)
            yield return engine;
        if (release.Model is { } model)
            yield return release.Revision is { } revision ? $"{model}@{revision}" : model;
        if (release.Prompt is { } prompt)
            yield return $"prompt {prompt}";
    }

    private static void AddRollout(Tree tree, Picture picture, RolloutStatus rollout, DateTimeOffset now, bool plain)
    {
        var since = rollout.IsOver() ? rollout.FinishedAt : rollout.StartedAt;
        var node = tree.AddNode(Words.Line(
            (rollout.Kind == "Rollback" ? "rollback" : "rollout", null),
            (rollout.Id, new Style(decoration: Decoration.Bold)),
            (rollout.Phase, Words.StyleOf(rollout.IsOver() ? rollout.Phase : DeploymentPhases.Progressing)),
            (rollout.Reason != rollout.Phase ? rollout.Reason : null, null),
            (since is { } time ? $"{Times.Age(time, now)}{(rollout.IsOver() ? " ago" : string.Empty)}" : null, Grey)));
        if (rollout.Message is { } message)
            node.AddNode(Words.Plain(message));
        foreach (var stage in Stages.Of(picture.Deployment))
            AddStage(node, stage, picture, rollout, now, plain);
    }

    private static void AddStage(TreeNode rollout, Stage stage, Picture picture, RolloutStatus status, DateTimeOffset now, bool plain)
    {
        var (mark, style) = Mark(stage.State, plain);
        var number = stage.Step >= 0 && stage.Step < (status.Steps ?? 0) ? string.Create(CultureInfo.InvariantCulture, $"{stage.Step + 1} ") : string.Empty;
        var lasted = stage.Time is { StartedAt: { } start } ? Times.Short((stage.Time.EndedAt ?? now) - start) : null;
        var node = rollout.AddNode(Words.Line(($"{mark} {number}{stage.Name}", style), (lasted, Grey)));
        foreach (var verdict in (status.Verdicts ?? []).Where(v => v.Step == stage.Step && stage.State != StageState.Pending).GroupBy(v => v.Name).Select(g => g.Last()))
            node.AddNode(Words.Line((verdict.Name, null), (verdict.Verdict, Words.StyleOf(verdict.Verdict)), (verdict.Message, Grey)));
        foreach (var run in stage.State == StageState.Current ? (picture.Runs ?? []).Where(r => r.Status?.Verdict is null) : [])
            node.AddNode(Words.Line(($"evalrun {run.Metadata.Name}", null), (run.Status?.Phase ?? "Pending", null), (run.Status?.Message, Grey)));
    }

    private static (string Mark, Style? Style) Mark(StageState state, bool plain) => state switch
    {
        StageState.Done => (plain ? "[x]" : "✔", Words.StyleOf(Verdicts.Pass)),
        StageState.Current => (plain ? "[>]" : "▶", Words.StyleOf(Verdicts.Inconclusive)),
        StageState.Failed => (plain ? "[!]" : "✖", Words.StyleOf(Verdicts.Fail)),
        _ => (plain ? "[ ]" : "○", Grey),
    };

    /// <summary>What somebody has to mend, each thing once.</summary>
    private static IEnumerable<Condition> Troubles(LlmDeploymentStatus? status) => (status?.Conditions ?? [])
        .Where(c => c is { Type: ConditionTypes.Stalled or ConditionTypes.Degraded, Status: "True" } or { Type: ConditionTypes.MetricsAvailable or ConditionTypes.CapacityAvailable or ConditionTypes.RouteAccepted, Status: "False" })
        .DistinctBy(c => (c.Reason, c.Message));
}
