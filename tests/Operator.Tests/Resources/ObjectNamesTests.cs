using LlmOps.Operator.Resources;
using Xunit;

namespace LlmOps.Operator.Tests.Resources;

public sealed class ObjectNamesTests
{
    [Fact]
    public void A_short_name_is_kept_as_it_is()
    {
        Assert.Equal("support-bot-0123456789", ObjectNames.Serving("support-bot", "0123456789"));
        Assert.Matches("^support-bot-0a1b2c3d-0-[0-9a-f]{4}$", ObjectNames.EvalRun("support-bot", "0a1b2c3d", 0, "quality", 1));
        Assert.Equal($"{ObjectNames.EvalRun("support-bot", "0a1b2c3d", 0, "quality", 1)}-2", ObjectNames.EvalRun("support-bot", "0a1b2c3d", 0, "quality", 2));
        Assert.NotEqual(ObjectNames.EvalRun("support-bot", "0a1b2c3d", 0, "quality", 1), ObjectNames.EvalRun("support-bot", "0a1b2c3d", 0, "safety", 1));
    }

    [Theory]
    [InlineData("a.name.with.dots")]
    [InlineData("7-starts-with-a-digit")]
    [InlineData("a-name-that-is-so-long-that-no-label-can-hold-it-with-a-hash-behind-it-and-more")]
    public void Any_other_name_becomes_a_DNS_label_of_its_own(string name)
    {
        var first = ObjectNames.Serving(name, "0123456789");
        Assert.Matches("^[a-z]([a-z0-9-]{0,61}[a-z0-9])$", first);
        Assert.NotEqual(first, ObjectNames.Serving(name + "x", "0123456789"));
        Assert.Equal(first, ObjectNames.Serving(name, "0123456789"));
        Assert.InRange(ObjectNames.LabelValue(name).Length, 1, 63);
    }
}
