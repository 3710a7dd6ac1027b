using LlmOps.Api;

namespace LlmOps.Evaluator.Tests;

internal static class Judges
{
    /// <summary>Text of the system message.</summary>
    public const string Rubric = "Rate the answer. pass: it is right. fail: it is not.";

    public static ScorerSpec Scorer(string? expected = null, IReadOnlyList<string>? onlyIfPassed = null, string? extract = null) => new()
    {
        Name = "faithful",
        Type = ScorerTypes.Judge,
        Expected = expected,
        Extract = extract,
        Judge = new() { Model = "judge", Prompt = "rubric-1.0.0", OnlyIfPassed = onlyIfPassed },
    };

    public static PromptVersionSpec Prompt(string user = "Question: {{input}}\nAnswer: {{output}}", SamplingParameters? parameters = null, string? system = Rubric) => new()
    {
        Family = "rubric",
        Version = "1.0.0",
        Messages = [.. system is null ? Array.Empty<PromptMessage>() : [new() { Role = "system", Template = system }], new() { Role = "user", Template = user }],
        Variables = new[] { "input", "output", "expected", "context" }.Where(v => user.Contains($"{{{{{v}}}}}", StringComparison.Ordinal))
            .ToDictionary(v => v, v => new PromptVariable { Trust = "untrusted", Required = v == "output" ? true : null }),
        Parameters = parameters,
    };

    public static EvaluationPlan With(this EvaluationPlan plan, Uri judge, PromptVersionSpec? prompt = null) =>
        plan with { Judges = [new() { Scorer = "faithful", Url = judge.ToString(), ServedName = "j", Prompt = prompt ?? Prompt() }] };
}
