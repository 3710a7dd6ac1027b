using System.Globalization;
using LlmOps.Api;
using LlmOps.Cli.Output;
using Spectre.Console;

namespace LlmOps.Cli.History;

/// <summary>One rollout that ended, with all that its record keeps.</summary>
internal static class RecordPage
{
    public static void Show(Session session, RolloutRecord known)
    {
        var (page, record, isRecorded) = (new Page(session), known.Spec, EndedRollouts.IsRecorded(known));
        page.Line(Words.Line(
            ($"rollout {record.Rollout} of {record.Deployment}", new Style(decoration: Decoration.Bold)),
            (record.Outcome, Words.StyleOf(record.Outcome)),
            (record.Reason != record.Outcome ? record.Reason : null, null)));
        page.Line(Words.Plain(record.Message));
        if (!isRecorded)
            page.Line(Words.Dim("There is no record of it: this is what the status keeps."));
        page.Facts(
            ("candidate", Name(record.Candidate)),
            ("stable", record.Stable is { } stable ? Name(stable) : isRecorded ? "none: a first release" : null),
            ("asked for by", record.Actor),
            ("promoted by", record.PromotedBy),
            ("started", Times.Point(record.StartedAt)),
            ("ended", $"{Times.Point(record.FinishedAt)}, after {Times.Short(record.FinishedAt - record.StartedAt)}"),
            ("traffic", string.Create(CultureInfo.InvariantCulture, $"{record.CandidateRequests} requests, at most {record.MaxWeight}%")),
            ("time to detect", record.TimeToDetect?.ToString()),
            ("time to revert", record.TimeToRevert?.ToString()),
            ("GPUs", record.Capacity?.Message));
        page.List("Changes", record.Candidate.Changes ?? []);
        Steps(page, record);
        Verdicts(page, record);
        Evaluations(page, record);
        page.List("Actions", (record.Actions ?? []).Select(a => $"{Times.Clock(a.Time)}  {a.Action} {a.Outcome}{(a.By is { } by ? $" by {by}" : string.Empty)}: {a.Message}"));
        page.List("Timeline", (record.Timeline ?? []).Select(t => $"{Times.Clock(t.Time)}  {t.Weight,3}%  {t.Reason}: {t.Message}"));
    }

    private static string Name(RecordedRelease release) =>
        string.Join("  ", new[] { release.Release, release.Engine, release.Revision is { } revision ? $"{release.Model}@{revision}" : release.Model, release.Prompt is { } prompt ? $"prompt {prompt}" : null }.OfType<string>());

    private static void Steps(Page page, RolloutRecordSpec record)
    {
        if (record.Steps is not { Count: > 0 } steps)
            return;
        var table = Words.Table("STEP", "WEIGHT", "STARTED", "TOOK");
        foreach (var step in steps)
            table.Row(step.Name, $"{step.Weight}%", step.StartedAt is { } start ? Times.Clock(start) : "never", step is { StartedAt: { } begin, EndedAt: { } end } ? Times.Short(end - begin) : null);
        page.Section("Steps", table);
    }

    private static void Verdicts(Page page, RolloutRecordSpec record)
    {
        if (record.Verdicts is not { Count: > 0 } verdicts)
            return;
        var table = Words.Table("TIME", "TEST", "VERDICT", "NUMBERS");
        foreach (var verdict in verdicts)
            table.Row(verdict.Time is { } time ? Times.Clock(time) : null, verdict.Name, verdict.Verdict, verdict.Message);
        page.Section("Verdicts", table);
    }

    private static void Evaluations(Page page, RolloutRecordSpec record) => page.List("Evaluations", (record.Evaluations ?? []).Select(e =>
        string.Create(CultureInfo.InvariantCulture, $"{e.Gate} {e.Verdict ?? "without a verdict"}, {e.Cases ?? 0} cases, {e.Tokens ?? 0} tokens, data set {e.DatasetDigest ?? "unknown"}: {e.Message}")));
}
