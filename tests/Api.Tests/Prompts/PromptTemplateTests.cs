using Xunit;

namespace LlmOps.Api.Tests.Prompts;

public sealed class PromptTemplateTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("plain", "plain")]
    [InlineData("{{a}}", "<a>")]
    [InlineData("{{ a }}", "<a>")]
    [InlineData("{{\ta\n}}", "<a>")]
    [InlineData("x{{a}}{{b}}y", "x<a><b>y")]
    [InlineData("{{_a.b-c9}}", "<_a.b-c9>")]
    [InlineData("{{{{a}}", "{{a}}")]
    [InlineData("{{{{{{a}}", "{{<a>")]
    [InlineData("{\"k\": {\"n\": 1}}", "{\"k\": {\"n\": 1}}")]
    [InlineData("{\"k\": {{a}}}", "{\"k\": <a>}")]
    [InlineData("}} {{a}}", "}} <a>")]
    public void Template_renders(string template, string expected)
    {
        Assert.True(PromptTemplate.TryParse(template, out var parsed, out var problem), problem);
        Assert.Equal(expected, parsed!.Render(name => $"<{name}>"));
    }

    [Theory]
    [InlineData("{{a", "'{{' at line 1, column 1 has no '}}'")]
    [InlineData("one\ntwo {{ 9a }}", "'9a' at line 2, column 5 is not a variable name")]
    [InlineData("{{}}", "'' at line 1, column 1 is not a variable name")]
    [InlineData("{{a b}}", "'a b' at line 1")]
    [InlineData("{{#if x}}", "'#if x' at line 1")]
    [InlineData("{{{a}}}", "'{a' at line 1")]
    [InlineData("{{a{{b}}", "'a{{b' at line 1")]
    public void Malformed_template_is_refused_with_its_place(string template, string expected)
    {
        Assert.False(PromptTemplate.TryParse(template, out var parsed, out var problem));
        Assert.Null(parsed);
        Assert.Contains(expected, problem, StringComparison.Ordinal);
        Assert.Contains("{{{{", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Variables_are_listed_once_in_order_of_first_use()
    {
        Assert.True(PromptTemplate.TryParse("{{b}} {{a}} {{ b }}", out var parsed, out _));
        Assert.Equal(["b", "a"], parsed!.Variables);
    }
}
