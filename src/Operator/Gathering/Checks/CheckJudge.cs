using System.Globalization;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Gathering.Checks;

/// <summary>A verdict on one sample.</summary>
internal sealed record Judgement(Verdict Verdict, string Message);

/// <summary>Judges one sample of both tracks. Pure.</summary>
/// <remarks>
/// <code>
/// candidate            stable                  verdict
/// no number            any                     NoData or ProviderError, the candidate's
/// within max and min   any                     Pass
/// outside              within                  Fail
/// outside              outside too             Inconclusive: what hits both alike reverts nobody
/// outside              no number               NoData or ProviderError, stable's
/// for maxTimesStable:
/// a number             no number               NoData or ProviderError, stable's
/// above 0              0 or less               Inconclusive: a multiple of it says nothing
/// </code>
/// Of several bounds the worst counts: Fail, ProviderError, NoData, Inconclusive, Pass.
/// </remarks>
internal static class CheckJudge
{
    private static readonly Verdict[] WorstFirst = [Verdict.Fail, Verdict.ProviderError, Verdict.NoData, Verdict.Inconclusive, Verdict.Pass];

    public static Judgement Judge(CheckBounds bounds, Reading candidate, Reading stable) =>
        candidate.Silence is { } silence ? new(silence, $"candidate: {candidate.Problem}") : EachBound(bounds, candidate.Value, stable).MinBy(judgement => Array.IndexOf(WorstFirst, judgement.Verdict))!;

    private static IEnumerable<Judgement> EachBound(CheckBounds bounds, double candidate, Reading stable)
    {
        if (bounds.Max is { } max)
            yield return Absolute(candidate, stable, value => value > max, $"at most {Number(max)}", $"above {Number(max)}");
        if (bounds.Min is { } min)
            yield return Absolute(candidate, stable, value => value < min, $"at least {Number(min)}", $"below {Number(min)}");
        if (bounds.MaxTimesStable is { } times)
            yield return Relative(candidate, stable, times);
    }

    private static Judgement Absolute(double candidate, Reading stable, Func<double, bool> breaks, string within, string outside) => (breaks(candidate), stable) switch
    {
        (false, _) => new(Verdict.Pass, $"candidate {Number(candidate)} is {within}"),
        (true, { Silence: { } silence }) => new(silence, $"candidate {Number(candidate)} is {outside}, and whether stable is too cannot be told: {stable.Problem}"),
        (true, _) when breaks(stable.Value) => new(Verdict.Inconclusive, $"candidate {Number(candidate)} is {outside}, and so is stable with {Number(stable.Value)}"),
        _ => new(Verdict.Fail, $"candidate {Number(candidate)} is {outside}, stable {Number(stable.Value)} is not"),
    };

    private static Judgement Relative(double candidate, Reading stable, double times) => stable switch
    {
        { Silence: { } silence } => new(silence, $"stable: {stable.Problem}"),
        { Value: <= 0 } when candidate > stable.Value => new(Verdict.Inconclusive, $"candidate is {Number(candidate)} and stable {Number(stable.Value)}, of which a multiple says nothing: add max"),
        _ when candidate > times * stable.Value && stable.Value > 0 => new(Verdict.Fail, $"candidate {Number(candidate)} is above {Number(times)} times stable's {Number(stable.Value)}"),
        _ => new(Verdict.Pass, $"candidate {Number(candidate)} is at most {Number(times)} times stable's {Number(stable.Value)}"),
    };

    private static string Number(double value) => value.ToString("0.####", CultureInfo.InvariantCulture) is var text && (text.Trim('-', '0', '.').Length > 0 || value == 0)
        ? text
        : value.ToString("0.###e0", CultureInfo.InvariantCulture);
}
