using Xunit;

namespace LlmOps.Rollouts.Tests.Timelines;

/// <summary>Compares a decision with what a timeline expects of it.</summary>
internal static class Expectations
{
    public static void Compare(Expectation expected, RolloutState before, Decision decision)
    {
        var next = decision.Next;
        Same("phase", expected.Phase, next.Current?.Phase.ToString() ?? "none");
        Same("step", expected.Step, next.Current?.StepIndex);
        Same("weight", expected.Weight, next.CandidateWeightPercent);
        Same("serves", expected.Serves, decision.CandidateMayServe);
        Same("mirror", expected.Mirror, next.Mirror?.Percent ?? 0);
        Same("epoch", expected.Epoch, next.Current?.WeightEpoch);
        Same("stable", expected.Stable, next.Stable?.Hash ?? "none");
        Same("candidate", expected.Candidate, next.Candidate?.Hash ?? "none");
        Same("gate", expected.Gate, decision.Gates.Count == 0 ? "none" : Join(decision.Gates.Select(gate => $"{gate.Gate} #{gate.Attempt}")));
        Same("action", expected.Action, next.Actions.Count == 0 ? "none" : $"{next.Actions[^1].Name} {next.Actions[^1].Outcome}");
        Same("capacity", expected.Capacity, next.Current?.Capacity is { } room ? $"{room.Plan}, gave {room.Given}{(room.Fits ? "" : ", waits")}" : "none");
        Same("reason", expected.Reason, decision.Reason);
        Same("requeue", expected.Requeue is null or "none" ? expected.Requeue : $"{TimelineText.Time(expected.Requeue)}", decision.RequeueAfter?.ToString() ?? "none");
        Same("deadline", expected.Deadline is null or "none" ? expected.Deadline : $"{TimelineText.Time(expected.Deadline)}", (decision.Deadline - TimelineRunner.Start)?.ToString() ?? "none");
        Same("writes", expected.Writes, next != before);
        Same("pods", Join(expected.Pods?.OrderBy(pods => pods.Key, StringComparer.Ordinal).Select(pods => $"{pods.Key}={pods.Value}")), Join(decision.Pods.Select(pods => $"{pods.ServingHash}={pods.Replicas}")));
        Same("tells", Join(expected.Tells), Join(decision.Happenings.Select(happening => happening.Reason)));
        Same("locked", Join(expected.Locked), Join(next.Failed.Select(failed => failed.Hash)));
        Same("checks", Join(expected.Checks), Join(next.Current?.Checks.Select(check => $"{check.Name} {check.Verdict} {check.Failures}")));
        Same("verdicts", Join(expected.Verdicts), Join(next.Current?.Verdicts.Where(verdict => verdict.Name.StartsWith("check/", StringComparison.Ordinal)).Select(verdict => $"{verdict.Name} {verdict.Verdict}")));
        Same("history", Join(expected.History), Join(next.History.Select(ended => $"{ended.ReleaseHash} {ended.Outcome} {ended.Reason} {ended.MaxWeight}")));
        Same("newest verdict", expected.Newest, next.Current?.Verdicts is { Count: > 0 } verdicts ? $"{verdicts[^1].Name} {verdicts[^1].Verdict}" : "none");
        Same("predicted wait", expected.PredictedWait, next.Current?.PredictedWait is { } wait ? $"{wait.TotalMinutes:0.#}m" : "none");
        Same("onsets", expected.Onsets, next.Current?.Onsets.Count);
        if (expected.Answer is { } answer)
        {
            Assert.Contains(answer, next.Actions.Count == 0 ? "none" : next.Actions[^1].Message, StringComparison.Ordinal);
        }

        if (expected.Message is { } part)
        {
            Assert.Contains(part, decision.Message, StringComparison.Ordinal);
        }
    }

    private static void Same<T>(string what, T? expected, T? actual)
    {
        if (expected is not null)
        {
            Assert.True(EqualityComparer<T>.Default.Equals(expected, actual), $"{what}: expected {expected}, was {actual}");
        }
    }

    private static void Same<T>(string what, T? expected, T? actual)
        where T : struct
    {
        if (expected is not null)
        {
            Assert.True(Nullable.Equals(expected, actual), $"{what}: expected {expected}, was {actual}");
        }
    }

    private static string? Join(IEnumerable<string>? items) => items is null ? null : string.Join(", ", items);
}
