using LlmOps.Api;
using LlmOps.Evaluator.Datasets;
using LlmOps.Evaluator.Running;
using LlmOps.Evaluator.Scorers;
using LlmOps.Kubernetes;

namespace LlmOps.Evaluator.Judging;

/// <summary>A judge ready to be asked.</summary>
/// <param name="ApiKey">What its engine asks for; null where it asks for nothing.</param>
internal sealed record ReadyJudge(EvaluationJudge Judge, CompiledPrompt Prompt, SecretToken? ApiKey);

/// <summary>
/// Asks one judge. Never throws but on cancellation: no answer and no verdict are grades of their own, neither a pass nor a fail. An answer that cannot be read is asked for once more, which names
/// the form again; at temperature 0 the same request would bring the same answer.
/// </summary>
internal sealed class Judge(ReadyJudge ready, ChatClient chat, RunBudget budget, Fence fence, string inputVariable)
{
    private const int LongestQuote = 4000;

    private readonly Uri address = ChatClient.Completions(ready.Judge.Url);
    private readonly SamplingParameters sampling = JudgeRequest.Sampling(ready.Prompt.Parameters);
    private long tokens;
    private int requests;

    /// <summary>Tokens of prompts and answers so far.</summary>
    public long Tokens => Interlocked.Read(ref tokens);

    /// <summary>Requests so far; those that the transport repeated count once.</summary>
    public int Requests => requests;

    /// <param name="output">The answer, or the part of it that is scored.</param>
    /// <param name="expected">What the case expects; null where the scorer has no such path.</param>
    /// <returns>Null where the budget is spent.</returns>
    public async Task<Grade?> AskAsync(EvalCase testCase, string output, string? expected, CancellationToken ct)
    {
        var (messages, problem) = JudgeRequest.Build(ready.Judge, ready.Prompt, fence, testCase, inputVariable, output, expected);
        if (problem is not null)
            return new(GradeKind.Undecided, problem);
        return budget.IsSpent ? null : await AskAsync(messages, ct);
    }

    private async Task<Grade> AskAsync(IReadOnlyList<RenderedMessage> messages, CancellationToken ct)
    {
        var answer = await SendAsync(messages, ct);
        if (answer.Text is not { } text)
            return new(GradeKind.Unanswered, $"the judge did not answer: {answer.Error}");
        var reply = Read(answer, text);
        if (reply.Passes is null)
        {
            answer = await SendAsync(JudgeRequest.Again(messages, Excerpt.Of(text, LongestQuote)), ct);
            if (answer.Text is not { } second)
                return new(GradeKind.Unanswered, $"the judge did not answer: {answer.Error}");
            reply = Read(answer, second) with { Reason = reply.Reason };
        }

        return reply.Passes switch
        {
            true => Grade.Pass,
            false => Grade.Fail(Excerpt.Line(reply.Reason) ?? "the judge gave no reason"),
            null => new(GradeKind.Undecided, $"no verdict in the judge's answer: {Excerpt.Line(reply.Reason)}"),
        };
    }

    /// <summary>What was cut may have gone on after a line that looks like a verdict.</summary>
    private JudgeReply Read(Answer answer, string text) =>
        answer.WasCut ? new(null, $"it was cut at {sampling.MaxTokens} tokens, raise parameters.maxTokens of the judge's prompt: {text}") : JudgeReply.Read(text);

    private async Task<Answer> SendAsync(IReadOnlyList<RenderedMessage> messages, CancellationToken ct)
    {
        Interlocked.Increment(ref requests);
        var answer = await chat.AskAsync(address, ChatRequest.Write(ready.Judge.ServedName, messages, sampling), ready.ApiKey, ct);
        Interlocked.Add(ref tokens, answer.Tokens);
        budget.Spend(answer.Tokens);
        return answer;
    }
}
