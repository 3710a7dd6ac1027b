using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using LlmOps.Bench.Gateway;
using LlmOps.LocalCluster;

namespace LlmOps.Bench;

/// <summary>The command line: which parts to measure, how long, and where to write the figures.</summary>
internal static class BenchCommand
{
    public static RootCommand Create()
    {
        var parts = new Argument<string[]>("part")
        {
            Description = $"What to measure: {string.Join(", ", BenchRun.AllParts)}. Default: all.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        parts.AcceptOnlyFromAmong([.. BenchRun.AllParts]);
        var json = new Option<string>("--json")
        {
            Description = "File for the figures.",
            DefaultValueFactory = _ => Path.Combine(Workspace.Repository, "artifacts", "bench", "results.json"),
        };
        var quick = new Option<bool>("--quick") { Description = "Fewer repetitions: under two minutes, and noisier." };
        var scaleData = new Option<string?>("--scale-data") { Description = "Folder for the cluster's data of the part scale, which takes its time to be made: kept, and used again. Default: made anew, and removed." };
        var soak = new Option<TimeSpan>("--soak") { Description = "How long the part scale goes on with rollouts to see whether memory grows, such as 30m or 90s. Default: not at all.", CustomParser = ParseLength };
        var command = new RootCommand("Measures what docs/benchmarks.md tells of, beside the budgets. Missing a budget is told, not punished; exit code 1: something could not be measured.")
        {
            parts, json, quick, scaleData, soak,
        };
        command.SetAction((parsed, ct) => BenchRun.RunAsync(parsed.GetValue(parts) ?? [], parsed.GetValue(quick), parsed.GetValue(json)!, parsed.GetValue(scaleData), parsed.GetValue(soak), ct));
        command.Subcommands.Add(Backend());
        return command;
    }

    private static TimeSpan ParseLength(ArgumentResult result)
    {
        if (result.Tokens is [{ Value: [.. var number, var unit] }] && unit is 's' or 'm' or 'h' && double.TryParse(number, CultureInfo.InvariantCulture, out var count) && count > 0)
            return unit switch { 's' => TimeSpan.FromSeconds(count), 'm' => TimeSpan.FromMinutes(count), _ => TimeSpan.FromHours(count) };
        result.AddError("--soak takes a number and s, m or h, such as 30m");
        return default;
    }

    /// <summary>The fixed-answer engine, in a process of its own so that its work is not counted as the loader's.</summary>
    private static Command Backend()
    {
        var port = new Option<int>("--port") { Required = true };
        var command = new Command("backend", "Answers every chat completion with the same text.") { port };
        command.Hidden = true;
        command.SetAction((parsed, ct) => FixedAnswerBackend.RunAsync(parsed.GetValue(port), ct));
        return command;
    }
}
