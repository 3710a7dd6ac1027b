using System.Collections.Concurrent;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Faults;

/// <summary>
/// Everything that can go wrong between operator and API server, at calls of whole stories, with the clock of the world: the end is the same, no invariant
/// breaks, no step is shorter than it must be, and nothing is asked for in a hot loop.
/// </summary>
/// <remarks>
/// A story has about a hundred calls and there are ten ways to disturb each, so a normal run plays every <see cref="Stride"/>th call, another offset for
/// each way and each day (<see cref="FaultSlice"/>), so that all calls are met in time; <c>make faults</c> plays all of them.
/// </remarks>
[Collection(FaultWorldsGroup.Name)]
public sealed class InjectionTests(FaultWorlds worlds, ITestOutputHelper output)
{
    private const int Stride = 24;

    public static TheoryData<string> Stories => new(Story.Main.Select(story => story.Name));

    [Theory]
    [MemberData(nameof(Stories))]
    public async Task A_story_ends_the_same_whatever_one_call_meets(string name)
    {
        var story = Story.Main.Single(story => story.Name == name);
        var (expected, calls) = await RecordAsync(story);
        // How many calls there are is not the same each time: those at the end that only one of two had are no calls to count on.
        var (_, again) = await RecordAsync(story);
        var played = (
            from way in Injection.All.Select((injection, index) => (injection, index))
            from call in Enumerable.Range(0, Math.Min(calls.Count(way.injection.IsAbout), again.Count(way.injection.IsAbout)))
            where FaultSlice.Has(call + (way.index * 7), Stride)
            select (way.injection, call)).ToList();
        var cpu = Environment.CpuUsage.TotalTime;
        var ends = await worlds.EachAsync(played, async one =>
        {
            var what = $"{one.injection} at call {one.call}";
            for (var attempt = 0; ; attempt++)
            {
                FaultRule? rule = null;
                var end = await PlayAsync(story, expected, what, world => rule = world.Server.Faults.When(one.injection.IsAbout, one.injection.Effect(), skip: one.call, times: 1));
                if (end is not null || rule!.HitCount == 1 || attempt == 3)
                    return (End: end, IsHit: rule!.HitCount == 1, What: what);
            }
        });
        output.WriteLine($"{story}: {calls.Count} and {again.Count} calls, {played.Count} injections played, {FaultSlice.Description}; {(Environment.CpuUsage.TotalTime - cpu).TotalSeconds:0} s of CPU");
        Assert.All(ends, end => Assert.True(end.End is null, end.End));
        var missed = ends.Where(end => !end.IsHit).Select(end => end.What).ToList();
        Assert.True(missed.Count <= played.Count / 20, $"there were no such calls: {string.Join(", ", missed)}");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Stories_end_the_same_when_every_tenth_call_goes_wrong(int seed)
    {
        var ends = await worlds.EachAsync(Story.Main, async story =>
        {
            var random = new Random(seed);
            FaultEffect? Draw(ApiRequest request)
            {
                if (!TestWorld.IsFromOperator(request) || random.NextDouble() >= 0.1)
                    return null;
                var ways = Injection.All.Where(way => way.IsAbout(request)).ToList();
                return ways[random.Next(ways.Count)].Effect();
            }

            FaultRule? rule = null;
            var (expected, _) = await RecordAsync(story);
            return (End: await PlayAsync(story, expected, $"{story}, seed {seed}", world => rule = world.Server.Faults.Choose(Draw)), Hits: rule!.HitCount);
        });
        output.WriteLine($"seed {seed}: {ends.Sum(end => end.Hits)} injections played");
        Assert.All(ends, end => Assert.True(end.End is null, end.End));
        Assert.All(ends, end => Assert.InRange(end.Hits, 3, int.MaxValue));
    }

    [Theory]
    [MemberData(nameof(Stories))]
    public async Task A_story_ends_the_same_when_every_watch_tells_everything_seconds_late(string name)
    {
        var story = Story.Main.Single(story => story.Name == name);
        var (expected, _) = await RecordAsync(story);
        Assert.Null(await PlayAsync(story, expected, name, world => world.Server.Watches.Lag = TimeSpan.FromSeconds(5)));
    }

    private async Task<(string End, IReadOnlyList<ApiRequest> Calls)> RecordAsync(Story story)
    {
        await using var world = await worlds.StartAsync(story, withOperator: false);
        var calls = new ConcurrentQueue<ApiRequest>();
        world.Server.Faults.Choose(request =>
        {
            if (TestWorld.IsFromOperator(request))
                calls.Enqueue(request);
            return null;
        });
        world.StartOperator();
        await story.PlayAsync(world);
        await world.QuietAsync();
        return (Ending.Of(world), [.. calls]);
    }

    /// <summary>What is wrong with how it went; null where nothing is.</summary>
    private async Task<string?> PlayAsync(Story story, string expected, string what, Action<TestWorld> disturb)
    {
        await using var world = await worlds.StartAsync(story, withOperator: false);
        disturb(world);
        var start = world.Clock!.Time.GetTimestamp();
        world.StartOperator();
        try
        {
            await story.PlayAsync(world);
            await world.UntilAsync(() => Ending.Of(world) == expected, () => "the same end");
            await world.QuietAsync();
            world.Invariants.Check();
            CrashTests.CheckSteps(world, story);
            CheckRate(world, world.Clock.Time.GetElapsedTime(start));
            var end = Ending.Of(world);
            return end == expected ? null : $"{what}: went on to\n{end}\nexpected:\n{expected}";
        }
        catch (Exception e) when (e is TimeoutException or Xunit.Sdk.XunitException)
        {
            return $"{what}: {e.Message}\n{Ending.Of(world)}\nexpected:\n{expected}\n{string.Join('\n', world.Logger.Lines.Select(line => $"{line.EventName} {line.Message}"))}";
        }
    }

    /// <summary>A story takes some two hundred requests; whatever is tried again is tried a few times and then with growing waits.</summary>
    private static void CheckRate(TestWorld world, TimeSpan took)
    {
        var asked = world.Server.Requests.Total;
        var most = 400 + (int)(took.TotalSeconds * 10);
        Assert.True(asked <= most, $"{asked} requests in {took.TotalSeconds:0} s, more than {most}: something is tried again without a pause");
    }
}
