using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Faults;

/// <summary>Everything that a watch can do wrong, again and again while a release is promoted, and for minutes while nothing happens.</summary>
[Collection(FaultWorldsGroup.Name)]
public sealed class WatchFaultTests(FaultWorlds worlds, ITestOutputHelper output)
{
    /// <summary>Caches that each watch for themselves.</summary>
    private const int Informers = 22;

    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(700);

    private static readonly Dictionary<string, (Action<TestWorld>? Once, Action<TestWorld>? Again)> Faults = new()
    {
        ["clean close"] = (null, world => world.Server.Watches.DropAll()),
        ["abrupt close"] = (null, world => world.Server.Watches.DropAll(abrupt: true)),
        ["410 as an event"] = (null, world => world.Server.Watches.Expire()),
        ["410 as a status"] = (world => Odd(world, FaultEffect.Status(410, "Expired", "too old resource version")), world => world.Server.Watches.DropAll()),
        ["nothing but bookmarks"] = (null, world => world.Server.Watches.SendBookmarks()),
        ["no bookmarks"] = (world => world.Server.Watches.BookmarksEnabled = false, world => world.Server.Watches.DropAll()),
        ["corrupt line"] = (null, world => world.Server.Watches.InjectGarbage()),
        ["object that cannot be decoded"] = (null, world => world.Server.Watches.Inject("MODIFIED", Undecodable, "deployments.apps")),
        ["server that never answers"] = (world => Odd(world, FaultEffect.HangBefore(new FaultGate())), world => world.Server.Watches.DropAll()),
        ["event cut in the middle"] = (world => Odd(world, FaultEffect.CutAnswer), world => world.Server.Watches.DropAll()),
    };

    public static TheoryData<string> Names => new(Faults.Keys);

    private static JsonObject Undecodable => JsonNode.Parse("""
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"odd","namespace":"default","uid":"odd","resourceVersion":"1","labels":{"app.kubernetes.io/managed-by":"llmops"}},"spec":"none"}
        """)!.AsObject();

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_release_is_promoted_and_nothing_is_done_twice_whatever_its_watches_do(string fault)
    {
        var story = Story.Main[0];
        var (expected, creations) = await PlayAsync(story, null);
        var (end, created) = await PlayAsync(story, world => Disturb(world, fault));
        Assert.Equal(expected, end);
        Assert.Equal(creations, created);
    }

    /// <summary>While a cache learns nothing for more than a minute, what was written itself is known all the same.</summary>
    [Theory]
    [InlineData("deployments")]
    [InlineData("services")]
    [InlineData("controllerrevisions")]
    [InlineData("evalruns")]
    [InlineData("llmdeployments")]
    public async Task A_release_is_promoted_while_the_watches_of_one_kind_hang(string plural)
    {
        var story = Story.Main[0];
        var (expected, creations) = await PlayAsync(story, null);
        var (end, created) = await PlayAsync(story, world =>
        {
            world.Server.Faults.When(request => request.Verb == "watch" && request.Plural == plural && TestWorld.IsFromOperator(request), FaultEffect.HangBefore(new FaultGate()), times: 2);
            world.Server.Watches.DropAll();
            // The first weight waits for requests until both have timed out.
            world.Gateway.IsQuiet = true;
            return world.Clock!.Time.CreateTimer(_ => world.Gateway.IsQuiet = false, null, TimeSpan.FromSeconds(75), Timeout.InfiniteTimeSpan);
        });
        Assert.Equal(expected, end);
        Assert.Equal(creations, created);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Three_idle_minutes_cost_a_few_requests_a_watch_and_no_write(string fault)
    {
        await using var world = await worlds.StartAsync();
        await world.Clock!.PassAsync(TimeSpan.FromSeconds(5));
        var (before, writes) = (world.Server.Requests.Total, world.OperatorWrites.Count);
        using var disturbance = Disturb(world, fault);
        var span = TimeSpan.FromMinutes(3);
        await world.Clock.PassAsync(span);

        var asked = world.Server.Requests.Total - before;
        // A fault every 0.7 s would be 260 for each cache. Waits grow to five seconds, of which jitter takes a quarter in the mean: that is 40 for each, and all together are within some twenty of it in any run.
        const int most = Informers * 50;
        output.WriteLine($"{fault}: {asked} requests in {span.TotalSeconds:0} s, {world.Logger.Lines.Count(line => line.EventName == "InformerUndecodable")} lines about objects that cannot be decoded");
        Assert.True(asked <= most, $"{asked} requests, more than {most}");
        Assert.Equal(writes, world.OperatorWrites.Count);
        Assert.InRange(world.Logger.Lines.Count(line => line.EventName == "InformerUndecodable"), 0, 1);
    }

    private async Task<(string End, string Creations)> PlayAsync(Story story, Func<TestWorld, IDisposable>? disturb)
    {
        await using var world = await worlds.StartAsync(story);
        using var disturbance = disturb?.Invoke(world);
        await story.PlayAsync(world);
        await world.QuietAsync();
        world.Invariants.Check();
        CrashTests.CheckSteps(world, story);
        // Names of runs and records carry the rollout's random id.
        var created = world.OperatorWrites.Where(write => write.Request.Verb == "create").GroupBy(write => write.Request.GroupResource).OrderBy(kind => kind.Key, StringComparer.Ordinal);
        return (Ending.Of(world), string.Join(", ", created.Select(kind => $"{kind.Key} {kind.Count()}")));
    }

    private static ITimer Disturb(TestWorld world, string fault)
    {
        var (once, again) = Faults[fault];
        once?.Invoke(world);
        return world.Clock!.Time.CreateTimer(_ => again?.Invoke(world), null, Every, Every);
    }

    /// <summary>Every other watch of each cache meets it: none meets nothing else, however the caches take turns.</summary>
    private static void Odd(TestWorld world, FaultEffect effect)
    {
        var counts = new ConcurrentDictionary<(string, string, object), int>();
        world.Server.Faults.Choose(request => request.Verb == "watch" && TestWorld.IsFromOperator(request) &&
            counts.AddOrUpdate((request.GroupResource, request.Namespace, request.Selectors), 1, (_, count) => count + 1) % 2 == 1 ? effect : null);
    }
}
