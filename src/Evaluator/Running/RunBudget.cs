using LlmOps.Api;

namespace LlmOps.Evaluator.Running;

/// <summary>What a run may still spend, on answers and on judging them together. The clock starts with it.</summary>
internal sealed class RunBudget : IDisposable
{
    private readonly Duration duration;
    private readonly long? maxTokens;
    private readonly CancellationTokenSource limit;
    private long tokens;

    public RunBudget(BudgetSpec? spec, TimeProvider time)
    {
        duration = spec?.MaxDuration ?? Defaults.EvaluationDuration;
        maxTokens = spec?.MaxTokens;
        limit = new(duration.Value, time);
    }

    /// <summary>Cancelled when the time is over.</summary>
    public CancellationToken TimeIsOver => limit.Token;

    /// <summary>Whether no further request may be made.</summary>
    public bool IsSpent => Interlocked.Read(ref tokens) >= maxTokens;

    public void Spend(long used) => Interlocked.Add(ref tokens, used);

    /// <summary>In a sentence that the tokens are spent.</summary>
    /// <param name="progress">How far the run came, such as <c>7 of 60 cases</c>.</param>
    public string TokensSpent(string progress) => $"{maxTokens} tokens (spec.budget.maxTokens) were spent after {progress}";

    /// <inheritdoc cref="TokensSpent"/>
    public string TimePassed(string progress) => $"{duration} (spec.budget.maxDuration) passed after {progress}";

    public void Dispose() => limit.Dispose();
}
