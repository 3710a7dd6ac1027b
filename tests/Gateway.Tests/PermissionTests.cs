using System.Net;
using System.Text.Json;
using LlmOps.Api;
using LlmOps.Gateway.Routing;
using LlmOps.Gateway.Tests.Fakes;
using LlmOps.Kubernetes;
using LlmOps.Testing;

namespace LlmOps.Gateway.Tests;

/// <summary>The gateway under the rules of config/rbac: with all of them nothing is missing, and without any one of them something is.</summary>
/// <remarks>Before a server that is older than streamed lists, so that lists are read too; a newer one has them read where a stream breaks.</remarks>
public sealed class PermissionTests : IAsyncLifetime
{
    private const string Ready = "all is known";
    private const string Release = "a new release answers";
    private const string Prompt = "a new prompt is rendered";
    private const string Pods = "new pods answer";
    private const string Key = "the engine gets its key";

    /// <summary>What a gateway is for; but for the first each is told by a model of its own.</summary>
    private static readonly string[] Facts = [Ready, Release, Prompt, Pods, Key];

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);
    private static readonly IReadOnlyList<AccessRule> Rules = AccessRule.FromYaml(File.ReadAllText(Repository.Path("config/rbac/gateway.yaml")));

    private readonly CancellationTokenSource stop = new();
    private readonly ManualTime time = new();
    private readonly TestLogger logger = new();
    private readonly HttpClient http = new();
    private InProcessApiServer server = null!;
    private KubernetesClient client = null!;
    private FakeEngine engine = null!;
    private GatewayServer gateway = null!;
    private RouteInformers? informers;

    public static TheoryData<string, string> Rights
    {
        get
        {
            var rights = new TheoryData<string, string>();
            foreach (var rule in Rules)
                rights.Add(rule.Verb, rule.Resource);
            return rights;
        }
    }

    public async Task InitializeAsync()
    {
        server = await InProcessApiServer.StartAsync();
        server.InstallCrds(Repository.Path("crds"));
        server.Faults.When(request => request.IsStreamedList, FaultEffect.Status(422, "Invalid", "sendInitialEvents is forbidden for watch"));
        client = new KubernetesClient(server.Configuration);
        engine = await FakeEngine.StartAsync(Answers.Right("engine"));
        gateway = await GatewayServer.StartAsync(
            new GatewayOptions { Bind = IPAddress.Loopback, ClientPort = 0, AdminPort = 0, MeterName = $"Test.{Guid.NewGuid():N}" }, new SecretTokens(client, time), TimeProvider.System, logger, stop.Token);
    }

    public async Task DisposeAsync()
    {
        await stop.CancelAsync();
        informers?.Dispose();
        await gateway.DisposeAsync();
        await engine.DisposeAsync();
        client.Dispose();
        await server.DisposeAsync();
        http.Dispose();
    }

    [Fact]
    public async Task With_all_of_its_rights_the_gateway_misses_nothing_and_uses_each()
    {
        await PlayAsync(Rules, missed: null);

        Assert.Empty(server.Access.Refused);
        Assert.Equal([], Rules.Except(server.Access.Used.Keys).Select(rule => $"{rule}: nothing uses it"));
    }

    [Theory]
    [MemberData(nameof(Rights))]
    public async Task Without_any_one_of_its_rights_the_gateway_is_refused_and_misses_what_that_is_for(string verb, string resource)
    {
        var taken = Assert.Single(Rules, rule => (rule.Verb, rule.Resource) == (verb, resource));
        var missed = MissedWithout(taken);

        await PlayAsync([.. Rules.Where(rule => rule != taken)], missed);

        Assert.False(await HoldsAsync(missed, stop.Token), $"without {taken}, {missed} all the same");
        Assert.All(server.Access.Refused, line => Assert.Contains($": {taken}", line, StringComparison.Ordinal));
    }

    private static string MissedWithout(AccessRule rule) => rule switch
    {
        { Verb: "list" } => Ready,
        { Verb: "watch", Resource: "llmdeployments" } => Release,
        { Verb: "watch", Resource: "promptversions" } => Prompt,
        { Verb: "watch", Resource: "endpointslices" } => Pods,
        { Verb: "get", Resource: "secrets" } => Key,
        _ => throw new NotSupportedException($"{rule}: say here what a gateway misses without it"),
    };

    /// <summary>Starts the gateway, changes everything that it is to follow, and waits until all holds but what is missed.</summary>
    /// <param name="rules">What the gateway may do.</param>
    /// <param name="missed">One of <see cref="Facts"/>.</param>
    private async Task PlayAsync(IReadOnlyList<AccessRule> rules, string? missed)
    {
        server.Access.Restrict(_ => true, rules);
        Seed(Cluster.Slice("known", engine.Address));
        Seed(Cluster.Deployment(name: "release", stable: Cluster.Release("r1", "known", 100)));
        Seed(Cluster.Deployment(name: "prompt", stable: Cluster.Release("r1", "known", 100, prompt: "new")));
        Seed(Cluster.Deployment(name: "pods", stable: Cluster.Release("r1", "new", 100)));
        Seed(Cluster.Deployment(name: "key", stable: Cluster.Release("r1", "known", 100) with { ApiKeySecretRef = new SecretKeyReference { Name = "keys", Key = "key" } }));
        Seed(new Secret { Metadata = new ObjectMeta { Name = "keys", Namespace = "default" }, Data = new Dictionary<string, string> { ["key"] = "a2V5" } });
        informers = new RouteInformers(client, [], gateway.Routes, logger, time);
        _ = informers.RunAsync(stop.Token);
        var isReady = missed != Ready;
        if (isReady)
            await UntilAsync(ct => HoldsAsync(Ready, ct), "the gateway is ready");

        Seed(Cluster.Deployment(name: "release", stable: Cluster.Release("r2", "known", 100)));
        Seed(Cluster.Prompt("new", [new PromptMessage { Role = "system", Template = "be kind" }]));
        Seed(Cluster.Slice("new", engine.Address));
        foreach (var fact in Facts.Where(fact => isReady && fact != missed))
            await UntilAsync(ct => HoldsAsync(fact, ct), fact);
        if (missed is null)
            return;
        // Refused again since: what it does not know then, it never will.
        var before = server.Access.Refused.Count;
        await UntilAsync(
            async ct =>
            {
                // Requests alone ask for keys.
                if (missed == Key)
                    await HoldsAsync(Key, ct);
                return server.Access.Refused.Count >= before + 2;
            },
            "it is refused");
    }

    private async Task<bool> HoldsAsync(string fact, CancellationToken ct)
    {
        switch (fact)
        {
            case Ready:
                using (var ready = await http.GetAsync(new Uri(gateway.AdminAddress, "/readyz"), ct))
                    return ready.IsSuccessStatusCode;
            case Release:
                return await AskAsync("release", ct) is (200, "r2");
            case Prompt:
                return await AskAsync("prompt", ct) is (200, _) && engine.LastBody.GetProperty("messages")[0].GetProperty("content").GetString() == "be kind";
            case Pods:
                return await AskAsync("pods", ct) is (200, _);
            default:
                return await AskAsync("key", ct) is (200, _) && engine.Headers.Last().Authorization == "Bearer key";
        }
    }

    private async Task<(int Status, string? Release)> AskAsync(string model, CancellationToken ct)
    {
        using var content = new StringContent(GatewayBed.Body(model: model));
        using var answer = await http.PostAsync(new Uri(gateway.ClientAddress, "/v1/chat/completions"), content, ct);
        return ((int)answer.StatusCode, answer.Headers.TryGetValues(GatewayHeaders.Release, out var release) ? release.Single() : null);
    }

    /// <summary>Waits, and lets the time pass that lies between attempts at what is refused.</summary>
    private Task UntilAsync(Func<CancellationToken, Task<bool>> condition, string description) => Eventually.TrueAsync(
        ct =>
        {
            time.Advance(TimeSpan.FromSeconds(30));
            return condition(ct);
        },
        Soon,
        () => $"{description}; refused: {string.Join(", ", server.Access.Refused)}");

    private void Seed<T>(T obj)
        where T : class, IResource<T>
    {
        var json = JsonSerializer.SerializeToNode(obj, T.JsonType)!.AsObject();
        json["metadata"]!.AsObject().Remove("uid");
        server.Seed(json);
    }
}
