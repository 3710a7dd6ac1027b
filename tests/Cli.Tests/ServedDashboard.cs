using LlmOps.Testing;
using Xunit;

namespace LlmOps.Cli.Tests;

/// <summary>A dashboard that was started before the canary of the scenes.</summary>
internal sealed class ServedDashboard : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly CancellationTokenSource stop = new();
    private readonly StringWriter output = new() { NewLine = "\n" };
    private Task<int> running = Task.FromResult(ExitCodes.Done);

    private ServedDashboard(Desk desk) => Desk = desk;

    public Desk Desk { get; }

    /// <summary>What it printed: with the secret.</summary>
    public Uri Address { get; private set; } = null!;

    public string Token => Address.Fragment["#token=".Length..];

    public static async Task<ServedDashboard> StartAsync()
    {
        var served = new ServedDashboard(await Desk.BeforeAsync("canary"));
        served.Desk.Server.InstallYaml(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "tests", "Cli.Tests", "Scenes", "dashboard.yaml")));
        var writer = TextWriter.Synchronized(served.output);
        served.running = CommandLine.RunAsync(["dashboard", "--kubeconfig", served.Desk.Kubeconfig], served.Desk.Host(writer, TextWriter.Null, null), served.stop.Token);
        await Eventually.TrueAsync(() => served.running.IsCompleted || served.Said(writer).EndsWith('\n'), Patience, "the address is printed");
        served.Address = new(served.Said(writer).Trim());
        return served;
    }

    /// <summary>As Ctrl-C does.</summary>
    public async Task EndAsync()
    {
        await stop.CancelAsync();
        Assert.Equal(ExitCodes.Done, await running.WaitAsync(Patience));
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        await Desk.DisposeAsync();
        stop.Dispose();
        await output.DisposeAsync();
    }

    private string Said(TextWriter writer)
    {
        // What a synchronized writer locks is itself.
        lock (writer)
            return output.ToString();
    }
}
