using LlmOps.Api;
using LlmOps.Evaluator.Datasets;
using LlmOps.Evaluator.Running;

namespace LlmOps.Evaluator.Judging;

/// <summary>Builds requests to a judge. Pure.</summary>
internal static class JudgeRequest
{
    /// <summary>Room for reasons and verdict where the prompt sets none.</summary>
    private const int MaxTokens = 1024;

    private const string Repair =
        $"That did not end with a verdict as asked. By the reasons that you gave, answer with one line and nothing else: {JudgeReply.PassLine} or {JudgeReply.FailLine}. If your reasons decide nothing, answer: UNDECIDED";

    /// <summary>The messages; or what of the case does not fit the judge's prompt.</summary>
    /// <param name="output">The answer, or the part of it that is scored.</param>
    /// <param name="expected">What the case expects; null where the scorer has no such path.</param>
    public static (IReadOnlyList<RenderedMessage> Messages, string? Problem) Build(EvaluationJudge judge, CompiledPrompt prompt, Fence fence, EvalCase testCase, string inputVariable, string output, string? expected)
    {
        var values = new Dictionary<string, string>(testCase.Variables, StringComparer.Ordinal)
        {
            [JudgeRubric.Input] = Question(testCase, inputVariable),
            [JudgeRubric.Output] = output,
        };
        if (expected is not null)
            values[JudgeRubric.Expected] = expected;
        else
            values.Remove(JudgeRubric.Expected);
        var declared = values.Where(v => judge.Prompt.Variables?.ContainsKey(v.Key) == true).ToDictionary();
        if (!prompt.TryRender(declared, out var rendered, out var error, fence.Around))
            return ([], $"case {testCase.Id} does not fit the judge's prompt: {error.Message}");
        var last = rendered.Messages[^1];
        return ([.. rendered.Messages.SkipLast(1), last with { Content = $"{last.Content}\n\n{fence.Instruction}" }], null);
    }

    /// <summary>The same once more, with what was not understood.</summary>
    public static IReadOnlyList<RenderedMessage> Again(IReadOnlyList<RenderedMessage> messages, string answer) => [.. messages, new("assistant", answer), new("user", Repair)];

    /// <summary>The sampling of a judge: the prompt's, with temperature 0.</summary>
    public static SamplingParameters Sampling(SamplingParameters? parameters) => (parameters ?? new()) with { Temperature = 0, MaxTokens = parameters?.MaxTokens ?? MaxTokens };

    /// <summary>What was asked: the input variable, else the last message of the user, else all variables.</summary>
    private static string Question(EvalCase testCase, string inputVariable)
    {
        if (testCase.Variables.TryGetValue(inputVariable, out var question))
            return question;
        return testCase.Messages.LastOrDefault(m => m.Role == "user").Content
            ?? string.Join('\n', testCase.Variables.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => $"{v.Key}: {v.Value}"));
    }
}
