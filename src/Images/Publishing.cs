using System.Diagnostics;

namespace LlmOps.Images;

/// <summary>Commands of the build: <c>dotnet publish</c> and the script that fetches the root file system.</summary>
internal static class Publishing
{
    /// <summary>How every program is compiled, here and in the Dockerfile: ahead, without symbols. Analyzers are for make lint.</summary>
    public static IReadOnlyList<string> Options { get; } =
    [
        "-c", "Release", "--self-contained", "false", "-p:PublishReadyToRun=true", "-p:DebugType=none", "-p:GenerateDocumentationFile=false", "-p:RunAnalyzers=false", "-p:EnforceCodeStyleInBuild=false",
    ];

    /// <summary>Publishes a program, compiled ahead and without .NET itself, into a folder, which is emptied first.</summary>
    /// <param name="target">The program.</param>
    /// <param name="repository">Root of the repository.</param>
    /// <param name="into">Where its files go.</param>
    /// <param name="build">Folder of what is compiled on the way: not that of other builds, whose programs may be running.</param>
    /// <param name="revision">Commit that is built.</param>
    /// <param name="ct">Ends the wait.</param>
    /// <exception cref="InvalidOperationException">It does not compile; what the compiler said is in the message.</exception>
    public static Task PublishAsync(ImageTarget target, string repository, string into, string build, string revision, CancellationToken ct)
    {
        if (Directory.Exists(into))
            Directory.Delete(into, recursive: true);
        string[] arguments =
        [
            "publish", Path.Combine(repository, target.Project), .. Options, "-r", DotnetRuntime.Identifier, "-o", into, "--artifacts-path", build, $"-p:SourceRevisionId={revision}", "-v", "quiet", "--nologo",
        ];
        return RunAsync("dotnet", arguments, ct);
    }

    /// <summary>Fetches the root file system under all images into a folder, once.</summary>
    /// <exception cref="InvalidOperationException">It cannot be had; why is in the message.</exception>
    public static Task FetchBaseAsync(string repository, string into, CancellationToken ct) => RunAsync("bash", [Path.Combine(repository, "src", "Images", "base", "fetch.sh"), into], ct);

    private static async Task RunAsync(string command, IEnumerable<string> arguments, CancellationToken ct)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(ct), process.StandardError.ReadToEndAsync(ct));
        await process.WaitForExitAsync(ct);
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{command} {string.Join(' ', arguments)} failed:\n{await output}{await errors}");
    }
}
