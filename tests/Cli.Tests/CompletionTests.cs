using System.Diagnostics;
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

    [Fact]
    public async Task A_cluster_that_is_not_there_offers_nothing_and_says_nothing() =>
        Assert.Equal([":4"], await CompleteAsync(["--kubeconfig", Path.Combine(folder.FullName, "none"), "status", "su"]));

    [Theory]
    [InlineData("bash", "-c", "COMP_WORDS=(kubectl-llm s); COMP_CWORD=1; source \"$0\"; _kubectl_llm; printf '%s\\n' \"${COMPREPLY[@]}\"", "status|skip")]
    [InlineData("zsh", "-fc", "compdef() { :; }; _describe() { print -rl -- ${(P)2}; }; source $0; words=(kubectl-llm s); CURRENT=2; _kubectl_llm", "status:Shows where: all|skip")]
    [InlineData("fish", "--no-config", "-c", "source $argv[1]; complete -C 'kubectl-llm s'", "skip|status\tShows where: all")]
    public async Task A_shells_script_hands_on_what_is_offered(params string[] words)
    {
        var shell = words[0];
        // Debian has no other shell than bash at first; the scripts of the others are tried where they are.
        if (!Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(p => File.Exists(Path.Combine(p, shell))))
        {
            Assert.NotEqual("bash", shell);
            return;
        }

        var script = Path.Combine(folder.FullName, shell);
        var plugin = Path.Combine(folder.FullName, "kubectl-llm");
        using (var output = new StringWriter { NewLine = "\n" })
        {
            await CommandLine.RunAsync(["completion", shell], Host(output, TimeProvider.System));
            await File.WriteAllTextAsync(script, output.ToString());
        }

        await File.WriteAllTextAsync(plugin, "#!/bin/sh\n[ \"$*\" = '__complete s' ] && printf 'status\\tShows where: all\\nskip\\n:4\\n'\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(plugin, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Assert.Equal(words[^1].Split('|'), await RunAsync([.. words[..^1], script]));
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
