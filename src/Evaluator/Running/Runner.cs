using LlmOps.Api;
using LlmOps.Evaluator.Datasets;

namespace LlmOps.Evaluator.Running;

/// <summary>Answers to one case.</summary>
internal sealed record CaseAnswers(EvalCase Case, Answer Candidate, Answer? Baseline)
{
    /// <summary>Whether all that were asked answered.</summary>
    public bool IsComparable => Candidate.Text is not null && Baseline is not { Text: null };
}

/// <summary>What a run brought.</summary>
/// <param name="Answers">In the order of the cases.</param>
/// <param name="Exceeded">The budget that ran out; null where none did.</param>
internal sealed record RunResult(IReadOnlyList<CaseAnswers> Answers, string? Exceeded);

/// <summary>
/// Asks candidate and baseline the same case at the same time, which of them first by turns: a busy minute hits both alike. Stops when the
/// budget is spent.
/// </summary>
internal sealed class Runner(RunSetup setup, ChatClient chat, RunBudget budget, TextWriter log)
{
    public const int DefaultConcurrency = 8;
    private readonly Uri candidate = ChatClient.Completions(setup.Candidate.Target.Url);
    private readonly Uri? baseline = setup.Baseline is { } b ? ChatClient.Completions(b.Target.Url) : null;
    private int done;

    public async Task<RunResult> RunAsync(IReadOnlyList<EvalCase> cases, CancellationToken ct)
    {
        var answers = new CaseAnswers?[cases.Count];
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, budget.TimeIsOver);
        string? exceeded = null;
        try
        {
            await Parallel.ForEachAsync(
                Enumerable.Range(0, cases.Count),
                new ParallelOptions { MaxDegreeOfParallelism = setup.Gate.Concurrency ?? DefaultConcurrency, CancellationToken = either.Token },
                async (index, token) =>
                {
                    if (budget.IsSpent)
                        return;
                    answers[index] = await AskBothAsync(cases[index], candidateFirst: index % 2 == 0, token);
                    var count = Interlocked.Increment(ref done);
                    if (count % 50 == 0)
                        await log.WriteLineAsync($"{count} of {cases.Count} cases done");
                });
            if (answers.Any(a => a is null))
                exceeded = budget.TokensSpent($"{done} of {cases.Count} cases");
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            exceeded = budget.TimePassed($"{done} of {cases.Count} cases");
        }

        return new([.. answers.OfType<CaseAnswers>()], exceeded);
    }

    private async Task<CaseAnswers> AskBothAsync(EvalCase testCase, bool candidateFirst, CancellationToken ct)
    {
        if (setup.Baseline is not { } other)
            return new(testCase, await AskAsync(testCase, setup.Candidate, candidate, ct), null);
        Task<Answer> fromCandidate, fromBaseline;
        if (candidateFirst)
        {
            fromCandidate = AskAsync(testCase, setup.Candidate, candidate, ct);
            fromBaseline = AskAsync(testCase, other, baseline!, ct);
        }
        else
        {
            fromBaseline = AskAsync(testCase, other, baseline!, ct);
            fromCandidate = AskAsync(testCase, setup.Candidate, candidate, ct);
        }

        return new(testCase, await fromCandidate, await fromBaseline);
    }

    private async Task<Answer> AskAsync(EvalCase testCase, ReadyTarget target, Uri address, CancellationToken ct)
    {
        var (body, problem) = ChatRequest.Build(testCase, target, setup.Gate.Dataset.InputVariable ?? DatasetDefaults.InputVariable);
        if (problem is not null)
            return new(null, 0, 0, problem);
        var answer = await chat.AskAsync(address, body, target.ApiKey, ct);
        budget.Spend(answer.Tokens);
        return answer;
    }
}
