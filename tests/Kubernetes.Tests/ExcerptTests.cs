using System.Text;
using Xunit;

namespace LlmOps.Kubernetes.Tests;

public sealed class ExcerptTests
{
    [Theory]
    [InlineData("short", 10, "short")]
    [InlineData("0123456789", 10, "0123456789")]
    [InlineData("0123456789a", 10, "012345678…")]
    [InlineData("12345678🙂🙂", 10, "12345678…")]
    [InlineData("1234567🙂🙂🙂", 10, "1234567🙂…")]
    [InlineData("🙂🙂", 2, "…")]
    [InlineData("🙂", 1, "…")]
    [InlineData("ab", 1, "…")]
    public void A_text_is_cut_between_characters(string text, int most, string expected) => Assert.Equal(expected, Excerpt.Of(text, most));

    [Theory]
    [InlineData("short", "short")]
    [InlineData("0123456789", "0123456789")]
    [InlineData("0123456789a", "0123456…")]
    [InlineData("äääääääää", "äää…")]
    [InlineData("123456🙂🙂", "123456…")]
    public void A_text_of_so_many_bytes_is_cut_between_characters(string text, string expected)
    {
        var cut = Excerpt.OfBytes(text, 10);
        Assert.Equal(expected, cut);
        Assert.True(Encoding.UTF8.GetByteCount(cut) <= 10);
    }

    [Fact]
    public void What_others_wrote_becomes_one_line()
    {
        Assert.Null(Excerpt.Line(" \r\n "));
        Assert.Equal("<h1> Bad gateway", Excerpt.Line("<h1>\nBad gateway\n"));
        Assert.Equal(Excerpt.LineLength, Excerpt.Line(new string('x', 1000))!.Length);
    }

    [Fact]
    public void Whatever_is_cut_wherever_is_stored_as_it_was_written()
    {
        var text = string.Concat(Enumerable.Repeat("a🙂é👩‍👩‍👧𝕏", 20));
        for (var most = 1; most <= text.Length; most++)
        {
            Assert.Equal(Excerpt.Of(text, most), Stored(Excerpt.Of(text, most)));
            Assert.True(Excerpt.Of(text, most).Length <= most);
        }
    }

    private static string Stored(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
}
