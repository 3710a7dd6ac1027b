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
    /// <summary>Of the last writes: there may have been more of them than there are as a rule.</summary>
    private const int MostMissed = 2;

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
        var played = await worlds.EachAsync(Enumerable.Range(1, writes.Count), async k =>
        {
            // Two changes that come close together are one write or two: there may be fewer than there were.
            var one = await ReplayAsync(story, k, kills, expected);
            for (var again = 0; again < 3 && one.End == expected && !one.IsReached; again++)
                one = await ReplayAsync(story, k, kills, expected);
            return one;
        });
        var ends = played.Select(one => one.End).ToList();
        output.WriteLine($"{story}: {writes.Count} writes, {ends.Count} {(kills ? "kills" : "lost answers")} played, {(Environment.CpuUsage.TotalTime - cpu).TotalSeconds:0.0} s of CPU");
        Assert.All(ends.Select((end, index) => (end, index)), it =>
            Assert.True(it.end == expected, $"after write {it.index + 1}, {writes[it.index]}:\n{it.end}\nexpected:\n{expected}"));
        var missed = Enumerable.Range(1, writes.Count).Where(k => !played[k - 1].IsReached).ToList();
        Assert.True(missed.TrueForAll(k => k > writes.Count - MostMissed), $"the operator never came to write {string.Join(", ", missed)} of {writes.Count}");
    }

    private async Task<(string End, IReadOnlyList<WriteRecord> Writes)> RecordAsync(Story story)
    {
        await using var world = await worlds.StartAsync(story, output.WriteLine);
        await story.PlayAsync(world);
        await world.QuietAsync();
        CheckSteps(world, story);
        return (Ending.Of(world), world.OperatorWrites);
    }

    private async Task<(string End, bool IsReached)> ReplayAsync(Story story, int k, bool kills, string expected)
    {
        await using var world = await worlds.StartAsync(story);
        var reached = false;
        world.Server.CrashAfterWrite(
            k,
            _ =>
            {
                Volatile.Write(ref reached, true);
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
            return (Ending.Of(world), Volatile.Read(ref reached));
        }
        catch (Exception e) when (e is TimeoutException or Xunit.Sdk.XunitException)
        {
            return ($"{e.Message}\n{Ending.Of(world)}", Volatile.Read(ref reached));
        }
    }

    /// <summary>
    /// That there were these steps, that none was shorter than its hold, and that no hold began before the one before it was over. By when holds began as the
    /// status says it, and when their end was seen.
    /// </summary>
    /// <param name="late">How late a status may have been seen: a busy machine takes its time between a decision and its write, and the time in the status of an operator whose clock is wrong does not tell.</param>
    internal static void CheckSteps(TestWorld world, Story story, TimeSpan late = default)
    {
        var seen = world.Steps.All;
        var least = story.MinimumLengths.Select(step => (step.Step, Length: step.Length > late ? step.Length - late : TimeSpan.Zero)).ToList();
        Assert.True(
            seen.Count == least.Count
                && seen.Zip(least).All(pair => pair.First.Name == pair.Second.Step && pair.First.Length >= pair.Second.Length)
                && Enumerable.Range(1, seen.Count - 1).All(i => seen[i].HeldSince >= seen[i - 1].HeldSince + least[i - 1].Length),
            $"steps were {string.Join(", ", seen.Select(step => $"{step.Name} {step.Length?.TotalSeconds:0.###} s from {step.HeldSince:mm:ss.fff}"))}, expected {string.Join(", ", least.Select(step => $"{step.Step} {step.Length.TotalSeconds} s or more"))}");
    }
}
