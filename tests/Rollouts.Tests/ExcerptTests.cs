using System.Text;
using Xunit;

namespace LlmOps.Rollouts.Tests;

public sealed class ExcerptTests
{
    [Theory]
    [InlineData("short", 10, "short")]
    [InlineData("0123456789a", 10, "012345678…")]
    [InlineData("12345678🙂🙂", 10, "12345678…")]
    [InlineData("1234567🙂🙂🙂", 10, "1234567🙂…")]
    public void A_text_is_cut_between_characters(string text, int most, string expected) => Assert.Equal(expected, Excerpt.Of(text, most));

    [Fact]
    public void A_message_of_any_length_and_a_step_with_any_name_are_read_back_as_they_were_written()
    {
        for (var before = 0; before < 4; before++)
        {
            var text = new string('a', before) + string.Concat(Enumerable.Repeat("🙂", 1000));
            foreach (var cut in new[] { Excerpt.Of(text), new GateStep(text).ToString() })
                Assert.Equal(cut, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(cut)));
        }
    }
}
