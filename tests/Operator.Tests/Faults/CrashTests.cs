using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Faults;

/// <summary>
/// Each story once to count its writes, and then once for every one of them with something going wrong right behind it. Objects, status, history, locked
/// releases and records are the same in the end, and no step is shorter than it must be.
/// </summary>
[Collection(FaultWorldsGroup.Name)]
public sealed class CrashTests(FaultWorlds worlds, ITestOutputHelper output)
{
    /// <summary>Half a second that a status may be late is not made good; as much again may go by while an operator is started that was not there to see.</summary>
    private static readonly TimeSpan UnderWay = TimeSpan.FromSeconds(1);

    public static TheoryData<string> Stories => new(Story.All.Select(story => story.Name));

    public static TheoryData<string> MainStories => new(Story.Main.Select(story => story.Name));

    [Theory]
    [MemberData(nameof(Stories))]
    public Task An_operator_that_is_killed_right_after_any_write_comes_to_the_same_end(string name) => CheckAsync(name, kills: true);

    [Theory]
    [MemberData(nameof(MainStories))]
    public Task An_operator_that_never_hears_that_a_write_was_done_comes_to_the_same_end(string name) => CheckAsync(name, kills: false);

    private async Task CheckAsync(string name, bool kills)
    {
        var story = Story.All.Single(story => story.Name == name);
        var cpu = Environment.CpuUsage.TotalTime;
        var (expected, writes) = await RecordAsync(story);
        Assert.InRange(writes.Count, 8, 80);
        var ends = await worlds.EachAsync(Enumerable.Range(1, writes.Count), k => ReplayAsync(story, k, kills, expected));
        output.WriteLine($"{story}: {writes.Count} writes, {ends.Count} {(kills ? "kills" : "lost answers")} played, {(Environment.CpuUsage.TotalTime - cpu).TotalSeconds:0.0} s of CPU");
        Assert.All(ends.Select((end, index) => (end, index)), it =>
            Assert.True(it.end == expected, $"after write {it.index + 1}, {writes[it.index]}:\n{it.end}\nexpected:\n{expected}"));
    }

    private async Task<(string End, IReadOnlyList<WriteRecord> Writes)> RecordAsync(Story story)
    {
        await using var world = await worlds.StartAsync(story, output.WriteLine);
        await story.PlayAsync(world);
        await world.QuietAsync();
        CheckSteps(world, story);
        return (Ending.Of(world), world.OperatorWrites);
    }

    private async Task<string> ReplayAsync(Story story, int k, bool kills, string expected)
    {
        await using var world = await worlds.StartAsync(story);
        world.Server.CrashAfterWrite(
            k,
            _ =>
            {
                if (!kills)
                    return;
                world.KillOperator();
                world.StartOperator();
            },
            TestWorld.IsOperator);
        try
        {
            await story.PlayAsync(world);
            await world.UntilAsync(() => Ending.Of(world) == expected, () => "the same end");
            // It is the end only if nothing goes on from there.
            await world.QuietAsync();
            world.Invariants.Check();
            CheckSteps(world, story);
            return Ending.Of(world);
        }
        catch (Exception e) when (e is TimeoutException or Xunit.Sdk.XunitException)
        {
            return $"{e.Message}\n{Ending.Of(world)}";
        }
    }

    /// <summary>That there were these steps, and that none was shorter than its hold, but for the time that a status is under way.</summary>
    internal static void CheckSteps(TestWorld world, Story story)
    {
        var seen = world.Steps.All;
        Assert.True(
            seen.Count == story.MinimumLengths.Count && seen.Zip(story.MinimumLengths).All(pair => pair.First.Name == pair.Second.Step && pair.First.Length >= pair.Second.Length - UnderWay),
            $"steps were {string.Join(", ", seen.Select(step => $"{step.Name} {step.Length?.TotalSeconds:0.###} s"))}, expected {string.Join(", ", story.MinimumLengths.Select(step => $"{step.Step} {step.Length.TotalSeconds} s or more"))}");
    }
}
