using System.Diagnostics;
using LlmOps.LocalCluster;
using Xunit;

namespace LlmOps.Cli.Tests;

/// <summary>Completions: what is offered, and that each shell's script hands it on.</summary>
public sealed class CompletionTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("completion");

    public void Dispose() => folder.Delete(recursive: true);

    [Theory]
    [InlineData("'st'", "status\tShows releases, pods, steps and gates of an LlmDeployment, or a table of all", ":4")]
    [InlineData("completion ''", "fish", ":4")]
    [InlineData("diff bot ''", "candidate", ":4")]
    [InlineData("lint ''", null, ":0")]
    [InlineData("eval bot --junit ''", null, ":0")]
    [InlineData("status --kubeconfig ''", null, ":0")]
    [InlineData("status '--wa'", "--watch\tGo on until Ctrl-C: redrawn on a terminal, else a line for each change", ":4")]
    public async Task Commands_options_and_words_are_offered(string line, string? offered, string directive)
    {
        var lines = await CompleteAsync([.. line.Split(' ').Select(w => w.Trim('\''))]);
        Assert.Equal(directive, lines[^1]);
        if (offered is not null)
            Assert.Contains(offered, lines);
    }

    [Fact]
    public async Task Names_come_from_the_cluster()
    {
        await using var desk = await Desk.BeforeAsync("canary");
        var lines = await CompleteAsync(["--kubeconfig", desk.Kubeconfig, "status", "su"], desk.Time);
        Assert.Equal(["summarizer", "support-bot", ":4"], lines);
    }

    [Theory]
    [InlineData("approve support-bot --release ''", "a2cd4d0cdd")]
    [InlineData("abort support-bot --release ''", "a2cd4d0cdd")]
    [InlineData("retry summarizer --release ''", "8888888888")]
    [InlineData("rollback support-bot --to ''", "0ldre1ea5e")]
    [InlineData("history support-bot ''", "0c1d2e3f 11112222 00001111")]
    [InlineData("diff support-bot ''", "0ldre1ea5e 3b9d56923b candidate deadbeef00 stable")]
    [InlineData("status -n ''", "default kube-public")]
    [InlineData("pause --context ''", "in-process")]
    [InlineData("approve --release ''", "")]
    [InlineData("approve nobody --release ''", "")]
    public async Task Releases_rollouts_namespaces_and_contexts_are_offered(string line, string offered)
    {
        await using var desk = await Desk.BeforeAsync("canary");
        var lines = await CompleteAsync(["--kubeconfig", desk.Kubeconfig, .. line.Split(' ').Select(w => w.Trim('\''))], desk.Time);
        Assert.Equal(":4", lines[^1]);
        var words = lines[..^1].Select(l => l.Split('\t')[0]).Where(w => !w.StartsWith('-')).ToHashSet();
        Assert.Superset(offered.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToHashSet(), words);
        if (offered.Length == 0)
            Assert.Empty(words);
    }

    [Fact]
    public async Task A_cluster_that_is_not_there_offers_nothing_and_says_nothing() =>
        Assert.Equal([":4"], await CompleteAsync(["--kubeconfig", Path.Combine(folder.FullName, "none"), "status", "su"]));

    [Theory]
    [InlineData("bash", "-c", "COMP_WORDS=(kubectl-llm s); COMP_CWORD=1; source \"$0\"; _kubectl_llm; printf '%s\\n' \"${COMPREPLY[@]}\"", "status|skip")]
    [InlineData("zsh", "-fc", "compdef() { :; }; _describe() { print -rl -- ${(P)2}; }; source $0; words=(kubectl-llm s); CURRENT=2; _kubectl_llm", "status:Shows where: all|skip")]
    [InlineData("fish", "--no-config", "-c", "source $argv[1]; complete -C 'kubectl-llm s'", "skip|status\tShows where: all")]
    public async Task A_shells_script_hands_on_what_is_offered(params string[] words) =>
        Assert.Equal(words[^1].Split('|'), await InShellAsync(words[0], words[1..^1], "[ \"$*\" = '__complete s' ] && printf 'status\\tShows where: all\\nskip\\n:4\\n'"));

    [Theory]
    [InlineData("zsh", "-fc", "compdef() { :; }; _files() { print files; }; source $0; words=(kubectl-llm lint ''); CURRENT=3; _kubectl_llm")]
    [InlineData("fish", "--no-config", "-c", "cd (dirname $argv[1]); source $argv[1]; complete -C 'kubectl-llm lint file'")]
    public async Task Where_files_are_wanted_a_shell_offers_them(params string[] words)
    {
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "files"), string.Empty);
        Assert.Equal(["files"], await InShellAsync(words[0], words[1..], "printf ':0\\n'"));
    }

    [Fact]
    public async Task Where_no_files_are_wanted_fish_offers_none()
    {
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "files"), string.Empty);
        Assert.Empty(await InShellAsync("fish", ["--no-config", "-c", "cd (dirname $argv[1]); source $argv[1]; complete -C 'kubectl-llm status file'"], "printf ':4\\n'"));
    }

    /// <summary>Sources a shell's script, whose path is the last argument, with a plugin that answers by a line of sh.</summary>
    private async Task<string[]> InShellAsync(string shell, string[] arguments, string answer)
    {
        var script = Path.Combine(folder.FullName, shell);
        var plugin = Path.Combine(folder.FullName, "kubectl-llm");
        using (var output = new StringWriter { NewLine = "\n" })
        {
            await CommandLine.RunAsync(["completion", shell], Host(output, TimeProvider.System));
            await File.WriteAllTextAsync(script, output.ToString());
        }

        await File.WriteAllTextAsync(plugin, $"#!/bin/sh\n{answer}\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(plugin, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return await RunAsync([.. await ForeignShells.CommandAsync(shell), .. arguments, script]);
    }

    private async Task<string[]> RunAsync(string[] words)
    {
        var start = new ProcessStartInfo(words[0], words[1..]) { RedirectStandardOutput = true };
        start.Environment["PATH"] = $"{folder.FullName}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["HOME"] = folder.FullName;
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static async Task<string[]> CompleteAsync(string[] words, TimeProvider? time = null)
    {
        using var output = new StringWriter { NewLine = "\n" };
        Assert.Equal(ExitCodes.Done, await CommandLine.RunAsync(["__complete", .. words], Host(output, time ?? TimeProvider.System)));
        return output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static Host Host(TextWriter output, TimeProvider time) => new() { Output = output, Error = TextWriter.Null, Environment = _ => null, Time = time };
}
