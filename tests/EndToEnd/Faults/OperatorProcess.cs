using System.Diagnostics;
using LlmOps.LocalCluster;
using LlmOps.LocalCluster.Nodes.Kubelet;
using LlmOps.LocalCluster.Processes;
using LlmOps.Testing;

namespace LlmOps.EndToEnd.Faults;

/// <summary>The operator as a process of its own, for one namespace.</summary>
internal sealed class OperatorProcess : IAsyncDisposable
{
    /// <summary>Where the logs of all operators are.</summary>
    public static readonly string Logs = Directory.CreateTempSubdirectory("operators").FullName;

    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(5) };

    private readonly ChildProcess process;
    private readonly int[] ports;

    private OperatorProcess(ChildProcess process, int[] ports) => (this.process, this.ports) = (process, ports);

    /// <summary>Completes with the exit code.</summary>
    public Task<int> Exited => process.Exited;

    public string LogTail => process.LogTail(40);

    /// <summary>Where Prometheus finds its metrics.</summary>
    public string MetricsAddress => $"127.0.0.1:{ports[1]}";

    /// <param name="identity">In the lease.</param>
    /// <param name="kubeconfig">Where its API server is.</param>
    /// <param name="ns">Namespace of its lease, its gateways and its LlmDeployments.</param>
    /// <param name="lease">Flags of the lease, beside what is the default; null for an operator that does not wait for one.</param>
    public static async Task<OperatorProcess> StartAsync(string identity, string kubeconfig, string ns, IReadOnlyList<string>? lease = null)
    {
        var program = ImageCatalog.Built("Operator");
        var ports = LoopbackPorts.Take(2);
        var child = await ChildProcess.StartAsync(new()
        {
            Executable = program.Executable,
            Arguments =
            [
                .. program.Arguments, "--kubeconfig", kubeconfig, "--namespace", ns, "--watch-namespace", ns, "--gateway-service", $"{ns}/{FaultScene.GatewayService}",
                "--health-port", $"{ports[0]}", "--metrics-port", $"{ports[1]}", .. lease ?? ["--leader-elect=false"],
            ],
            Environment = new Dictionary<string, string?> { ["POD_NAME"] = identity, ["POD_NAMESPACE"] = null },
            LogFile = Path.Combine(Logs, $"{identity}-{ns}-{ports[0]}.log"),
        });
        return new(child, ports);
    }

    /// <summary>SIGKILL; returns when it is gone.</summary>
    public Task KillAsync() => process.StopAsync(TimeSpan.Zero);

    /// <summary>SIGTERM; returns the exit code and how long it took.</summary>
    public async Task<(int Code, TimeSpan Took)> TerminateAsync()
    {
        var start = Stopwatch.GetTimestamp();
        process.Terminate();
        var code = await process.Exited.WaitAsync(FaultBed.Patience);
        return (code, Stopwatch.GetElapsedTime(start));
    }

    /// <summary>SIGSTOP.</summary>
    public void Freeze() => process.Freeze();

    /// <summary>SIGCONT.</summary>
    public void Wake() => process.Wake();

    /// <summary>Waits until its caches are filled and it leads, or stands by.</summary>
    public Task UntilAsync(bool leads, CancellationToken ct) => Eventually.TrueAsync(
        async c =>
        {
            using var ready = await Http.GetAsync(new Uri($"http://127.0.0.1:{ports[0]}/readyz"), c);
            return ready.IsSuccessStatusCode && await LeadsAsync(c) == leads;
        },
        FaultBed.Patience,
        () => $"the operator to {(leads ? "lead" : "stand by")}; its log ends:\n{LogTail}",
        ct);

    public ValueTask DisposeAsync() => process.DisposeAsync();

    /// <summary>Whether its metrics have one of this name.</summary>
    public async Task<bool> HasMetricAsync(string name, CancellationToken ct) => (await MetricsAsync(ct)).Any(line => line.StartsWith(name, StringComparison.Ordinal));

    private async Task<bool> LeadsAsync(CancellationToken ct) =>
        (await MetricsAsync(ct)).Any(line => line.StartsWith("leader_election_master_status", StringComparison.Ordinal) && line.EndsWith(" 1", StringComparison.Ordinal));

    private async Task<string[]> MetricsAsync(CancellationToken ct) => (await Http.GetStringAsync(new Uri($"http://{MetricsAddress}/metrics"), ct)).Split('\n');
}
