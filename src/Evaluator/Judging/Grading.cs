using LlmOps.Api;
using LlmOps.Evaluator.Datasets;
using LlmOps.Evaluator.Running;
using LlmOps.Evaluator.Scorers;

namespace LlmOps.Evaluator.Judging;

/// <summary>One case under one scorer.</summary>
internal sealed record GradedCase(CaseAnswers Answers, Grade Candidate, Grade? Baseline);

/// <summary>All cases under one scorer.</summary>
internal sealed record GradedMetric(string Name, IReadOnlyList<GradedCase> Cases);

/// <summary>What all scorers say.</summary>
/// <param name="Metrics">In the order of the gate.</param>
/// <param name="JudgeTokens">What judges spent.</param>
/// <param name="JudgeRequests">How often they were asked.</param>
/// <param name="Exceeded">The budget that ran out; null where none did.</param>
internal sealed record GradedRun(IReadOnlyList<GradedMetric> Metrics, long JudgeTokens, int JudgeRequests, string? Exceeded);

/// <summary>
/// Scores the answers of a run: first by all scorers that cost nothing, then by judges, and by these only what <c>onlyIfPassed</c> leaves. Where candidate and baseline gave the same answer
/// the judge is asked once: the two cannot differ by its mood.
/// </summary>
internal sealed class Grading(RunSetup setup, ChatClient chat, RunBudget budget, Fence fence, TextWriter log)
{
    private const string NotAsked = "the judge was not asked: the budget was spent";

    public async Task<GradedRun> RunAsync(IReadOnlyList<CaseAnswers> answers, CancellationToken ct)
    {
        var metrics = setup.Scorers.Where(s => s.Score is not null).ToDictionary(s => s.Spec.Name, s => Score(s, answers), StringComparer.Ordinal);
        var (tokens, requests, exceeded) = (0L, 0, (string?)null);
        foreach (var scorer in setup.Scorers.Where(s => s.Judge is not null))
        {
            var judge = new Judge(scorer.Judge!, chat, budget, fence, setup.Gate.Dataset.InputVariable ?? Defaults.InputVariable);
            (metrics[scorer.Spec.Name], var ranOut) = await JudgeAsync(scorer, judge, answers, metrics, ct);
            (tokens, requests, exceeded) = (tokens + judge.Tokens, requests + judge.Requests, exceeded ?? ranOut);
            await log.WriteLineAsync($"scorer {scorer.Spec.Name}: {judge.Requests} requests to the judge, {judge.Tokens} tokens");
        }

        return new([.. setup.Scorers.Select(s => metrics[s.Spec.Name])], tokens, requests, exceeded);
    }

    private static GradedMetric Score(ReadyScorer scorer, IReadOnlyList<CaseAnswers> answers)
    {
        Grade Grade(EvalCase testCase, Answer answer) => Extracted(scorer, answer) is not { } text ? NothingMatches(scorer)
            : scorer.Score!(new Scored(text, Expected(scorer, testCase), answer.AnswerTokens)) is { } failure ? Scorers.Grade.Fail(failure)
            : Scorers.Grade.Pass;
        return new(scorer.Spec.Name, [.. answers.Select(a => new GradedCase(a, Grade(a.Case, a.Candidate), a.Baseline is { } baseline ? Grade(a.Case, baseline) : null))]);
    }

    private async Task<(GradedMetric Metric, string? Exceeded)> JudgeAsync(
        ReadyScorer scorer, Judge judge, IReadOnlyList<CaseAnswers> answers, Dictionary<string, GradedMetric> scored, CancellationToken ct)
    {
        var graded = answers.Select(a => new GradedCase(a, new(GradeKind.Unanswered, NotAsked), a.Baseline is null ? null : new(GradeKind.Unanswered, NotAsked))).ToArray();
        var earlier = (scorer.Spec.Judge?.OnlyIfPassed ?? []).Select(name => scored.GetValueOrDefault(name)).OfType<GradedMetric>().ToList();
        var done = 0;
        string Progress() => $"{done} of {answers.Count} cases were judged by scorer {scorer.Spec.Name}";
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, budget.TimeIsOver);
        try
        {
            var options = new ParallelOptions { MaxDegreeOfParallelism = scorer.Spec.Judge?.Concurrency ?? Defaults.JudgeConcurrency, CancellationToken = either.Token };
            await Parallel.ForEachAsync(Enumerable.Range(0, answers.Count), options, async (index, token) =>
            {
                if (await JudgeAsync(scorer, judge, answers[index], index, earlier, token) is not { } both)
                    return;
                graded[index] = both;
                Interlocked.Increment(ref done);
            });
            return (new(scorer.Spec.Name, graded), done < answers.Count ? budget.TokensSpent(Progress()) : null);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return (new(scorer.Spec.Name, graded), budget.TimePassed(Progress()));
        }
    }

    /// <summary>Both answers to a case; null where the budget is spent.</summary>
    private static async Task<GradedCase?> JudgeAsync(ReadyScorer scorer, Judge judge, CaseAnswers answers, int index, List<GradedMetric> earlier, CancellationToken ct)
    {
        // What an earlier scorer failed is a fail without asking.
        Grade? Given(Answer answer, Func<GradedCase, Grade?> side) => Extracted(scorer, answer) is null ? NothingMatches(scorer)
            : earlier.Find(metric => side(metric.Cases[index])?.Kind == GradeKind.Fail) is { } failed ? Grade.Fail($"not judged: {failed.Name} failed")
            : null;
        var expected = Expected(scorer, answers.Case) is { } value ? CaseReader.AsText(value) : null;
        async Task<Grade?> AskAsync(Answer answer) => await judge.AskAsync(answers.Case, Extracted(scorer, answer)!, expected, ct);

        var candidate = Given(answers.Candidate, c => c.Candidate);
        if (answers.Baseline is not { } other)
            return (candidate ?? await AskAsync(answers.Candidate)) is { } alone ? new(answers, alone, null) : null;
        var baseline = Given(other, c => c.Baseline);
        if (candidate is null && baseline is null && Extracted(scorer, answers.Candidate) == Extracted(scorer, other))
            return await AskAsync(answers.Candidate) is { } same ? new(answers, same, same) : null;
        candidate ??= await AskAsync(answers.Candidate);
        baseline ??= await AskAsync(other);
        return candidate is not null && baseline is not null ? new(answers, candidate, baseline) : null;
    }

    private static string? Extracted(ReadyScorer scorer, Answer answer) => AnswerExtraction.Extract(scorer.Extract, answer.Text!);

    private static System.Text.Json.JsonElement? Expected(ReadyScorer scorer, EvalCase testCase) => scorer.Spec.Expected is { } path ? JsonPath.Find(testCase.Body, path) : null;

    private static Grade NothingMatches(ReadyScorer scorer) => Grade.Fail($"nothing matches {scorer.Spec.Extract}");
}
