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

    /// <summary>A body of 4 MiB would fill a template of 100,000 characters with 80 GB.</summary>
    [Fact]
    public void A_value_that_comes_too_often_to_be_held_is_refused_before_it_is_put_in()
    {
        var spec = Support with { Messages = [new() { Role = "user", Template = string.Concat(Enumerable.Repeat("{{query}}", 10_000)) + "{{company}}" }], Variables = new Dictionary<string, PromptVariable> { ["query"] = new(), ["company"] = new() } };
        var prompt = PromptRenderer.Compile(spec).Prompt!;

        Assert.True(prompt.TryRender(new Dictionary<string, string> { ["query"] = new('x', 800) }, out var rendered, out _));
        Assert.Equal(8_000_000, rendered.Messages[0].Content.Length);
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        Assert.False(prompt.TryRender(new Dictionary<string, string> { ["query"] = new('x', 4 << 20), ["company"] = "ACME" }, out _, out var error));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - allocated, 0, 20 << 20);
        Assert.Equal((PromptRenderErrorKind.TooLong, "query"), (error.Kind, error.Variable));
        Assert.Equal("the messages of prompt support 1.4.0 would have 41943040004 characters with these values, more than 8388608: shorten 'query', or use it less often", error.Message);
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
