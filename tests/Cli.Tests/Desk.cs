using LlmOps.Testing;

namespace LlmOps.Cli.Tests;

/// <summary>A person's shell before a cluster: the in-process API server with the CRDs and a scene in it, a kubeconfig that leads there, and a clock that stands at 12:00.</summary>
internal sealed class Desk : IAsyncDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("kubectl-llm");

    private Desk(InProcessApiServer server, ManualTime time) => (Server, Time) = (server, time);

    public InProcessApiServer Server { get; }

    public ManualTime Time { get; }

    public string Kubeconfig => Path.Combine(folder.FullName, "config");

    /// <summary>Environment of the commands.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    public static async Task<Desk> BeforeAsync(string? scene)
    {
        var time = new ManualTime(new DateTimeOffset(2026, 7, 1, 12, 0, 0, TimeSpan.Zero));
        var server = await InProcessApiServer.StartAsync(new() { Time = time });
        server.InstallCrds(Path.Combine(Repository.Root, "crds"));
        if (scene is not null)
            server.InstallYaml(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "tests", "Cli.Tests", "Scenes", $"{scene}.yaml")));
        var desk = new Desk(server, time);
        server.WriteKubeconfig(desk.Kubeconfig);
        return desk;
    }

    /// <summary>Runs a command line as it would be typed after <c>kubectl llm</c>.</summary>
    /// <param name="line">Words with a space between them; single quotes keep words together.</param>
    /// <param name="columns">Columns of a terminal; null for a pipe.</param>
    /// <param name="ct">Ends it, as Ctrl-C does.</param>
    public Task<Printed> RunAsync(string line, int? columns = null, CancellationToken ct = default) => RunAsync(Words(line), columns, ct);

    public async Task<Printed> RunAsync(string[] words, int? columns = null, CancellationToken ct = default)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var code = await CommandLine.RunAsync([.. words, "--kubeconfig", Kubeconfig], Host(TextWriter.Synchronized(output), TextWriter.Synchronized(error), columns), ct);
        return new(code, output.ToString(), error.ToString());
    }

    public Host Host(TextWriter output, TextWriter error, int? columns) => new() { Output = output, Error = error, Columns = columns, Environment = name => Environment.GetValueOrDefault(name), Time = Time };

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        folder.Delete(recursive: true);
    }

    private static string[] Words(string line) => [.. line.Split('\'').SelectMany((part, i) => i % 2 == 1 ? [part] : part.Split(' ', StringSplitOptions.RemoveEmptyEntries))];
}

/// <summary>What a command said.</summary>
internal sealed record Printed(int Code, string Output, string Error);
