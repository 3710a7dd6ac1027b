using LlmOps.Api;
using LlmOps.Demo.Cluster;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmOps.Bench.Scale;

/// <summary>A real API server with the objects of a large cluster, and what plays its pods and its gateway. All ends with this object.</summary>
internal sealed class ScaleBed : IAsyncDisposable
{
    private const int Writers = 24;

    /// <summary>
    /// The control plane's garbage collectors run rarely. On the operator's two cores, with the API server's three to five gigabytes of objects, each takes seconds and makes every write of that time take tens of milliseconds;
    /// a control plane of a cluster this large has cores of its own.
    /// </summary>
    private static readonly Dictionary<string, string?> RareCollections = new() { ["GOGC"] = "400", ["GOMEMLIMIT"] = "12GiB" };

    private static readonly ObjectKey GatewayService = new("llmops-system", "bench-gateway");

    private readonly string folder = Workspace.CreateRunDirectory("bench-scale");
    private readonly CancellationTokenSource stop = new();
    private readonly BenchContext context;
    private readonly List<Task> running = [];
    private ControlPlane plane = null!;
    private StandIns standIns = null!;
    private FakeKubelets kubelets = null!;

    private ScaleBed(ScaleSize size, BenchContext context) => (Size, this.context) = (size, context);

    public ScaleSize Size { get; }

    private string Program => Path.Combine(folder, "operator");

    /// <summary>Whether an earlier run made the objects already.</summary>
    public bool IsFilled { get; private set; }

    public KubernetesClient Client { get; private set; } = null!;

    /// <summary>What the API server has of the LlmDeployments, as a watch brings it.</summary>
    public Informer<LlmDeployment> Deployments { get; private set; } = null!;

    /// <summary>Snapshots of releases: the first that is written of a new one.</summary>
    public Informer<ControllerRevision> Revisions { get; private set; } = null!;

    public static async Task<ScaleBed> StartAsync(ScaleSize size, BenchContext context, CancellationToken ct)
    {
        var bed = new ScaleBed(size, context);
        try
        {
            await bed.StartPartsAsync(ct);
            return bed;
        }
        catch
        {
            await bed.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until the control plane has done what it does by itself, such as looking at thousands of new objects' owners: it runs on the same cores.</summary>
    public async Task SettleAsync(CancellationToken ct)
    {
        const double Idle = 0.25;
        var every = TimeSpan.FromSeconds(2);
        var limit = TimeSpan.FromMinutes(10);
        var started = context.Time.GetTimestamp();
        var before = await CpuAsync(ct);
        while (context.Time.GetElapsedTime(started) < limit)
        {
            await Task.Delay(every, context.Time, ct);
            var now = await CpuAsync(ct);
            if (now - before < Idle * every.TotalSeconds)
                return;
            before = now;
        }

        throw new TimeoutException($"the control plane is not quiet after {limit.TotalMinutes:0} minutes");
    }

    /// <summary>Has the API server collect its garbage now, and returns when it is done: otherwise it does for two seconds on one of the cores while something short is measured.</summary>
    public async Task CollectAsync(CancellationToken ct)
    {
        using var answer = await Client.RawAsync(HttpMethod.Get, "/debug/pprof/heap?gc=1", null, ct);
        answer.EnsureSuccessStatusCode();
        await answer.Content.CopyToAsync(Stream.Null, ct);
    }

    public Task<OperatorProcess> StartOperatorAsync(CancellationToken ct) => OperatorProcess.StartAsync(Program, plane.KubeconfigPath, GatewayService, folder, context.Time, ct);

    /// <summary>What the API server itself counted.</summary>
    public async Task<ApiRequests> RequestsAsync(CancellationToken ct) => ApiRequests.Of(await MetricsAsync(ct));

    /// <summary>Lets the candidate of an LlmDeployment fail.</summary>
    public void Break(ObjectKey key) => standIns.Break(key);

    /// <summary>Creates the LlmDeployments that the others are copied from.</summary>
    public Task CreateSeedsAsync(CancellationToken ct) => WriteAsync(Clones.Seeds, i => Client.CreateAsync(ScaleObjects.Deployment(i, Size), ct));

    /// <summary>Copies them, and waits until all have come.</summary>
    public async Task CloneAsync(CancellationToken ct)
    {
        using var etcd = new EtcdWriter(plane.Etcd);
        await new Clones(Client, etcd, Size).WriteAsync(ct);
        while (Deployments.Store.Count < Size.Deployments)
            await Task.Delay(TimeSpan.FromMilliseconds(100), context.Time, ct);
    }

    /// <summary>Whether an earlier run with this cluster has made them.</summary>
    public async Task<bool> HasForeignPodsAsync(CancellationToken ct) => await Client.GetAsync<Pod>(ScaleObjects.ForeignPod(0, Size).Key(), ct) is not null;

    public async Task CreateForeignPodsAsync(CancellationToken ct)
    {
        using var etcd = new EtcdWriter(plane.Etcd);
        await new Clones(Client, etcd, Size).WriteAsync(Size.ForeignPods, i => ScaleObjects.ForeignPod(i, Size), ct);
    }

    /// <summary>Lets what plays the pods know those that were copied.</summary>
    public async Task PlayAsync(CancellationToken ct)
    {
        kubelets?.Dispose();
        kubelets = new(Client, standIns.Address, Size.Nodes, context.Time);
        await kubelets.RememberAsync(ct);
        running.Add(kubelets.RunAsync(stop.Token));
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAll(running);
        kubelets?.Dispose();
        Deployments?.Dispose();
        Revisions?.Dispose();
        Client?.Dispose();
        if (standIns is not null)
            await standIns.DisposeAsync();
        if (plane is not null)
            await plane.DisposeAsync();
        stop.Dispose();
        Workspace.TryDelete(folder);
    }

    /// <summary>Seconds that the API server and the controllers in its process have worked.</summary>
    private async Task<double> CpuAsync(CancellationToken ct) => (await MetricsAsync(ct)).Sum("process_cpu_seconds_total");

    private async Task<Exposition> MetricsAsync(CancellationToken ct)
    {
        using var answer = await Client.RawAsync(HttpMethod.Get, "/metrics", null, ct);
        answer.EnsureSuccessStatusCode();
        return new(await answer.Content.ReadAsStringAsync(ct));
    }

    private async Task StartPartsAsync(CancellationToken ct)
    {
        context.Say("scale: compiles the operator as for its image");
        await OperatorProcess.PublishAsync(Program, ct);
        plane = await ControlPlane.StartAsync(new() { DataDirectory = context.ScaleData, Environment = RareCollections }, context.Say, ct);
        Client = new(KubernetesClientConfiguration.Load(plane.KubeconfigPath));
        var known = await Client.GetAsync<EndpointSlice>(GatewayService, ct);
        IsFilled = known is not null;
        standIns = await StandIns.StartAsync(known?.Endpoints[0].Addresses[0], context.Time, ct);
        if (!IsFilled)
            await PrepareAsync(ct);
        Deployments = new(Client, new(), NullLogger.Instance, context.Time);
        Deployments.Changed += (before, after) => standIns.Follow((after ?? before!).Key(), after?.Status);
        Revisions = new(Client, new(), NullLogger.Instance, context.Time);
        running.AddRange([Deployments.RunAsync(stop.Token), Revisions.RunAsync(stop.Token)]);
        await PlayAsync(ct);
        await Task.WhenAll(Deployments.WaitForSyncAsync(ct), Revisions.WaitForSyncAsync(ct));
    }

    private async Task PrepareAsync(CancellationToken ct)
    {
        var kubectl = new Kubectl(plane.KubeconfigPath);
        await kubectl.ApplyAsync(Path.Combine(Workspace.Repository, "crds"), null, ct);
        await kubectl.EstablishedAsync(ct, "crd", "--all");

        await Client.CreateAsync(ScaleObjects.Namespace(GatewayService.Namespace), ct);
        await Client.CreateAsync(ScaleObjects.Gateway(GatewayService, standIns.Address, StandIns.Port), ct);
        var node = ScaleObjects.Node(0);
        await Client.ReplaceStatusAsync((await Client.CreateAsync(node, ct)) with { Status = node.Status }, ct);
        await WriteAsync(Size.Namespaces, async i =>
        {
            var ns = ScaleObjects.NamespaceOf(i, Size);
            await Client.CreateAsync(ScaleObjects.Namespace(ns), ct);
            await Client.CreateAsync(ScaleObjects.Prompt(ns), ct);
        });
    }

    private static Task WriteAsync(int count, Func<int, Task> write) =>
        Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = Writers }, async (i, _) => await write(i));
}
