using System.CommandLine;
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
        var command = new RootCommand("Measures what docs/benchmarks.md tells of, beside the budgets. Missing a budget is told, not punished; exit code 1: something could not be measured.")
        {
            parts, json, quick, scaleData,
        };
        command.SetAction((parsed, ct) => BenchRun.RunAsync(parsed.GetValue(parts) ?? [], parsed.GetValue(quick), parsed.GetValue(json)!, parsed.GetValue(scaleData), ct));
        command.Subcommands.Add(Backend());
        return command;
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
