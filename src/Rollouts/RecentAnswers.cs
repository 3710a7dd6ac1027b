namespace LlmOps.Rollouts;

/// <summary>What the answers of both tracks were like lately: told to people, and never decided by.</summary>
public sealed record RecentAnswers(TrackAnswers Stable, TrackAnswers Candidate)
{
    /// <summary>One out of those of several gateways: the mean of their quantiles, weighted by their answers. Exact where requests are spread evenly, which balancers do. Null where there is none.</summary>
    public static RecentAnswers? Over(IReadOnlyList<RecentAnswers> gateways) =>
        gateways.Count == 0 ? null : new(TrackAnswers.Over([.. gateways.Select(g => g.Stable)]), TrackAnswers.Over([.. gateways.Select(g => g.Candidate)]));
}

/// <summary>What the answers of one track were like. Null where no answer told it.</summary>
/// <param name="Ttft">Seconds to the first token.</param>
/// <param name="TimePerOutputToken">Seconds per output token after the first.</param>
/// <param name="OutputTokens">Output tokens.</param>
public sealed record TrackAnswers(AnswerQuantiles? Ttft = null, AnswerQuantiles? TimePerOutputToken = null, AnswerQuantiles? OutputTokens = null)
{
    internal static TrackAnswers Over(IReadOnlyList<TrackAnswers> gateways) => new(
        AnswerQuantiles.Over(gateways.Select(g => g.Ttft)), AnswerQuantiles.Over(gateways.Select(g => g.TimePerOutputToken)), AnswerQuantiles.Over(gateways.Select(g => g.OutputTokens)));
}

/// <param name="Answers">How many answers they are of.</param>
/// <param name="P50">Median.</param>
/// <param name="P95">95th percentile.</param>
public sealed record AnswerQuantiles(long Answers, double P50, double P95)
{
    internal static AnswerQuantiles? Over(IEnumerable<AnswerQuantiles?> gateways)
    {
        var known = gateways.OfType<AnswerQuantiles>().Where(q => q.Answers > 0).ToList();
        var answers = known.Sum(q => q.Answers);
        return answers == 0 ? null : new(answers, Mean(q => q.P50), Mean(q => q.P95));

        double Mean(Func<AnswerQuantiles, double> of) => Math.Round(known.Sum(q => of(q) * q.Answers) / answers, 6);
    }
}
