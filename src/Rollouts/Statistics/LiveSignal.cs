namespace LlmOps.Rollouts.Statistics;

/// <summary>One thing that is compared between candidate and stable. A further one is one entry of <see cref="All"/>.</summary>
/// <param name="Name">Of the verdict.</param>
/// <param name="Share">Its share of the false revert probability; those of all signals and of <see cref="LimitTests"/> sum to 1.</param>
/// <param name="Tolerance">r0 of its test.</param>
/// <param name="Counts">Bad events, one count a level.</param>
/// <param name="Levels">Names of the levels; empty where there is one.</param>
/// <param name="Bad">What a bad event is, in words; <c>{0}</c> is the level.</param>
/// <param name="IsRare">True where no event at all means that nothing was measured: a guardrail or feedback that nobody uses.</param>
internal sealed record LiveSignal(
    string Name,
    double Share,
    Func<Tolerances, double> Tolerance,
    Func<TrackCounts, EquatableArray<long>> Counts,
    EquatableArray<string> Levels,
    string Bad,
    bool IsRare = false)
{
    private static readonly EquatableArray<string> LatencyLevels = ["p50", "p75", "p90", "p95", "p99"];
    private static readonly EquatableArray<string> AmountLevels = ["p50", "p90", "p99"];

    /// <summary>
    /// Nine tenths for errors keep the median for 1 % → 5 % at 5 % weight under the budget of 150 candidate requests. The others lose little by it: slow, long and
    /// costly answers are so much more frequent than errors that a tenth of the probability costs them some ten or twenty requests.
    /// </summary>
    public static EquatableArray<LiveSignal> All { get; } =
    [
        new(LiveTests.Errors, 0.9, tolerances => tolerances.Errors, counts => [counts.Errors], [], "errors"),
        new(LiveTests.Ttft, 0.035, tolerances => tolerances.Ttft, counts => counts.SlowTtft, LatencyLevels, "slower to the first token than stable's {0}"),
        new(LiveTests.TimePerOutputToken, 0.02, tolerances => tolerances.TimePerOutputToken, counts => counts.SlowTimePerOutputToken, LatencyLevels, "more time per output token than stable's {0}"),
        new(LiveTests.OutputTokens, 0.01, tolerances => tolerances.OutputTokens, counts => counts.LongOutput, AmountLevels, "more output tokens than stable's {0}"),
        new(LiveTests.Cost, 0.01, tolerances => tolerances.Cost, counts => counts.Costly, AmountLevels, "costlier than stable's {0}"),
        new(LiveTests.Blocked, 0.01, tolerances => tolerances.Blocked, counts => [counts.Blocked], [], "blocked by a guardrail", IsRare: true),
        new(LiveTests.Feedback, 0.005, tolerances => tolerances.Feedback, counts => [counts.NegativeFeedback], [], "rated bad by users", IsRare: true),
    ];

    /// <summary>The bad event of a level in words.</summary>
    public string Describe(int level) => Bad.Replace("{0}", level < Levels.Count ? Levels[level] : $"threshold {level}", StringComparison.Ordinal);
}
