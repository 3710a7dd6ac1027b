using Xunit;

namespace LlmOps.Cli.Tests;

/// <summary>What two releases differ in, and that nothing secret is among it.</summary>
public sealed class DiffTests
{
    [Theory]
    [InlineData("diff support-bot", "diff", null)]
    [InlineData("diff support-bot stable cand1", "diff-80", 80)]
    public async Task What_differs_is_shown_by_what_it_is(string line, string golden, int? columns)
    {
        await using var desk = await Desk.BeforeAsync("releases");
        desk.Environment["NO_COLOR"] = "1";
        var printed = await desk.RunAsync(line, columns);
        Assert.Equal((0, ""), (printed.Code, printed.Error));
        Golden.Equal($"{golden}.txt", printed.Output);
        Assert.DoesNotContain("hush", printed.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("diff support-bot stable stable --exit-code", 0)]
    [InlineData("diff support-bot --exit-code", 1)]
    [InlineData("diff support-bot nothing", 2)]
    [InlineData("diff support-bot c s --exit-code", 1)]
    public async Task A_script_learns_whether_they_differ(string line, int code)
    {
        await using var desk = await Desk.BeforeAsync("releases");
        Assert.Equal(code, (await desk.RunAsync(line)).Code);
    }
}
