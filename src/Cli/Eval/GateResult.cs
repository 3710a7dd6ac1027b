using LlmOps.Api;

namespace LlmOps.Cli.Eval;

/// <summary>What became of one gate that was asked for.</summary>
internal sealed record GateResult
{
    /// <summary>It has no verdict within <c>--timeout</c>.</summary>
    public const string TimedOut = "TimedOut";

    /// <summary>It could not be asked for or followed.</summary>
    public const string Error = "Error";

    /// <summary>The gate.</summary>
    public required string Gate { get; init; }

    /// <summary>Pass, Fail, Inconclusive, NoData, ProviderError, Refused where the operator did not run it, TimedOut or Error.</summary>
    public required string Verdict { get; init; }

    /// <summary>Why, in a sentence.</summary>
    public required string Message { get; init; }

    /// <summary>The run; null where it was refused or could not be evaluated.</summary>
    public EvalRun? Run { get; init; }

    /// <summary>Up to ten cases that failed; empty where the user may not read the report.</summary>
    public IReadOnlyList<CaseReport> WorstCases { get; init; } = [];

    public IReadOnlyList<CriterionResult> Criteria => Run?.Status?.Criteria ?? [];

    public TimeSpan? Took => Run?.Status is { StartedAt: { } start, FinishedAt: { } end } ? end - start : null;

    /// <summary>The exit code of several: no is more than what could not be evaluated, that is more than unclear, unclear is more than yes.</summary>
    public static int ExitCode(IReadOnlyList<GateResult> results) =>
        results.Any(r => r.Verdict is Verdicts.Fail or RolloutActionPhases.Refused) ? ExitCodes.No :
        results.Any(r => r.Verdict == Error) ? ExitCodes.CannotAsk :
        results.Any(r => r.Verdict == TimedOut) ? ExitCodes.TimedOut :
        results.All(r => r.Verdict == Verdicts.Pass) ? ExitCodes.Done : ExitCodes.Undecided;

    /// <summary>The verdict of several in a word.</summary>
    public static string Overall(IReadOnlyList<GateResult> results) => ExitCode(results) switch
    {
        ExitCodes.Done => Verdicts.Pass,
        ExitCodes.No => Verdicts.Fail,
        _ => "Undecided",
    };
}
