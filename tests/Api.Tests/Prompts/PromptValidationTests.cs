using Xunit;

namespace LlmOps.Api.Tests.Prompts;

public sealed class PromptValidationTests
{
    [Fact]
    public void A_sound_prompt_has_no_findings()
    {
        var check = PromptValidation.Check(Prompt("{{a}}", new() { Required = true }));
        Assert.Empty(check.Problems);
        Assert.Empty(check.Warnings);
    }

    [Fact]
    public void An_undeclared_variable_is_a_problem()
    {
        var problem = Assert.Single(PromptValidation.Check(Prompt("{{a}} {{b}}", new())).Problems);
        Assert.Contains("uses 'b', which is not declared: declare it in variables", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unused_variable_is_a_warning()
    {
        var check = PromptValidation.Check(Prompt("no variable", new()));
        Assert.Empty(check.Problems);
        Assert.Contains("variables.a is declared and not used", Assert.Single(check.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void An_untrusted_variable_in_a_system_message_is_a_problem()
    {
        var prompt = Prompt("{{a}}", new() { Trust = "untrusted" });
        Assert.Empty(PromptValidation.Check(prompt).Problems);
        prompt = prompt with { Messages = [new() { Role = "system", Template = "{{a}}" }] };
        Assert.Contains("untrusted variable 'a' into a system message", Assert.Single(PromptValidation.Check(prompt).Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void A_malformed_template_is_a_problem_that_names_the_message() =>
        Assert.StartsWith("messages[0].template: '{{' at line 1", Assert.Single(PromptValidation.Check(Prompt("{{a", new())).Problems), StringComparison.Ordinal);

    [Fact]
    public void A_required_variable_with_a_default_is_a_problem() =>
        Assert.Contains("variables.a is required and has a default", Assert.Single(PromptValidation.Check(Prompt("{{a}}", new() { Required = true, Default = "x" })).Problems), StringComparison.Ordinal);

    [Fact]
    public void A_default_of_the_wrong_type_is_a_problem() =>
        Assert.Contains("variables.a.default is not of type integer", Assert.Single(PromptValidation.Check(Prompt("{{a}}", new() { Type = "integer", Default = "x" })).Problems), StringComparison.Ordinal);

    [Fact]
    public void A_default_that_is_too_long_is_a_problem() =>
        Assert.Contains("longer than its maxLength of 2", Assert.Single(PromptValidation.Check(Prompt("{{a}}", new() { Default = "xyz", MaxLength = 2 })).Problems), StringComparison.Ordinal);

    [Fact]
    public void A_name_that_no_template_can_use_is_a_problem() =>
        Assert.Contains("'a b' is not a variable name", Assert.Single(PromptValidation.Check(Prompt("x", new(), "a b")).Problems), StringComparison.Ordinal);

    private static PromptVersionSpec Prompt(string template, PromptVariable variable, string name = "a") => new()
    {
        Family = "f",
        Version = "1.0.0",
        Messages = [new() { Role = "user", Template = template }],
        Variables = new Dictionary<string, PromptVariable> { [name] = variable },
    };
}
