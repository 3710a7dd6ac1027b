using LlmOps.Operator.Gathering;
using LlmOps.Operator.Tests.World;
using Xunit;

namespace LlmOps.Operator.Tests.Faults;

/// <summary>Operators whose machines disagree about what time it is, one after the other in one rollout, or with themselves.</summary>
[Collection(FaultWorldsGroup.Name)]
public sealed class ClockTests(FaultWorlds worlds)
{
    /// <summary>The story takes ten seconds, and a stand-by a moment to start.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(-5, 0)]
    [InlineData(0, -5)]
    [InlineData(5, 0)]
    [InlineData(0, 5)]
    [InlineData(5, -5)]
    [InlineData(-5, 5)]
    public async Task A_stand_by_whose_clock_is_minutes_apart_makes_no_step_shorter_and_none_longer(int leaderMinutes, int standByMinutes)
    {
        var story = Story.Main[0];
        await using var world = await worlds.StartAsync(story, withOperator: false);
        var start = world.Clock!.Time.GetTimestamp();
        world.StartOperator(new SkewedTime(world.Clock.Time, TimeSpan.FromMinutes(leaderMinutes)));
        var isOver = 0;
        world.Server.OnWrite += _ =>
        {
            if (world.Get().Status?.Candidate?.Weight != 25 || Interlocked.Exchange(ref isOver, 1) == 1)
                return;
            world.KillOperator();
            world.StartOperator(new SkewedTime(world.Clock.Time, TimeSpan.FromMinutes(standByMinutes)));
        };
        await story.PlayAsync(world);
        await world.QuietAsync();
        CrashTests.CheckSteps(world, story, HoldClock.Tolerance);
        world.Invariants.Check();
        Assert.InRange(world.Clock.Time.GetElapsedTime(start), TimeSpan.Zero, Longest);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(-5)]
    public async Task A_clock_that_is_set_by_minutes_while_a_step_is_held_does_not_make_it_shorter(int minutes)
    {
        var story = Story.Main[0];
        await using var world = await worlds.StartAsync(story, withOperator: false);
        var time = new SkewedTime(world.Clock!.Time, TimeSpan.Zero);
        world.StartOperator(time);
        var isOver = 0;
        world.Server.OnWrite += _ =>
        {
            if (world.Get().Status?.Candidate?.Weight == 25 && Interlocked.Exchange(ref isOver, 1) == 0)
                time.By = TimeSpan.FromMinutes(minutes);
        };
        await story.PlayAsync(world);
        await world.QuietAsync();
        CrashTests.CheckSteps(world, story);
        world.Invariants.Check();
    }

    private sealed class SkewedTime(TimeProvider right, TimeSpan by) : TimeProvider
    {
        public TimeSpan By { get; set; } = by;

        public override long TimestampFrequency => right.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => right.GetUtcNow() + By;

        public override long GetTimestamp() => right.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => right.CreateTimer(callback, state, dueTime, period);
    }
}
