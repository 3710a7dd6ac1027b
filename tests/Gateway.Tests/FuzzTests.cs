using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LlmOps.Api;
using LlmOps.Gateway.Routing;
using LlmOps.Gateway.Tests.Fakes;
using LlmOps.Kubernetes;
using LlmOps.Testing;
using Xunit.Abstractions;

namespace LlmOps.Gateway.Tests;

/// <summary>
/// LlmDeployments with odd specs and statuses, PromptVersions and EndpointSlices, as odd as they may be, beside a model that serves: whoever asks an odd one gets an answer with a
/// shape, the one beside them answers right and follows each change while the gateway's clock stands still, and nothing is left of them when they are gone.
/// </summary>
/// <remarks><c>LLMOPS_FUZZ</c> and <c>LLMOPS_FUZZ_FROM</c> as for the operator's; where so many are asked for, memory and real delays are asserted too.</remarks>
public sealed partial class FuzzTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const string Odd = "odd";
    private const string Engines = "engines";
    private const int Wave = 60;

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource stop = new();
    private readonly TestLogger logger = new();
    private InProcessApiServer server = null!;
    private KubernetesClient client = null!;
    private GatewayBed bed = null!;
    private RouteInformers informers = null!;

    public async Task InitializeAsync()
    {
        server = await InProcessApiServer.StartAsync();
        server.InstallCrds(Repository.Path("crds"));
        client = new KubernetesClient(server.Configuration);
        bed = await GatewayBed.StartAsync(time: new ManualTime(), logger: logger);
        informers = new RouteInformers(client, [], bed.Gateway.Routes, logger, bed.Time!);
    }

    public async Task DisposeAsync()
    {
        await stop.CancelAsync();
        informers.Dispose();
        await bed.DisposeAsync();
        client.Dispose();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Odd_objects_crash_nothing_and_disturb_nobody()
    {
        var (delays, memory, asked) = (new List<TimeSpan>(), new List<long>(), 0);
        var (first, end) = (FuzzRun.First, FuzzRun.End);
        foreach (var prompt in new[] { "even", "odd" })
            Seed(Cluster.Prompt(prompt, [new PromptMessage { Role = "system", Template = $"be {prompt}" }]));
        for (var from = first; from < end; from += Wave)
        {
            var statuses = SeedOdd(from, Math.Min(Wave, end - from));
            if (from == first)
                _ = informers.RunAsync(stop.Token);
            var delay = await FollowAsync(from / Wave);
            // The first one is that of a gateway that has just started.
            if (from > first)
                delays.Add(delay);
            await Eventually.TrueAsync(() => statuses.All(IsKnown), Soon, () => $"all are known; one that is not is {statuses.First(odd => !IsKnown(odd)).Key}; {string.Join('\n', Problems())}");
            foreach (var name in statuses.Where(odd => IsOfEngines(odd.Value)).Select(odd => odd.Key))
            {
                await AskAsync(name);
                asked++;
            }

            await CheckPagesAsync();
            await CheckRightAsync(from / Wave);
            Assert.True(!Problems().Any(), $"among {from} to {from + Wave}: {string.Join('\n', Problems().Take(5))}");
            await ForgetAsync();
            memory.Add(GC.GetTotalMemory(forceFullCollection: FuzzRun.IsLong));
        }

        delays.Sort();
        output.WriteLine($"{end - first} objects, {asked} of them asked; a change beside them was followed after {delays[delays.Count / 2].TotalMilliseconds:0} ms, in 99 of 100 cases {delays[delays.Count * 99 / 100].TotalMilliseconds:0} ms, at most {delays[^1].TotalMilliseconds:0} ms; memory after each tenth {string.Join(", ", Enumerable.Range(1, 10).Select(i => $"{memory[(memory.Count * i / 10) - 1] >> 20}"))} MiB");
        Assert.True(asked > (end - first) / 20, $"{asked} were asked");
        if (!FuzzRun.IsLong)
            return;
        Assert.InRange(delays[^1], TimeSpan.Zero, LongestDelay);
        // Buffers and code grow at first.
        Assert.InRange(memory[^1] - memory[memory.Count / 10], long.MinValue, 50 << 20);
    }

    /// <summary>Writes odd objects; gives the statuses of the LlmDeployments among them that can be read, by name.</summary>
    private Dictionary<string, JsonObject> SeedOdd(int from, int count)
    {
        server.Seed(new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Namespace", ["metadata"] = new JsonObject { ["name"] = Odd } });
        Seed(Cluster.Slice(Engines, Odd, bed.Stable.Address));
        var statuses = new Dictionary<string, JsonObject>();
        var prompts = new List<string>();
        // The prompts first, so that statuses can name them: but for one, that comes late.
        foreach (var number in Enumerable.Range(from, count).OrderByDescending(number => number % 3 == 1 && number % 7 > 0))
        {
            switch (number % 3)
            {
                case 0:
                    var deployment = HostileObjects.Make(Odd, number);
                    var status = HostileServing.Status(number, [Engines, Engines, Engines, "crowd"], prompts);
                    deployment["status"] = status;
                    if (FuzzRun.CanBeRead(deployment))
                        statuses.Add((string)deployment["metadata"]!["name"]!, status);
                    server.Seed(deployment);
                    break;
                case 1:
                    var prompt = HostileObjects.Make(Odd, number);
                    prompts.Add((string)prompt["metadata"]!["name"]!);
                    server.Seed(prompt);
                    break;
                default:
                    server.Seed(number % Wave == 2 ? HostileServing.Crowd(Odd, number, "crowd", 5000) : HostileServing.Slice(Odd, number, Engines));
                    break;
            }
        }

        return statuses;
    }

    /// <summary>Gives the model that serves another release and another prompt, and waits until it answers by them. The gateway's clock does not move meanwhile.</summary>
    private async Task<TimeSpan> FollowAsync(int turn)
    {
        var start = TimeProvider.System.GetTimestamp();
        Seed(Cluster.Deployment(
            stable: Cluster.Release("r-stable", "stable", 100, Prompt(turn)), candidate: Cluster.Release("r-candidate", "candidate", Weight(turn), Prompt(turn)), epoch: turn + 1));
        await Eventually.TrueAsync(async _ => await AnswerAsync() == RightAnswer(turn), Soon, () => $"the change is followed; {string.Join('\n', Problems().Take(5))}");
        return TimeProvider.System.GetElapsedTime(start);
    }

    private async Task CheckRightAsync(int turn) => Assert.Equal(RightAnswer(turn), await AnswerAsync());

    private static string Prompt(int turn) => turn / 2 % 2 == 0 ? "even" : "odd";

    private static int Weight(int turn) => turn % 2 == 0 ? 100 : 0;

    private static (int Status, string? Text, string? System) RightAnswer(int turn) => (200, $"{(Weight(turn) > 0 ? "candidate" : "stable")}!", $"be {Prompt(turn)}");

    private async Task<(int Status, string? Text, string? System)> AnswerAsync()
    {
        var reply = await bed.ChatAsync();
        if (reply.Status != 200)
            return (reply.Status, null, null);
        var engine = reply.Track == Tracks.Stable ? bed.Stable : bed.Candidate;
        return (200, reply.Text, engine.LastBody.GetProperty("messages")[0].GetProperty("content").GetString());
    }

    private bool IsKnown(KeyValuePair<string, JsonObject> odd) =>
        bed.Gateway.Routes.Current.Find($"{Odd}/{odd.Key}").Route is { } route && route.Candidate?.Release == (string?)odd.Value["candidate"]?["release"] &&
        // Its pods come by a watch of their own.
        (!IsOfEngines(odd.Value) || Targets(route).All(target => target.Endpoints.Length > 0));

    private static IEnumerable<ReleaseTarget> Targets(Route route) => new[] { route.Stable, route.Candidate }.OfType<ReleaseTarget>();

    /// <summary>Whether its requests go nowhere else.</summary>
    private static bool IsOfEngines(JsonObject status) => new[] { "stable", "candidate" }.All(track => status[track] is not { } release || (string?)release["service"] == Engines);

    /// <summary>An odd one may have no answer, but it has one with a shape.</summary>
    private async Task AskAsync(string name)
    {
        var before = bed.Stable.Requests;
        var route = bed.Gateway.Routes.Current.Find($"{Odd}/{name}").Route!;
        foreach (var target in Targets(route))
            Assert.Equal([bed.Stable.Address.Authority], target.Endpoints.Select(endpoint => endpoint.Authority));
        var reply = await bed.ChatAsync(GatewayBed.Body(stream: name.Length % 2 == 0, model: $"{Odd}/{name}", extra: ""","prompt":{"variables":{"query":"{{query}}"}},"user":"u" """));
        Assert.True(reply.Status == 200 || (reply.Status != 500 && reply.Error.GetProperty("message").GetString()!.Length < 2000), $"{name}: {reply.Status} {reply.Body}; {string.Join('\n', Problems().Take(5))}");
        if (reply.Status == 200)
            Assert.True(reply.Text.StartsWith("stable", StringComparison.Ordinal) && bed.Stable.Requests > before, $"{name}: {reply.Body}");
        bed.Stable.Bodies.Clear();
        bed.Stable.Headers.Clear();
    }

    private async Task CheckPagesAsync()
    {
        using var evidence = JsonDocument.Parse(await bed.AdminAsync("/internal/evidence"));
        Assert.True(evidence.RootElement.TryGetProperty("rollouts", out _));
        foreach (var line in (await bed.AdminAsync("/metrics")).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            Assert.True(MetricsLine().IsMatch(line), line);
        using var models = await bed.GetAsync("/v1/models");
        Assert.True(models.IsSuccessStatusCode);
    }

    /// <summary>The odd ones go, and a while later everything that was known of them.</summary>
    private async Task ForgetAsync()
    {
        await client.DeleteAsync<Namespace>(new ObjectKey(string.Empty, Odd));
        await Eventually.TrueAsync(() => !bed.Gateway.Routes.Current.Models().Any(model => model.Route.Deployment.Namespace == Odd), Soon, "the odd ones are gone");
        bed.Time!.Advance(2 * new GatewayOptions().KeepSeries);
        Assert.DoesNotContain($"namespace=\"{Odd}\"", await bed.AdminAsync("/metrics"), StringComparison.Ordinal);
        Assert.DoesNotContain(bed.Gateway.Evidence.Rollouts, rollout => rollout.Deployment.Namespace == Odd);
        server.ForgetWrites();
        server.Compact();
        logger.Clear();
        foreach (var engine in new[] { bed.Stable, bed.Candidate })
        {
            engine.Bodies.Clear();
            engine.Headers.Clear();
        }
    }

    private IEnumerable<string> Problems() => logger.Lines.Where(line => line.Exception is not null || line.EventName is "InformerCorruptLine").Select(line => $"{line.EventName} {line.Message}: {line.Exception}");

    private void Seed<T>(T obj)
        where T : class, IResource<T>
    {
        var json = JsonSerializer.SerializeToNode(obj, T.JsonType)!.AsObject();
        json["metadata"]!.AsObject().Remove("uid");
        server.Seed(json);
    }

    [GeneratedRegex("""^(#.*|[a-z_]+(\{([a-z_]+="([^"\\\n]|\\["\\n])*",?)*\})? [^ ]+)$""")]
    private static partial Regex MetricsLine();
}
