using LlmOps.Api;
using LlmOps.Evaluator.Datasets;

namespace LlmOps.Evaluator.Running;

/// <summary>Answers to one case.</summary>
internal sealed record CaseAnswers(EvalCase Case, Answer Candidate, Answer? Baseline);

/// <summary>What a run brought.</summary>
/// <param name="Answers">In the order of the cases.</param>
/// <param name="Exceeded">The budget that ran out; null where none did.</param>
internal sealed record RunResult(IReadOnlyList<CaseAnswers> Answers, string? Exceeded);

/// <summary>
/// Asks candidate and baseline the same case at the same time, which of them first by turns: a busy minute hits both alike. Stops when the
/// budget is spent.
/// </summary>
internal sealed class Runner(RunSetup setup, TimeProvider time, TextWriter log) : IDisposable
{
    public const int DefaultConcurrency = 8;
    private static readonly TimeSpan DefaultDuration = TimeSpan.FromMinutes(30);
    private readonly ChatClient chat = new(time);
    private readonly Uri candidate = Completions(setup.Candidate.Target.Url);
    private readonly Uri? baseline = setup.Baseline is { } b ? Completions(b.Target.Url) : null;
    private long tokens;
    private int done;

    public async Task<RunResult> RunAsync(IReadOnlyList<EvalCase> cases, CancellationToken ct)
    {
        var answers = new CaseAnswers?[cases.Count];
        var duration = setup.Gate.Budget?.MaxDuration is { } max ? max.Value : DefaultDuration;
        using var limit = new CancellationTokenSource(duration, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        string? exceeded = null;
        try
        {
            await Parallel.ForEachAsync(
                Enumerable.Range(0, cases.Count),
                new ParallelOptions { MaxDegreeOfParallelism = setup.Gate.Concurrency ?? DefaultConcurrency, CancellationToken = either.Token },
                async (index, token) =>
                {
                    if (setup.Gate.Budget?.MaxTokens is { } most && Interlocked.Read(ref tokens) >= most)
                        return;
                    answers[index] = await AskBothAsync(cases[index], candidateFirst: index % 2 == 0, token);
                    var count = Interlocked.Increment(ref done);
                    if (count % 50 == 0)
                        await log.WriteLineAsync($"{count} of {cases.Count} cases done");
                });
            if (answers.Any(a => a is null))
                exceeded = $"{setup.Gate.Budget?.MaxTokens} tokens (spec.budget.maxTokens) were spent after {done} of {cases.Count} cases";
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            exceeded = $"{new Duration(duration)} (spec.budget.maxDuration) passed after {done} of {cases.Count} cases";
        }

        return new([.. answers.OfType<CaseAnswers>()], exceeded);
    }

    public void Dispose() => chat.Dispose();

    private static Uri Completions(string url) => new(new Uri(url.EndsWith('/') ? url : url + "/"), "v1/chat/completions");

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
        Interlocked.Add(ref tokens, answer.Tokens);
        return answer;
    }
}
