using Xunit;

namespace LlmOps.Api.Tests.Prompts;

public sealed class PromptRendererTests
{
    private static readonly PromptVersionSpec Support = new()
    {
        Family = "support",
        Version = "1.4.0",
        Messages =
        [
            new() { Role = "system", Template = "You work for {{company}}." },
            new() { Role = "user", Template = "{{context}}|{{query}}" },
        ],
        Variables = new Dictionary<string, PromptVariable>
        {
            ["company"] = new() { Default = "ACME" },
            ["query"] = new() { Required = true, MaxLength = 5 },
            ["context"] = new() { Trust = "untrusted" },
        },
    };

    [Fact]
    public void Defaults_stand_in_and_an_optional_variable_without_one_is_empty()
    {
        Assert.Equal(
            [new("system", "You work for ACME."), new("user", "|why?")],
            Render(Support, new() { ["query"] = "why?" }).Messages);
    }

    [Fact]
    public void A_value_is_never_expanded_twice()
    {
        var rendered = Render(Support, new() { ["query"] = "{{a}}", ["context"] = "{{query}} {{company}} {{{{" });
        Assert.Equal("{{query}} {{company}} {{{{|{{a}}", rendered.Messages[1].Content);
    }

    [Theory]
    [InlineData("company", "x", PromptRenderErrorKind.Missing, "query", "variable 'query' is missing: prompt support 1.4.0 requires it")]
    [InlineData("query", "123456", PromptRenderErrorKind.TooLong, "query", "has 6 characters, prompt support 1.4.0 allows 5")]
    public void A_value_that_does_not_fit_is_refused(string variable, string value, PromptRenderErrorKind kind, string named, string message)
    {
        var error = Refuse(Support, new() { [variable] = value });
        Assert.Equal((kind, named), (error.Kind, error.Variable));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_variable_that_the_prompt_does_not_declare_is_refused_and_the_declared_ones_are_named()
    {
        var error = Refuse(Support, new() { ["query"] = "a", ["qeury"] = "secret" });
        Assert.Equal((PromptRenderErrorKind.Undeclared, "qeury"), (error.Kind, error.Variable));
        Assert.Contains("takes company, context, query", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Length_is_counted_in_code_points()
    {
        Render(Support, new() { ["query"] = "🙂🙂🙂🙂🙂" });
        Assert.Equal(PromptRenderErrorKind.TooLong, Refuse(Support, new() { ["query"] = "🙂🙂🙂🙂🙂🙂" }).Kind);
    }

    [Theory]
    [InlineData("number", "1.5", true)]
    [InlineData("number", "-1e3", true)]
    [InlineData("number", "1,5", false)]
    [InlineData("number", "NaN", false)]
    [InlineData("number", "", false)]
    [InlineData("integer", "-12", true)]
    [InlineData("integer", "1.0", false)]
    [InlineData("boolean", "true", true)]
    [InlineData("boolean", "True", false)]
    [InlineData("string", "anything", true)]
    public void Values_are_checked_against_the_type(string type, string value, bool fits)
    {
        var prompt = Support with { Messages = [new() { Role = "user", Template = "{{v}}" }], Variables = new Dictionary<string, PromptVariable> { ["v"] = new() { Type = type } } };
        if (fits)
            Assert.Equal(value, Render(prompt, new() { ["v"] = value }).Messages[0].Content);
        else
            Assert.Equal(PromptRenderErrorKind.WrongType, Refuse(prompt, new() { ["v"] = value }).Kind);
    }

    [Fact]
    public void A_prompt_with_problems_does_not_compile()
    {
        var compilation = PromptRenderer.Compile(Support with { Messages = [new() { Role = "user", Template = "{{nope}}" }] });
        Assert.Null(compilation.Prompt);
        Assert.Contains("messages[0].template uses 'nope', which is not declared", Assert.Single(compilation.Problems), StringComparison.Ordinal);
    }

    private static RenderedPrompt Render(PromptVersionSpec spec, Dictionary<string, string> values)
    {
        Assert.True(PromptRenderer.Compile(spec).Prompt!.TryRender(values, out var rendered, out var error), error?.Message);
        return rendered;
    }

    private static PromptRenderError Refuse(PromptVersionSpec spec, Dictionary<string, string> values)
    {
        Assert.False(PromptRenderer.Compile(spec).Prompt!.TryRender(values, out var rendered, out var error));
        Assert.Null(rendered);
        return error;
    }
}
