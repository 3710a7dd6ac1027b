using System.Text.Json;
using Xunit;

namespace LlmOps.Api.Tests;

/// <summary>Durations and percentages: what people write, and what is written back.</summary>
public sealed class QuantityTextTests
{
    [Theory]
    [InlineData("0s", 0, "0s")]
    [InlineData("250ms", 250, "250ms")]
    [InlineData("90s", 90_000, "1m30s")]
    [InlineData("1.5h", 5_400_000, "1h30m")]
    [InlineData("1h30m", 5_400_000, "1h30m")]
    [InlineData("1m0.5s", 60_500, "1m500ms")]
    [InlineData("720h", 2_592_000_000, "720h")]
    [InlineData("100000h", 315_360_000_000, "87600h")]
    [InlineData("9999999999999999999999999999999999999999999999999999999999999h", 315_360_000_000, "87600h")]
    public void Duration_is_read_and_written_back(string text, double milliseconds, string written)
    {
        Assert.True(Duration.TryParse(text, out var duration));
        Assert.Equal(milliseconds, duration.Value.TotalMilliseconds);
        Assert.Equal(written, duration.ToString());
        Assert.True(Duration.TryParse(written, out var again));
        Assert.Equal(duration, again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("-5s")]
    [InlineData("5 s")]
    [InlineData("5d")]
    [InlineData("1..5s")]
    [InlineData(".5s")]
    [InlineData("5.s")]
    public void Text_that_is_no_duration_is_refused(string text) => Assert.False(Duration.TryParse(text, out _));

    [Theory]
    [InlineData("0%", 0, "0%")]
    [InlineData("1%", 0.01, "1%")]
    [InlineData("0.5%", 0.005, "0.5%")]
    [InlineData("0.0125%", 0.000125, "0.0125%")]
    [InlineData("33.3333%", 0.333333, "33.3333%")]
    [InlineData("100%", 1, "100%")]
    public void Percentage_is_read_and_written_back(string text, double fraction, string written)
    {
        Assert.True(Percentage.TryParse(text, out var percentage));
        Assert.Equal(fraction, percentage.Fraction, 12);
        Assert.Equal(written, percentage.ToString());
    }

    [Theory]
    [InlineData("1")]
    [InlineData("%")]
    [InlineData("101%")]
    [InlineData("-1%")]
    [InlineData("1e1%")]
    [InlineData("NaN%")]
    public void Text_that_is_no_percentage_is_refused(string text) => Assert.False(Percentage.TryParse(text, out _));

    [Fact]
    public void A_value_that_is_none_fails_the_object_and_not_the_process()
    {
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize("""{"maxDuration":"soon"}""", ApiJson.Default.BudgetSpec));
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize("""{"falseRevertProbability":"few"}""", ApiJson.Default.AnalysisSpec));
    }
}
