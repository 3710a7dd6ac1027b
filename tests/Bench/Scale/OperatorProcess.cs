using System.Globalization;
using LlmOps.Bench.Loading;
using LlmOps.Images;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using LlmOps.LocalCluster.Processes;

namespace LlmOps.Bench.Scale;

/// <summary>The operator as its image has it, compiled ahead, as a process beside the bench, with the managed heap that .NET allows itself under the chart's memory limit.</summary>
internal sealed class OperatorProcess : IAsyncDisposable
{
    /// <summary>What the chart and config/ let it have.</summary>
    public const int MemoryLimitMiB = 512;

    /// <summary>.NET's share of a container's limit for the managed heap: https://learn.microsoft.com/dotnet/core/runtime-config/garbage-collector#heap-limit</summary>
    private const double HeapShare = 0.75;

    private static readonly ImageTarget Image = ImageTarget.All.Single(target => target.Name == "operator");
    private static readonly TimeSpan SyncLimit = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false });
    private readonly ChildProcess process;
    private readonly Uri health;
    private readonly Uri metrics;

    private OperatorProcess(ChildProcess process, int healthPort, int metricsPort)
    {
        this.process = process;
        health = new($"http://127.0.0.1:{healthPort}/readyz");
        metrics = new($"http://127.0.0.1:{metricsPort}/metrics");
    }

    /// <summary>From the start of the process to the first positive <c>/readyz</c>.</summary>
    public TimeSpan InSyncAfter { get; private set; }

    public TimeSpan Cpu => ProcessUsage.Cpu(process.Pid);

    public double RssMiB => ProcessUsage.RssMiB(process.Pid);

    /// <summary>The most memory that it had so far.</summary>
    public double PeakRssMiB => ProcessUsage.PeakRssMiB(process.Pid);

    /// <summary>Compiles it into a folder.</summary>
    public static Task PublishAsync(string folder, CancellationToken ct) =>
        Publishing.PublishAsync(Image, Workspace.Repository, folder, Path.Combine(Workspace.Repository, "artifacts", "bench", "build"), "bench", ct);

    /// <summary>Starts one and waits until its caches are filled.</summary>
    /// <param name="program">Folder of the program.</param>
    /// <param name="kubeconfig">File.</param>
    /// <param name="gateway">Service of the gateways.</param>
    /// <param name="folder">For its log.</param>
    /// <param name="time">Measures.</param>
    /// <param name="ct">Ends the wait.</param>
    public static async Task<OperatorProcess> StartAsync(string program, string kubeconfig, ObjectKey gateway, string folder, TimeProvider time, CancellationToken ct)
    {
        if (LoopbackPorts.Take(2) is not [var healthPort, var metricsPort])
            throw new InvalidOperationException("no free ports");
        var started = time.GetTimestamp();
        var one = new OperatorProcess(
            await ChildProcess.StartAsync(new()
            {
                Executable = "dotnet",
                Arguments = [Path.Combine(program, $"{Image.Program}.dll"), "--kubeconfig", kubeconfig, "--namespace", gateway.Namespace, "--gateway-service", gateway.ToString(), "--health-port", Text(healthPort), "--metrics-port", Text(metricsPort)],
                Environment = new Dictionary<string, string?>
                {
                    ["LLMOPS_BIND_ADDRESS"] = "127.0.0.1",
                    ["DOTNET_GCHeapHardLimit"] = ((long)(HeapShare * MemoryLimitMiB) << 20).ToString("x", CultureInfo.InvariantCulture),
                },
                LogFile = Path.Combine(folder, "operator.log"),
            }),
            healthPort,
            metricsPort);
        try
        {
            while (!await one.IsReadyAsync(ct))
            {
                if (one.process.Exited.IsCompleted || time.GetElapsedTime(started) > SyncLimit)
                    throw new InvalidOperationException($"the operator is not in sync after {time.GetElapsedTime(started).TotalSeconds:0} s:\n{one.process.LogTail()}");
                await Task.Delay(Poll, time, ct);
            }

            one.InSyncAfter = time.GetElapsedTime(started);
            return one;
        }
        catch
        {
            await one.DisposeAsync();
            throw;
        }
    }

    public async Task<Exposition> MetricsAsync(CancellationToken ct) => new(await http.GetStringAsync(metrics, ct));

    /// <summary>What it read from the API server since its start: requests, and watches that it began.</summary>
    public async Task<double> ReadsAsync(CancellationToken ct) =>
        (await MetricsAsync(ct)).Sum("rest_client_requests_total", labels => new[] { "get", "list", "watch" }.Any(verb => labels.Contains($"verb=\"{verb}\"", StringComparison.Ordinal)));

    /// <summary>The managed heap after its last collection; NaN where the operator does not tell.</summary>
    public async Task<double> HeapMiBAsync(CancellationToken ct)
    {
        var bytes = (await MetricsAsync(ct)).Sum("dotnet_gc_last_collection_heap_size_bytes", labels => !labels.Contains("poh", StringComparison.Ordinal));
        return bytes > 0 ? bytes / (1 << 20) : double.NaN;
    }

    public async ValueTask DisposeAsync()
    {
        await process.StopAsync(TimeSpan.FromSeconds(10));
        await process.DisposeAsync();
        http.Dispose();
    }

    private async Task<bool> IsReadyAsync(CancellationToken ct)
    {
        try
        {
            using var answer = await http.GetAsync(health, ct);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
