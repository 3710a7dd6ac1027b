using LlmOps.EngineEmulator.Metrics;

namespace LlmOps.EngineEmulator.Generation;

/// <summary>
/// One request as the engine sees it: queue, prefill, tokens, end. Whoever leaves without <see cref="Finish"/> (client gone,
/// shutdown) is counted as aborted. Not thread safe.
/// </summary>
internal sealed class RunningRequest(EngineCore core, GenerationRequest request, GenerationPlan plan) : IDisposable
{
    private readonly long _arrived = core.Time.GetTimestamp();
    private SplitMix64 _random = new(plan.Seed);
    private long _scheduled;
    private long _firstToken;
    private long _lastToken;
    private TimeSpan _due;
    private int _played;
    private bool _inBatch;
    private bool _ended;

    public GenerationPlan Plan => plan;

    /// <summary>Tokens given out so far.</summary>
    public int CompletionTokens => _played;

    public int PromptTokens => request.PromptTokens;

    /// <summary>The current token's text.</summary>
    public ReadOnlyMemory<char> Piece
    {
        get
        {
            var start = _played < 2 ? 0 : plan.Ends[_played - 2];
            return plan.Text.AsMemory(start, plan.Ends[_played - 1] - start);
        }
    }

    /// <summary>The text given out so far.</summary>
    public ReadOnlyMemory<char> Text => plan.Text.AsMemory(0, _played == 0 ? 0 : plan.Ends[_played - 1]);

    /// <summary>Waits for a place in the batch and for the prefill.</summary>
    public async ValueTask PrefillAsync(CancellationToken cancellationToken)
    {
        await core.Slots.EnterAsync(cancellationToken);
        _inBatch = true;
        _scheduled = core.Time.GetTimestamp();
        if (plan.PrefillTime > TimeSpan.Zero)
            await Task.Delay(plan.PrefillTime, core.Time, cancellationToken);
        _firstToken = _lastToken = core.Time.GetTimestamp();
    }

    /// <summary>Waits for the next token; false at the end, be it natural or injected.</summary>
    public async ValueTask<bool> NextAsync(CancellationToken cancellationToken)
    {
        if (_played >= plan.TokensToPlay)
            return false;
        if (_played > 0)
            await NextTokenTimeAsync(cancellationToken);
        else
            core.Metrics.FirstToken(request.PromptTokens, Between(_arrived, _firstToken));
        _played++;
        return true;
    }

    /// <summary>Ends the request. Later calls do nothing.</summary>
    /// <param name="reason">As the engine's own metrics name it.</param>
    /// <param name="outcome">As <see cref="EmulatorStats.Outcomes"/> names it.</param>
    public void Finish(FinishReason reason, string outcome)
    {
        if (_ended)
            return;
        _ended = true;
        if (_inBatch)
            core.Slots.Leave();
        core.Ledger.Ended(outcome);
        var now = core.Time.GetTimestamp();
        var scheduled = _scheduled == 0 ? now : _scheduled;
        var firstToken = _firstToken == 0 ? now : _firstToken;
        core.Metrics.Finished(new FinishedRequest
        {
            Reason = reason,
            PromptTokens = request.PromptTokens,
            CompletionTokens = _played,
            MaxTokens = request.MaxTokens,
            QueueSeconds = Between(_arrived, scheduled),
            PrefillSeconds = Between(scheduled, firstToken),
            DecodeSeconds = Between(firstToken, Math.Max(firstToken, _lastToken)),
            TotalSeconds = Between(_arrived, now),
        });
    }

    /// <summary>Ends a request that never reached the engine: answered or cut by an injected fault of the server.</summary>
    public void Drop(string outcome)
    {
        if (_ended)
            return;
        _ended = true;
        core.Ledger.Ended(outcome);
    }

    public void Dispose() => Finish(FinishReason.Abort, "abort");

    /// <summary>Tokens are due at times counted from the first one, so that late timers do not add up.</summary>
    private async ValueTask NextTokenTimeAsync(CancellationToken cancellationToken)
    {
        _due += TimeSpan.FromMilliseconds(_random.NextLogNormal(plan.TpotMedianMs, plan.TpotSigma));
        var wait = _due - core.Time.GetElapsedTime(_firstToken);
        if (wait >= TimeSpan.FromMilliseconds(1))
            await Task.Delay(wait, core.Time, cancellationToken);
        else
            cancellationToken.ThrowIfCancellationRequested();
        var now = core.Time.GetTimestamp();
        core.Metrics.NextToken(Between(_lastToken, now));
        _lastToken = now;
    }

    private double Between(long start, long end) => core.Time.GetElapsedTime(start, end).TotalSeconds;
}
