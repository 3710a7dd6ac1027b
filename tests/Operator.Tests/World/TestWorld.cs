using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Hosting;
using LlmOps.Testing;
using Microsoft.Extensions.Logging;

namespace LlmOps.Operator.Tests.World;

/// <summary>
/// An API server in memory, nodes, an engine and a gateway that are played, and the real operator with the rights that config/rbac gives it. In real time with short steps, or, where it was started
/// with a <see cref="WorldClock"/>, in a time that goes on while a test waits.
/// </summary>
internal sealed class TestWorld : IAsyncDisposable
{
    private const string OperatorAgent = "llmops-operator-";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly List<Task> operators = [];
    private readonly bool ownsEngine;
    private CancellationTokenSource? operatorStop;
    private int incarnation;
    private bool hasRouter;

    private TestWorld(InProcessApiServer server, FakeEngine engine, FakeGateway gateway, TestLogger logger, ManualTime? time, bool ownsEngine)
    {
        (Server, Engine, Gateway, Logger, this.ownsEngine) = (server, engine, gateway, logger, ownsEngine);
        if (time is not null)
            Clock = new WorldClock(time, () => server.Requests.Total + server.ResourceVersion + gateway.Asked + engine.Generations, () => server.Requests.Active > 0);
        Client = new KubernetesClient(server.Configuration with { FieldManager = "user", UserAgent = "user" }, time);
        Nodes = new FakeNodes(server, engine, time ?? TimeProvider.System, TimeSpan.FromMilliseconds(time is null ? 15 : 100));
        Steps = new StepWatch(server, time ?? TimeProvider.System);
        Router = new FakeRouter(server, time ?? TimeProvider.System);
        Invariants = new InvariantWatch(server, Router);
        server.Access.Restrict(IsFromOperator, OperatorRules);
    }

    /// <summary>What config/rbac lets the operator do; in every world it may do nothing else.</summary>
    public static IReadOnlyList<AccessRule> OperatorRules { get; } = AccessRule.FromYaml(File.ReadAllText(Path.Combine(RepositoryRoot(), "config", "rbac", "operator.yaml")));

    /// <summary>The world's own clock; null where it lives in real time.</summary>
    public WorldClock? Clock { get; }

    public InProcessApiServer Server { get; }

    public FakeEngine Engine { get; }

    public FakeGateway Gateway { get; }

    public FakeNodes Nodes { get; }

    /// <summary>Runs where the world has routes.</summary>
    public FakeRouter Router { get; }

    /// <summary>Kind of the route <c>chat</c>, where there is one.</summary>
    public RouteKind Route { get; init; } = RouteKind.OfGatewayApi;

    /// <summary>The route <c>chat</c>; null where there is none.</summary>
    public JsonObject? Chat => Server.Find(Route.Resource, Samples.Namespace, "chat");

    public TestLogger Logger { get; }

    /// <summary>The user's client.</summary>
    public KubernetesClient Client { get; }

    /// <summary>What must hold after every single write.</summary>
    public InvariantWatch Invariants { get; }

    /// <summary>How long each step of each rollout was.</summary>
    public StepWatch Steps { get; }

    /// <summary>What differs in how the next operator runs.</summary>
    public Func<OperatorOptions, OperatorOptions> Options { get; set; } = options => options;

    /// <summary>Longest wait on the world's own clock, where it has one: that costs no real time. 10 min by default.</summary>
    public TimeSpan LongPatience { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Writes of the operator so far.</summary>
    public IReadOnlyList<WriteRecord> OperatorWrites => [.. Server.WriteLog.Where(write => IsOperator(write.Request))];

    public static async Task<TestWorld> StartAsync(Action<string>? output = null, bool withOperator = true, bool withRouter = false, ManualTime? time = null, RouteKind? route = null)
    {
        var server = await InProcessApiServer.StartAsync(new InProcessApiServerOptions { Namespaces = ["llmops-system"], Time = time ?? TimeProvider.System });
        server.InstallCrds(Path.Combine(RepositoryRoot(), "crds"));
        var engine = await FakeEngine.StartAsync();
        var gateway = await FakeGateway.StartAsync(server);
        var world = new TestWorld(server, engine, gateway, new TestLogger(output, LogLevel.Information), time, ownsEngine: true) { Route = route ?? RouteKind.OfGatewayApi };
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

    /// <summary>
    /// Another world that begins where this one is, on a clock of its own: the cluster is copied, the engine shared, the gateway has counted nothing. The
    /// operator of this one must not run.
    /// </summary>
    public async Task<TestWorld> ForkAsync(Action<string>? output = null, bool withOperator = true)
    {
        var time = new ManualTime(Clock!.Time.GetUtcNow());
        var server = await Server.ForkAsync(new InProcessApiServerOptions { Namespaces = ["llmops-system"], Time = time });
        var world = new TestWorld(server, Engine, await FakeGateway.StartAsync(server), new TestLogger(output, LogLevel.Information), time, ownsEngine: false) { Route = Route };
        server.Seed(world.GatewayEndpoints());
        world.Nodes.Start();
        if (hasRouter)
            world.StartRouter(install: false);
        if (withOperator)
            world.StartOperator();
        return world;
    }

    /// <summary>Installs routes of each kind, with a gateway that obeys them.</summary>
    public void StartRouter(bool install = true)
    {
        hasRouter = true;
        if (install)
            FakeRouter.InstallCrds(Server);
        Nodes.MayEnd = pod => !Router.Knows(pod);
        Router.Start();
    }

    /// <summary>Writes of the operator, but for what it tells people and for the lease, which is renewed all the time.</summary>
    public static bool IsOperator(ApiRequest request) => request.FieldManager == ApiGroup.OperatorFieldManager && request.Plural is not ("events" or "leases");

    /// <summary>Requests of the operator, reads too.</summary>
    public static bool IsFromOperator(ApiRequest request) => request.UserAgent.StartsWith(OperatorAgent, StringComparison.Ordinal);

    public void StartOperator(TimeProvider? time = null)
    {
        operatorStop = new CancellationTokenSource();
        var options = Options(new OperatorOptions { LeaderElect = false, Workers = 2 });
        var configuration = Server.Configuration with { UserAgent = $"{OperatorAgent}{++incarnation}" };
        var (ct, clock) = (operatorStop.Token, time ?? Clock?.Time ?? TimeProvider.System);
        operators.Add(Task.Run(() => OperatorHost.RunAsync(options, configuration, clock, Logger, ct)));
    }

    /// <summary>Ends the operator wherever it is: nothing that it says from now on is heard.</summary>
    public void KillOperator()
    {
        var agent = $"{OperatorAgent}{incarnation}";
        Server.Faults.When(request => request.UserAgent == agent, FaultEffect.ResetBefore);
        operatorStop?.Cancel();
    }

    public async Task StopOperatorAsync()
    {
        if (operatorStop is null)
            return;
        await operatorStop.CancelAsync();
        var ended = Task.WhenAll(operators);
        if (Clock is not null)
            await Clock.WaitAsync(ended).WaitAsync(Patience);
        else
            await ended.WaitAsync(Patience);
        operators.Clear();
    }

    /// <summary>Waits for the operator to end by itself, with what it fails with.</summary>
    public async Task EndedAsync()
    {
        var ended = Task.WhenAll(operators).WaitAsync(Patience);
        operators.Clear();
        await ended;
    }

    public async Task ApplyAsync<T>(T obj)
        where T : class, IResource<T> => await DoAsync(Client.ApplyAsync(obj, "user"));

    /// <summary>Waits for something that needs no more than a working server, also where time stands.</summary>
    public Task DoAsync(Task task) => Clock is null ? task : Clock.WaitAsync(task).WaitAsync(Patience);

    public LlmDeployment Get(string name = "bot") => Find<LlmDeployment>("llmdeployments.llmops.dev", name) ?? throw new InvalidOperationException($"{name} is gone");

    public T? Find<T>(string resource, string name)
        where T : class, IResource<T> => Server.Find(resource, Samples.Namespace, name)?.Deserialize(T.JsonType);

    public IReadOnlyList<T> All<T>(string resource)
        where T : class, IResource<T> => [.. Server.FindAll(resource, Samples.Namespace).Select(node => node.Deserialize(T.JsonType)!)];

    /// <summary>Pods of releases; not those of evaluations.</summary>
    public IReadOnlyList<Pod> EnginePods => [.. All<Pod>("pods").Where(pod => pod.Metadata.Labels?.ContainsKey(Labels.Deployment) == true)];

    /// <summary>Weights of the first rule of each route of the world's kind; none where the world has no routes.</summary>
    public IReadOnlyList<string> Weights() => hasRouter ? [.. Server.FindAll(Route.Resource, Samples.Namespace).SelectMany(route => Route.Shares(Route.Rules(route).First())).Select(share => $"{share.Service} {share.Weight}")] : [];

    /// <summary>Waits until the LlmDeployment is as wanted, and returns it.</summary>
    public async Task<LlmDeployment> UntilAsync(Func<LlmDeployment, bool> condition, string what, string name = "bot")
    {
        await UntilAsync(() => condition(Get(name)), () => $"{what}; status is {JsonSerializer.Serialize(Get(name).Status, ApiJson.Default.LlmDeploymentStatus)}");
        Invariants.Check();
        return Get(name);
    }

    /// <summary>Waits on whatever clock the world has.</summary>
    public Task UntilAsync(Func<bool> condition, Func<string> describe) =>
        Clock is null ? Eventually.TrueAsync(condition, Patience, describe) : Clock.UntilAsync(condition, LongPatience, describe);

    /// <summary>Waits in real time.</summary>
    public static Task UntilAsync(Func<bool> condition, string what) => Eventually.TrueAsync(condition, Patience, what);

    /// <summary>Waits until nothing is left to do: no write of the operator for some time.</summary>
    public async Task QuietAsync()
    {
        var silence = TimeSpan.FromMilliseconds(Clock is null ? 700 : 4000);
        var time = Clock?.Time ?? TimeProvider.System;
        var (count, since) = (-1, 0L);
        bool IsQuiet()
        {
            if (OperatorWrites.Count != count)
                (count, since) = (OperatorWrites.Count, time.GetTimestamp());
            return time.GetElapsedTime(since) > silence;
        }

        string Describe() => $"the operator goes on writing: {string.Join(", ", OperatorWrites.TakeLast(5))}";
        if (Clock is null)
        {
            await Eventually.TrueAsync(IsQuiet, Patience, Describe);
            return;
        }

        for (var start = time.GetTimestamp(); !IsQuiet(); await Clock.StepAsync())
        {
            if (time.GetElapsedTime(start) > LongPatience)
                throw new TimeoutException(Describe());
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Whatever a test left behind must not hold up the end.
        Server.Faults.Clear();
        await StopOperatorAsync();
        await Nodes.DisposeAsync();
        await Router.DisposeAsync();
        Client.Dispose();
        await Server.DisposeAsync();
        await Gateway.DisposeAsync();
        if (ownsEngine)
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

    public static string RepositoryRoot([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));
}
