using System.Globalization;
using LlmOps.Api;
using LlmOps.Demo.Load;
using LlmOps.Demo.Stories;
using LlmOps.Kubernetes;
using Spectre.Console;

namespace LlmOps.Demo.View;

/// <summary>
/// What happens, as it happens: releases, weights, step, verdicts, replicas, and what users see per track. A table that is redrawn on a
/// terminal; one line per change where the output is not a terminal.
/// </summary>
public sealed class LiveView(DeploymentRecorder recorder, LoadStatistics load, TimeProvider time, IAnsiConsole console)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private string lastLine = string.Empty;

    /// <summary>Shows until the work is done; throws what the work throws.</summary>
    public async Task ShowAsync(string title, Task work, CancellationToken ct)
    {
        if (console.Profile.Capabilities.Ansi)
            await TableAsync(title, work, ct);
        else
            await LinesAsync(work, ct);
        await work;
    }

    private async Task TableAsync(string title, Task work, CancellationToken ct) =>
        await console.Live(Render(title)).StartAsync(async live =>
        {
            while (!work.IsCompleted)
            {
                live.UpdateTarget(Render(title));
                await Task.WhenAny(work, Task.Delay(Interval, time, ct));
            }

            live.UpdateTarget(Render(title));
        });

    private async Task LinesAsync(Task work, CancellationToken ct)
    {
        while (!work.IsCompleted)
        {
            Line();
            await Task.WhenAny(work, Task.Delay(Interval, time, ct));
        }

        Line();
    }

    private void Line()
    {
        var status = recorder.Latest?.Status;
        var rollout = status?.Rollout;
        var change = $"{rollout?.Phase} {rollout?.StepName}, candidate {Name(status?.Candidate)} at {status?.Candidate?.Weight ?? 0} %: {rollout?.Message}";
        var known = $"{rollout?.Phase} {rollout?.StepName} {status?.Candidate?.Release} {status?.Candidate?.Weight} {rollout?.Reason}";
        if (known == lastLine)
            return;
        lastLine = known;
        console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {time.GetUtcNow():HH:mm:ss.f}  {change}"));
    }

    private Table Render(string title)
    {
        var status = recorder.Latest?.Status;
        var table = new Table().Title($"[bold]{Markup.Escape(title)}[/]").Border(TableBorder.Rounded).Expand();
        foreach (var column in (string[])["track", "release", "weight", "ready", "requests/s", "failed", "TTFT p50", "TTFT p95"])
            table.AddColumn(column);
        AddTrack(table, Tracks.Stable, status?.Stable);
        AddTrack(table, Tracks.Candidate, status?.Candidate);
        var rollout = status?.Rollout;
        var verdicts = rollout?.Verdicts is { Count: > 0 } v ? string.Join("  ", v.TakeLast(4).Select(x => $"{x.Name} {x.Verdict}")) : "none yet";
        table.Caption(Markup.Escape($"{rollout?.Phase} {rollout?.StepName} · {rollout?.Message}\nverdicts: {verdicts} · {load.Total} requests, {load.Failures.Count} failed"));
        return table;
    }

    private void AddTrack(Table table, string track, ReleaseStatus? release)
    {
        var window = load.Recent(track);
        table.AddRow(
            track,
            Markup.Escape(Name(release)),
            release is null ? "" : $"{release.Weight} %",
            release is null ? "" : $"{release.ReadyReplicas ?? 0}/{release.Replicas ?? 0}",
            string.Create(CultureInfo.InvariantCulture, $"{window.RequestsPerSecond:0.0}"),
            window.Failures.ToString(CultureInfo.InvariantCulture),
            Milliseconds(window.TtftP50Seconds),
            Milliseconds(window.TtftP95Seconds));
    }

    private static string Name(ReleaseStatus? release) =>
        release is null ? "none" : $"{release.Release} ({release.Revision ?? release.Model}{(release.Prompt is { } prompt ? $", {prompt}" : "")})";

    private static string Milliseconds(double? seconds) => seconds is { } s ? string.Create(CultureInfo.InvariantCulture, $"{s * 1000:0} ms") : "";
}
