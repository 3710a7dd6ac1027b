using LlmOps.Rollouts;

namespace LlmOps.Operator.Applying;

/// <summary>What a decision added: for the log, the metrics and the records. Pure.</summary>
internal static class Audit
{
    public static bool IsOver(RolloutPhase phase) => phase is RolloutPhase.Promoted or RolloutPhase.Reverted or RolloutPhase.Superseded;

    /// <summary>Verdicts that were not there before, also those of a rollout that another one replaced in the same decision.</summary>
    public static IReadOnlyList<VerdictRecord> NewVerdicts(RolloutState before, RolloutState next)
    {
        var known = new[] { before.Previous, before.Current }.OfType<Rollout>().SelectMany(rollout => rollout.Verdicts).ToHashSet();
        return [.. new[] { next.Previous, next.Current }.OfType<Rollout>().SelectMany(rollout => rollout.Verdicts).Where(verdict => !known.Contains(verdict))];
    }

    /// <summary>Rollouts that ended with the decision.</summary>
    public static IEnumerable<FinishedRollout> NewlyFinished(RolloutState before, RolloutState next) =>
        next.History.Where(finished => before.History.All(known => known.Id != finished.Id));

    /// <summary><c>gate</c>, <c>live</c>, <c>limit</c>, <c>check</c> or <c>traffic</c>: a name has its kind before the slash.</summary>
    public static string KindOf(VerdictRecord verdict) =>
        verdict.Name.IndexOf('/', StringComparison.Ordinal) is var slash and > 0 ? verdict.Name[..slash] : verdict.Name;

    /// <summary>The verdicts with their numbers, in one line.</summary>
    public static string Describe(IEnumerable<VerdictRecord> verdicts) =>
        string.Join("; ", verdicts.Select(verdict => $"{verdict.Name} {verdict.Verdict}: {verdict.Message}"));
}
