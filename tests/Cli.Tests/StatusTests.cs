using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.Cli.Tests;

/// <summary>What commands that look show: in a pipe, and on a terminal of 80 columns.</summary>
public sealed class StatusTests
{
    [Theory]
    [InlineData("status", "table", null)]
    [InlineData("status", "table-80", 80)]
    [InlineData("status -A", "table-everywhere", null)]
    [InlineData("status support-bot", "canary", null)]
    [InlineData("status support-bot", "canary-80", 80)]
    [InlineData("status summarizer", "reverted", null)]
    [InlineData("status untouched -n kube-public", "untouched", null)]
    [InlineData("explain support-bot", "explain-canary", null)]
    [InlineData("explain support-bot", "explain-canary-80", 80)]
    [InlineData("explain summarizer", "explain-reverted", null)]
    [InlineData("explain untouched -n kube-public", "explain-untouched", null)]
    [InlineData("explain support-bot -o yaml", "explain-canary-yaml", null)]
    [InlineData("history support-bot", "history", null)]
    [InlineData("history support-bot", "history-80", 80)]
    [InlineData("history support-bot 0c1d2e3f", "record", null)]
    [InlineData("history support-bot deadbeef00", "record-80", 80)]
    [InlineData("history support-bot 00001111", "record-of-the-status", null)]
    public async Task What_is_shown_is_what_was_read_over(string line, string golden, int? columns)
    {
        await using var desk = await Desk.BeforeAsync("canary");
        // Colours are the terminal's; what they stand beside is compared without.
        desk.Environment["NO_COLOR"] = "1";
        var printed = await desk.RunAsync(line, columns);
        Assert.Equal((0, ""), (printed.Code, printed.Error));
        Golden.Equal($"{golden}.txt", printed.Output);
        if (columns is { } most)
            Assert.All(printed.Output.Split('\n'), l => Assert.True(l.Length <= most, $"longer than {most} columns: {l}"));
        Assert.All(printed.Output.Where(c => c is > '~' or '\u001b'), c => Assert.Equal('→', c));
    }
}
