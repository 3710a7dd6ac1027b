using System.Text.Json;
using Xunit;

namespace LlmOps.Api.Tests.Prompts;

public sealed class JudgeRubricTests
{
    [Theory]
    [InlineData("{{output}}", null)]
    [InlineData("{{input}} {{output}} {{context}}", null)]
    [InlineData("{{output}} {{expected}}", "expected.text")]
    public void A_prompt_that_takes_the_answer_is_a_judges(string template, string? expected) => Assert.Empty(JudgeRubric.Problems(Prompt(template), Scorer(expected)));

    [Theory]
    [InlineData("{{input}}", null, "messages do not use the variable 'output'")]
    [InlineData("{{output}} {{expected}}", null, "scorer faithful has none: set its expected")]
    [InlineData("{{output}}", "expected.text", "messages do not use the variable 'expected', which scorer faithful gives")]
    [InlineData("{{output", null, "has no '}}'")]
    public void What_a_judge_would_lack_is_told(string template, string? expected, string problem) =>
        Assert.Contains(problem, Assert.Single(JudgeRubric.Problems(Prompt(template), Scorer(expected))), StringComparison.Ordinal);

    [Fact]
    public void The_answer_is_never_trusted()
    {
        var prompt = Prompt("{{output}}");
        foreach (var variable in new[] { new PromptVariable(), new PromptVariable { Trust = "trusted" }, new PromptVariable { Trust = "untrusted", Type = PromptVariableTypes.Number } })
        {
            var trusting = prompt with { Variables = new Dictionary<string, PromptVariable> { ["output"] = variable } };
            Assert.Contains("declare it as a string with trust: untrusted", Assert.Single(JudgeRubric.Problems(trusting, Scorer(null))), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_form_of_the_verdict_and_the_temperature_are_not_the_prompts()
    {
        var prompt = Prompt("{{output}}");
        Assert.Empty(JudgeRubric.Problems(prompt with { Parameters = new() { Temperature = 0, MaxTokens = 100 } }, Scorer(null)));
        var bent = prompt with
        {
            Messages = [.. prompt.Messages, new() { Role = "assistant", Template = "Well:" }],
            Parameters = new() { Temperature = 0.1, ResponseFormat = JsonDocument.Parse("{}").RootElement },
        };
        Assert.Equal(["messages end with", "parameters.temperature is", "parameters.responseFormat is"], JudgeRubric.Problems(bent, Scorer(null)).Select(p => string.Join(' ', p.Split(' ').Take(p.StartsWith('m') ? 3 : 2))));
    }

    private static ScorerSpec Scorer(string? expected) => new() { Name = "faithful", Type = ScorerTypes.Judge, Expected = expected, Judge = new() { Model = "judge", Prompt = "rubric-1.0.0" } };

    private static PromptVersionSpec Prompt(string template) => new()
    {
        Family = "rubric",
        Version = "1.0.0",
        Messages = [new() { Role = "user", Template = template }],
        Variables = new[] { "input", "output", "expected", "context" }.Where(v => template.Contains(v, StringComparison.Ordinal)).ToDictionary(v => v, _ => new PromptVariable { Trust = "untrusted" }),
    };
}
