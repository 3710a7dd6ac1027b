using System.Text.Json;
using LlmOps.Api;
using LlmOps.Evaluator.Scorers;
using Xunit;

namespace LlmOps.Evaluator.Tests;

public sealed class ScorerTests
{
    [Theory]
    [InlineData("Yes", "\"yes\"", true)]
    [InlineData(" yes ", "\"yes\"", true)]
    [InlineData("yes!", "\"yes\"", false)]
    [InlineData("b", "[\"a\", \"b\"]", true)]
    [InlineData("18", "18", true)]
    public void Equals_compares_whole_answers(string answer, string expected, bool passes) =>
        Assert.Equal(passes, Passes(new() { Name = "s", Type = "equals", Expected = "e" }, answer, expected));

    [Fact]
    public void Equals_heeds_case_where_asked() =>
        Assert.False(Passes(new() { Name = "s", Type = "equals", Expected = "e", CaseSensitive = true }, "Yes", "\"yes\""));

    [Theory]
    [InlineData("Click Forgot Password below", "\"forgot password\"", true)]
    [InlineData("Click below", "\"forgot password\"", false)]
    [InlineData("red and blue", "[\"red\", \"blue\"]", true)]
    [InlineData("red and green", "[\"red\", \"blue\"]", false)]
    public void Contains_finds_all_expected_texts(string answer, string expected, bool passes) =>
        Assert.Equal(passes, Passes(new() { Name = "s", Type = "contains", Expected = "e" }, answer, expected));

    [Theory]
    [InlineData("order 1234", true)]
    [InlineData("order", false)]
    public void Regex_matches_somewhere(string answer, bool passes) =>
        Assert.Equal(passes, Passes(new() { Name = "s", Type = "regex", Pattern = "[0-9]{4}" }, answer, null));

    [Theory]
    [InlineData("so it is 1,234.5 in all", "1234.4", 0.2, true)]
    [InlineData("so it is 1,234.5 in all", "1234.4", 0.05, false)]
    [InlineData("first 7, then 18", "18", 0, true)]
    [InlineData("none", "18", 0, false)]
    [InlineData("-3", "-3", 0, true)]
    public void NumericTolerance_takes_the_last_number(string answer, string expected, double tolerance, bool passes) =>
        Assert.Equal(passes, Passes(new() { Name = "s", Type = "numericTolerance", Expected = "e", Tolerance = tolerance }, answer, expected));

    [Theory]
    [InlineData("{\"a\": 1}", true)]
    [InlineData("```json\n{\"a\": 1}\n```", true)]
    [InlineData("Here you are: {\"a\": 1}", false)]
    public void IsJson_wants_one_value(string answer, bool passes) =>
        Assert.Equal(passes, Passes(new() { Name = "s", Type = "isJson" }, answer, null));

    [Theory]
    [InlineData("words", 1, 3, "one two three", true)]
    [InlineData("words", 1, 2, "one two three", false)]
    [InlineData("characters", 4, 9, "abc", false)]
    [InlineData("tokens", 0, 5, "x", false)]
    public void Length_counts_its_unit(string unit, int min, int max, string answer, bool passes) =>
        Assert.Equal(passes, Passes(new() { Name = "s", Type = "length", Unit = unit, Min = min, Max = max }, answer, null, answerTokens: 6));

    [Theory]
    [InlineData("A: 3\nso\nA: 26", "26")]
    [InlineData("no final answer", null)]
    public void Extract_takes_the_last_match(string answer, string? expected) =>
        Assert.Equal(expected, AnswerExtraction.Extract(Patterns.Compile("s", "extract", "A:\\s*(.*)"), answer));

    [Fact]
    public void An_expression_that_could_run_away_is_refused_with_a_reason()
    {
        var refused = Assert.Throws<ArgumentException>(() => ScorerRegistry.Create(new() { Name = "s", Type = "regex", Pattern = "(a+)\\1" }));
        Assert.Contains("scorer s: pattern cannot be used", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_type_is_refused_and_the_known_ones_are_named()
    {
        var refused = Assert.Throws<ArgumentException>(() => ScorerRegistry.Create(new() { Name = "s", Type = "vibes" }));
        Assert.Contains("contains, equals, isJson, length, numericTolerance, regex", refused.Message, StringComparison.Ordinal);
    }

    private static bool Passes(ScorerSpec spec, string answer, string? expected, int answerTokens = 0)
    {
        JsonElement? value = expected is null ? null : JsonDocument.Parse(expected).RootElement;
        return ScorerRegistry.Create(spec)(new Scored(answer.Trim(), value, answerTokens)) is null;
    }
}
