using System.Globalization;
using LlmOps.Bench.Loading;
using LlmOps.Demo.Cluster;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using LlmOps.LocalCluster.Nodes.Kubelet;
using LlmOps.LocalCluster.Processes;

namespace LlmOps.Bench.Gateway;

/// <summary>One way to the engine.</summary>
/// <param name="Pid">The proxy's process; null where nothing is in between.</param>
/// <param name="Json">Base address for whole answers.</param>
/// <param name="Streams">Base address for streams; nginx buffers on the other one.</param>
internal sealed record ProxyPath(string Name, int? Pid, Uri Json, Uri Streams)
{
    public const string Direct = "direct";
    public const string Nginx = "nginx";
    public const string Gateway = "gateway";
}

/// <summary>
/// The fixed-answer engine, nginx before it, and the gateway as it ships before it: its own process, with informers on a real API server.
/// All end with this object.
/// </summary>
internal sealed class GatewayBed : IAsyncDisposable
{
    private static readonly TimeSpan ReadyLimit = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan EndsWithin = TimeSpan.FromSeconds(2);
    private readonly List<ChildProcess> processes = [];
    private readonly string folder = Workspace.CreateRunDirectory("bench");
    private ControlPlane? plane;

    private GatewayBed()
    {
    }

    public IReadOnlyList<ProxyPath> Paths { get; private set; } = [];

    /// <summary>Holds the body of the JSON request, for wrk.</summary>
    public string BodyFile => Path.Combine(folder, "body.json");

    public static async Task<GatewayBed> StartAsync(Yardsticks yardsticks, BenchContext context, CancellationToken ct)
    {
        var bed = new GatewayBed();
        try
        {
            await bed.StartPartsAsync(yardsticks, context, ct);
            return bed;
        }
        catch
        {
            await bed.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in processes)
        {
            await process.StopAsync(EndsWithin);
            await process.DisposeAsync();
        }

        if (plane is not null)
            await plane.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private async Task StartPartsAsync(Yardsticks yardsticks, BenchContext context, CancellationToken ct)
    {
        await File.WriteAllBytesAsync(BodyFile, ChatRequest.Body(stream: false), ct);
        if (LoopbackPorts.Take(5) is not [var engine, var nginx, var nginxStreams, var gateway, var admin])
            throw new InvalidOperationException("no free ports");
        plane = await ControlPlane.StartAsync(log: context.Say, ct: ct);
        using var client = new KubernetesClient(KubernetesClientConfiguration.Load(plane.KubeconfigPath));
        var kubectl = new Kubectl(plane.KubeconfigPath);
        await kubectl.ApplyAsync(Path.Combine(Workspace.Repository, "crds"), null, ct);
        await kubectl.EstablishedAsync(ct, "crd", "--all");
        await RouteObjects.CreateAsync(client, engine, ct);

        var self = ImageCatalog.Built("Bench");
        await StartAsync("engine", self.Executable, [.. self.Arguments, "backend", "--port", Text(engine)]);
        // nginx's workers outlive a master that is killed, but not one that is asked to end: when this process dies, the kernel asks.
        string[] asked = ["--pdeathsig", "TERM", "--", yardsticks.Nginx.Executable, .. yardsticks.Nginx.Arguments];
        var proxy = await StartAsync("nginx", "setpriv", [.. asked, "-c", await WriteNginxConfigurationAsync(engine, nginx, nginxStreams, ct)]);
        var program = ImageCatalog.Built("Gateway");
        var ours = await StartAsync("gateway", program.Executable,
            [.. program.Arguments, "--kubeconfig", plane.KubeconfigPath, "--bind", "127.0.0.1", "--client-port", Text(gateway), "--admin-port", Text(admin)]);
        Paths =
        [
            new(ProxyPath.Direct, null, Local(engine), Local(engine)),
            new(ProxyPath.Nginx, proxy.Pid, Local(nginx), Local(nginxStreams)),
            new(ProxyPath.Gateway, ours.Pid, Local(gateway), Local(gateway)),
        ];
        foreach (var (path, process) in Paths.Zip(processes))
            await WaitReadyAsync(path, process, context.Time, ct);
        await CheckSplitAsync(Local(gateway), ct);
    }

    private async Task<ChildProcess> StartAsync(string name, string executable, IReadOnlyList<string> arguments)
    {
        var process = await ChildProcess.StartAsync(new() { Executable = executable, Arguments = arguments, LogFile = Path.Combine(folder, $"{name}.log") });
        processes.Add(process);
        return process;
    }

    private async Task<string> WriteNginxConfigurationAsync(int engine, int port, int streamPort, CancellationToken ct)
    {
        var text = (await File.ReadAllTextAsync(Yardsticks.Source("nginx.conf"), ct))
            .Replace("BACKEND", Text(engine), StringComparison.Ordinal)
            .Replace("STREAM_PORT", Text(streamPort), StringComparison.Ordinal)
            .Replace("PORT", Text(port), StringComparison.Ordinal)
            .Replace("DIRECTORY", folder, StringComparison.Ordinal);
        var file = Path.Combine(folder, "nginx.conf");
        await File.WriteAllTextAsync(file, text, ct);
        return file;
    }

    private static async Task WaitReadyAsync(ProxyPath path, ChildProcess process, TimeProvider time, CancellationToken ct)
    {
        using var http = ChatRequest.Client();
        var started = time.GetTimestamp();
        var last = "no answer";
        while (time.GetElapsedTime(started) < ReadyLimit && !process.Exited.IsCompleted)
        {
            try
            {
                using var request = ChatRequest.Create(path.Json, ChatRequest.Body(stream: false), 0);
                using var response = await http.SendAsync(request, ct);
                if (response.IsSuccessStatusCode)
                    return;
                last = $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync(ct)}";
            }
            catch (HttpRequestException failure)
            {
                last = failure.Message;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), time, ct);
        }

        throw new InvalidOperationException($"{path.Name} does not answer: {last}\n{process.LogTail()}");
    }

    /// <summary>What is measured must be what is claimed: both releases answer, at about the weight.</summary>
    private static async Task CheckSplitAsync(Uri gateway, CancellationToken ct)
    {
        const int Sessions = 400;
        using var http = ChatRequest.Client();
        var candidate = 0;
        for (var i = 0; i < Sessions; i++)
        {
            using var request = ChatRequest.Create(gateway, ChatRequest.Body(stream: false), i);
            using var response = await http.SendAsync(request, ct);
            if (response.Headers.TryGetValues("x-llmops-track", out var track) && track.First() == "candidate")
                candidate++;
        }

        var percent = 100.0 * candidate / Sessions;
        if (Math.Abs(percent - RouteObjects.CandidateWeight) > 10)
            throw new InvalidOperationException($"the candidate has a weight of {RouteObjects.CandidateWeight} % and answered {percent:0} % of {Sessions} sessions");
    }

    private static Uri Local(int port) => new($"http://127.0.0.1:{Text(port)}");

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
