using LlmOps.Api;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Gathering.Checks;

/// <summary>Where the numbers of a check come from. A source is one file beside this one and a line in <see cref="CheckSources"/>; what follows knows no more of it than <see cref="Reading"/>.</summary>
internal interface IMetricSource
{
    /// <summary>Whether the check is to be asked of this source: whether its field of <see cref="CheckSpec"/> is set.</summary>
    bool IsNamedBy(CheckSpec check);

    /// <summary>What to ask about one track. Pure. An address that may not be asked is a problem, and so is a metric that the track's engine does not have.</summary>
    TrackQuestion Phrase(CheckSpec check, QueryScope scope);
}

/// <summary>What is asked about one track. A value: the question of an equal spec is equal.</summary>
internal interface IMetricQuestion
{
    /// <summary>Whether the answer is a counter as it is. Then a smaller value than before means that it was reset, and says nothing.</summary>
    bool ReadsRawCounter { get; }

    /// <summary>
    /// Asks. Never throws but on cancellation by <c>ct</c>; answers within <see cref="MetricHttp.Timeout"/>; says no data rather than 0, and no more of what it was answered
    /// than all who read the LlmDeployment may see.
    /// </summary>
    /// <param name="maxAge">An older value counts as none, where the source tells the time of its values.</param>
    Task<Reading> AskAsync(TimeSpan maxAge, CancellationToken ct);
}

/// <summary>The question about one track, or why there is none.</summary>
internal sealed record TrackQuestion(IMetricQuestion? Question, Reading? Problem)
{
    public static TrackQuestion Of(IMetricQuestion question) => new(question, null);

    /// <summary>The source cannot be asked.</summary>
    public static TrackQuestion Error(string problem) => new(null, Reading.Error(problem));

    /// <summary>The source can be asked, and has nothing to say about this track.</summary>
    public static TrackQuestion NoData(string problem) => new(null, Reading.NoData(problem));
}
