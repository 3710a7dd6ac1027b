using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Hosting;
using LlmOps.Testing;
using Microsoft.Extensions.Logging;

namespace LlmOps.Operator.Tests.World;

/// <summary>An API server in memory, nodes, an engine and a gateway that are played, and the real operator. Real time, short steps.</summary>
internal sealed class TestWorld : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private CancellationTokenSource? operatorStop;
    private Task operatorTask = Task.CompletedTask;
    private bool hasRouter;

    private TestWorld(InProcessApiServer server, FakeEngine engine, FakeGateway gateway, TestLogger logger)
    {
        (Server, Engine, Gateway, Logger) = (server, engine, gateway, logger);
        Client = new KubernetesClient(server.Configuration with { FieldManager = "user" });
        Nodes = new FakeNodes(server, engine);
        Invariants = new InvariantWatch(server);
        Router = new FakeRouter(server);
    }

    public InProcessApiServer Server { get; }

    public FakeEngine Engine { get; }

    public FakeGateway Gateway { get; }

    public FakeNodes Nodes { get; }

    /// <summary>Runs where the world has Gateway API.</summary>
    public FakeRouter Router { get; }

    public TestLogger Logger { get; }

    /// <summary>The user's client.</summary>
    public KubernetesClient Client { get; }

    /// <summary>What must hold after every single write.</summary>
    public InvariantWatch Invariants { get; }

    /// <summary>What differs in how the next operator runs.</summary>
    public Func<OperatorOptions, OperatorOptions> Options { get; set; } = options => options;

    /// <summary>Writes of the operator so far.</summary>
    public IReadOnlyList<WriteRecord> OperatorWrites => [.. Server.WriteLog.Where(write => IsOperator(write.Request))];

    public static async Task<TestWorld> StartAsync(Action<string>? output = null, bool withOperator = true, bool withRouter = false)
    {
        var server = await InProcessApiServer.StartAsync(new InProcessApiServerOptions { Namespaces = ["llmops-system"] });
        server.InstallCrds(Path.Combine(RepositoryRoot(), "crds"));
        var engine = await FakeEngine.StartAsync();
        var gateway = await FakeGateway.StartAsync(server);
        var world = new TestWorld(server, engine, gateway, new TestLogger(output, LogLevel.Information));
        server.Seed(world.GatewayEndpoints());
        server.Seed(JsonSerializer.SerializeToNode(
            new ConfigMap { Metadata = new ObjectMeta { Name = "questions", Namespace = Samples.Namespace }, Data = new Dictionary<string, string> { ["cases.jsonl"] = "{}" } }, ConfigMap.JsonType)!.AsObject());
        server.Seed(JsonSerializer.SerializeToNode(
            new Node { Metadata = new ObjectMeta { Name = "node-1" }, Status = new NodeStatus { Allocatable = new Dictionary<string, string> { ["nvidia.com/gpu"] = "64" } } }, Node.JsonType)!.AsObject());
        world.Nodes.Start();
        if (withRouter)
            world.StartRouter();
        if (withOperator)
            world.StartOperator();
        return world;
    }

    /// <summary>Installs Gateway API, with a gateway that obeys it.</summary>
    public void StartRouter()
    {
        hasRouter = true;
        FakeRouter.InstallCrd(Server);
        Router.Start();
    }

    public static bool IsOperator(ApiRequest request) => request.FieldManager == ApiGroup.OperatorFieldManager && request.Plural != "events";

    public void StartOperator(TimeProvider? time = null)
    {
        operatorStop = new CancellationTokenSource();
        var options = Options(new OperatorOptions { LeaderElect = false, Workers = 2 });
        var ct = operatorStop.Token;
        operatorTask = Task.Run(() => OperatorHost.RunAsync(options, Server.Configuration, time ?? TimeProvider.System, Logger, ct));
    }

    /// <summary>Ends the operator wherever it is.</summary>
    public void KillOperator() => operatorStop?.Cancel();

    public async Task StopOperatorAsync()
    {
        if (operatorStop is null)
            return;
        await operatorStop.CancelAsync();
        await operatorTask.WaitAsync(Patience);
    }

    public async Task ApplyAsync<T>(T obj)
        where T : class, IResource<T> => await Client.ApplyAsync(obj, "user");

    public LlmDeployment Get(string name = "bot") => Find<LlmDeployment>("llmdeployments.llmops.dev", name) ?? throw new InvalidOperationException($"{name} is gone");

    public T? Find<T>(string resource, string name)
        where T : class, IResource<T> => Server.Find(resource, Samples.Namespace, name)?.Deserialize(T.JsonType);

    public IReadOnlyList<T> All<T>(string resource)
        where T : class, IResource<T> => [.. Server.FindAll(resource, Samples.Namespace).Select(node => node.Deserialize(T.JsonType)!)];

    /// <summary>Weights of the first rule of each HTTPRoute; none where the world has no Gateway API.</summary>
    public IReadOnlyList<string> Weights() => hasRouter ? [.. All<HttpRoute>("httproutes.gateway.networking.k8s.io").SelectMany(route => route.Spec!.Rules![0].BackendRefs!).Select(backend => $"{backend.Name} {backend.Weight}")] : [];

    /// <summary>Waits until the LlmDeployment is as wanted, and returns it.</summary>
    public async Task<LlmDeployment> UntilAsync(Func<LlmDeployment, bool> condition, string what, string name = "bot")
    {
        await Eventually.TrueAsync(() => condition(Get(name)), Patience, () => $"{what}; status is {JsonSerializer.Serialize(Get(name).Status, ApiJson.Default.LlmDeploymentStatus)}");
        Invariants.Check();
        return Get(name);
    }

    public static Task UntilAsync(Func<bool> condition, string what) => Eventually.TrueAsync(condition, Patience, what);

    /// <summary>Waits until nothing is left to do: no write of the operator for some time.</summary>
    public async Task QuietAsync()
    {
        var (count, since) = (-1, 0L);
        await Eventually.TrueAsync(
            () =>
            {
                if (OperatorWrites.Count != count)
                    (count, since) = (OperatorWrites.Count, TimeProvider.System.GetTimestamp());
                return TimeProvider.System.GetElapsedTime(since) > TimeSpan.FromMilliseconds(700);
            },
            Patience, () => $"the operator goes on writing: {string.Join(", ", OperatorWrites.TakeLast(5))}");
    }

    public async ValueTask DisposeAsync()
    {
        await StopOperatorAsync();
        await Nodes.DisposeAsync();
        await Router.DisposeAsync();
        Client.Dispose();
        await Server.DisposeAsync();
        await Gateway.DisposeAsync();
        await Engine.DisposeAsync();
    }

    private JsonObject GatewayEndpoints() => JsonSerializer.SerializeToNode(
        new EndpointSlice
        {
            Metadata = new ObjectMeta { Name = "gateway", Namespace = "llmops-system", Labels = new Dictionary<string, string> { [EndpointSlice.ServiceNameLabel] = "llmops-gateway-admin" } },
            Endpoints = [new Endpoint { Addresses = ["127.0.0.1"], Conditions = new EndpointConditions { Ready = true } }],
            Ports = [new EndpointPort { Name = "admin", Port = Gateway.Port }],
        },
        EndpointSlice.JsonType)!.AsObject();

    private static string RepositoryRoot([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));
}
