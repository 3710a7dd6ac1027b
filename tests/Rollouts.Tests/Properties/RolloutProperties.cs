using System.Collections.Concurrent;
using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Rollouts.Tests.Properties;

/// <summary>
/// Random orders of events, each played once and held to every <see cref="Rule"/> on each of its turns, on all cores. What fails is shrunk to the fewest events
/// that fail, with its seed.
/// </summary>
/// <remarks>
/// <c>LLMOPS_WALKS</c>: how many, 100,000 by default, about two minutes on two quiet cores. <c>LLMOPS_WALK_SEED</c>: other ones. <c>LLMOPS_WALK</c>: plays one again, by the
/// numbers that its failure printed.
/// </remarks>
public sealed class RolloutProperties(ITestOutputHelper output)
{
    private const int Walks = 100_000;
    private const ulong Seed = 20260701;
    private const int FewestEvents = 15;
    private const int MostEvents = 60;

    /// <summary>Below it rare transitions may be missing by chance.</summary>
    private const int EnoughForTransitions = 6_000;

    [Fact]
    public void Every_rule_holds_in_every_order_of_events()
    {
        if (Environment.GetEnvironmentVariable("LLMOPS_WALK") is { Length: > 0 } again)
        {
            Walk.Play([.. again.Split(',').Select(number => int.Parse(number, CultureInfo.InvariantCulture))], _ => { });
            return;
        }

        var walks = Setting("LLMOPS_WALKS", Walks);
        var seed = Setting("LLMOPS_WALK_SEED", Seed);
        var seen = new ConcurrentDictionary<Transition, int>();
        var (turns, played) = (0L, 0L);
        var choices = Gen.Choose(FewestEvents, MostEvents).SelectMany(count => Gen.Choose(0, int.MaxValue - 1).ListOf(count + 1)).Select(list => list.ToArray());
        var property = Prop.ForAll(Arb.From(choices, Fewer), walk =>
        {
            Interlocked.Add(ref turns, Walk.Play(walk, transition => seen.AddOrUpdate(transition, 1, (_, times) => times + 1)));
            Interlocked.Increment(ref played);
        });
        var config = Config.QuickThrowOnFailure.WithMaxTest((int)walks).WithReplay(seed, 297).WithParallelRunConfig(new ParallelRunConfig(Environment.ProcessorCount));
        var clock = System.Diagnostics.Stopwatch.StartNew();
        Check.One(config, property);

        var unseen = Transitions.Allowed.Except(seen.Keys).ToList();
        output.WriteLine($"{played} walks, {turns} decisions held to all rules in {clock.Elapsed.TotalSeconds:0} s ({Environment.CpuUsage.TotalTime.TotalSeconds:0} s of processors); {seen.Count} of {Transitions.Allowed.Count} transitions seen");
        foreach (var (transition, times) in seen.OrderBy(pair => pair.Value))
        {
            output.WriteLine($"{times,9} {transition}");
        }

        unseen.ForEach(transition => output.WriteLine($"   unseen {transition}"));
        Assert.Equal((long)walks, played);
        Assert.Empty(Enum.GetValues<RolloutPhase>().Except(seen.Keys.Select(transition => transition.To)));
        Assert.True(walks < EnoughForTransitions || unseen.Count * 5 <= Transitions.Allowed.Count, $"not seen: {string.Join(", ", unseen)}");
    }

    private static ulong Setting(string name, ulong byDefault) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? ulong.Parse(text, CultureInfo.InvariantCulture) : byDefault;

    /// <summary>The same world with fewer events.</summary>
    private static IEnumerable<int[]> Fewer(int[] choices)
    {
        for (var size = choices.Length / 2; size >= 1; size /= 2)
        {
            for (var start = 1; start + size <= choices.Length; start += size)
            {
                yield return [.. choices[..start], .. choices[(start + size)..]];
            }
        }
    }
}
