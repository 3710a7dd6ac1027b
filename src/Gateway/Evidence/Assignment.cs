namespace LlmOps.Gateway.Evidence;

/// <summary>
/// One request's part in the evidence: told of its first attempt only (intention to treat), whoever answers in the end.
/// Thread safe, because the scan for waiting requests and the request itself both tell the time.
/// </summary>
internal sealed class Assignment
{
    private readonly Lock gate = new();
    private readonly EpochEvidence epoch;
    private readonly TrackCounts counts;
    private readonly bool candidate;
    private readonly ulong? unit;
    private readonly TimeSpan? failsAfter;
    private readonly Thresholds thresholds;
    private readonly LimitSet limits;
    private double[] ttft;
    private LimitCounts[] ttftLimits;
    private bool countsLatency = true;
    private int next;
    private int nextLimit;
    private bool ended;
    private bool failed;

    internal Assignment(EpochEvidence epoch, bool candidate, ulong? unit, bool streamed, TimeSpan? failsAfter)
    {
        (this.epoch, this.candidate, this.unit, this.failsAfter) = (epoch, candidate, unit, failsAfter);
        counts = candidate ? epoch.Candidate : epoch.Stable;
        (thresholds, limits) = (epoch.Thresholds, epoch.Limits);
        (ttft, ttftLimits) = streamed ? (thresholds.Ttft ?? [], limits.Ttft) : ([], []);
    }

    /// <summary>Where it stands in the list of waiting requests; -1 while it is not in it.</summary>
    internal int WaitingIndex { get; set; } = -1;

    /// <summary>When the first attempt began, on the gateway's clock; null before.</summary>
    internal long? StartedAt { get; set; }

    /// <summary>Whether the wait can exceed anything.</summary>
    public bool IsWatched => ttft.Length > 0 || ttftLimits.Length > 0 || failsAfter is not null;

    /// <summary>The first attempt warms its endpoint up: its latencies say nothing of the release. Told before the wait begins.</summary>
    public void LeaveOutLatency() => (countsLatency, ttft, ttftLimits) = (false, [], []);

    /// <summary>Counts what a wait of this length exceeds; false when nothing is left to count.</summary>
    public bool Waited(TimeSpan wait, DateTimeOffset now)
    {
        lock (gate)
        {
            if (ended)
                return false;
            CountWait(wait, now);
            return next < ttft.Length || nextLimit < ttftLimits.Length || (failsAfter is not null && !failed);
        }
    }

    /// <summary>The wait for the first token is over.</summary>
    /// <param name="wait">Its length.</param>
    /// <param name="hasToken">It came; else the attempt failed, or the client left.</param>
    /// <param name="now">Wall clock.</param>
    public void EndWait(TimeSpan wait, bool hasToken, DateTimeOffset now)
    {
        lock (gate)
        {
            if (ended)
                return;
            CountWait(wait, now);
            ended = true;
            for (; hasToken && nextLimit < ttftLimits.Length; nextLimit++)
                Count(ttftLimits[nextLimit], isOver: false);
        }
    }

    /// <summary>The first attempt failed. Counts once.</summary>
    public void Failed(DateTimeOffset now)
    {
        lock (gate)
            Fail(now);
    }

    /// <summary>What the first attempt answered, as far as it came.</summary>
    /// <param name="answer">The measure.</param>
    /// <param name="pricing">What tokens cost; null without prices.</param>
    public void Answered(in AnswerMeasure answer, Pricing? pricing)
    {
        if (countsLatency && answer.SecondsPerOutputToken is { } perToken)
        {
            CountAbove(Signal.SlowTimePerOutputToken, thresholds.TimePerOutputToken, answer.ComparableSecondsPerOutputToken);
            foreach (var limit in limits.TimePerOutputToken)
                Count(limit, perToken > limit.Limit.MaxSeconds);
        }

        CountAbove(Signal.LongOutput, thresholds.OutputTokens, answer.ThousandOutputTokens);
        CountAbove(Signal.Costly, thresholds.Cost, answer.RelativeCost(pricing));
        if (answer.IsBlocked)
            Count(Signal.Blocked);
    }

    /// <summary>The candidate's prompt could not be rendered for a request that stable answered.</summary>
    public void CouldNotRender() => Count(Signal.RenderFailure);

    /// <summary>The candidate's engine refused the credentials of a request that stable answered.</summary>
    public void WasUnauthorized() => Count(Signal.Unauthorized);

    private void CountWait(TimeSpan wait, DateTimeOffset now)
    {
        var seconds = wait.TotalSeconds;
        for (; next < ttft.Length && seconds > ttft[next]; next++)
        {
            if (epoch.BadEvents.IsFirst(Signal.SlowTtft, unit, next))
                counts.AddAbove(Signal.SlowTtft, next);
        }

        for (; nextLimit < ttftLimits.Length && seconds > ttftLimits[nextLimit].Limit.MaxSeconds; nextLimit++)
            Count(ttftLimits[nextLimit], isOver: true);
        if (wait >= failsAfter)
            Fail(now);
    }

    private void Fail(DateTimeOffset now)
    {
        if (failed)
            return;
        failed = true;
        if (epoch.BadEvents.IsFirst(Signal.Error, unit))
            counts.AddError(now);
    }

    private void CountAbove(Signal signal, double[]? levels, double? value)
    {
        if (levels is null || value is not { } v)
            return;
        for (var i = 0; i < levels.Length && v > levels[i]; i++)
        {
            if (epoch.BadEvents.IsFirst(signal, unit, i))
                counts.AddAbove(signal, i);
        }
    }

    private void Count(Signal signal)
    {
        if (epoch.BadEvents.IsFirst(signal, unit))
            counts.Add(signal);
    }

    private void Count(LimitCounts limit, bool isOver)
    {
        if (epoch.BadEvents.IsFirst(Signal.Limit, unit, limit.Index))
            (candidate ? limit.Candidate : limit.Stable).Add(isOver);
    }
}
