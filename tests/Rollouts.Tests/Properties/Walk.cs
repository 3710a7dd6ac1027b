using Xunit;
using Xunit.Sdk;

namespace LlmOps.Rollouts.Tests.Properties;

/// <summary>One order of events, played once and held to all rules on each of its turns; then the events stop, and what runs has to end.</summary>
internal static class Walk
{
    /// <summary>Far more looks than any list of steps has deadlines; the last ones must find nothing to do.</summary>
    private const int MostQuietTurns = 60;

    private static readonly IReadOnlyList<Rule> Rules = [.. TrafficRules.All, .. StepRules.All, .. CapacityRules.All, .. ActionRules.All, .. KeepingRules.All];

    /// <param name="choices">The first sets the world up, each other one is an event.</param>
    /// <param name="seen">Is told of every transition.</param>
    /// <returns>How many decisions were made and held to the rules.</returns>
    public static int Play(int[] choices, Action<Transition> seen)
    {
        var checks = Rules.Select(rule => (rule.Name, Check: rule.NewWalk())).ToList();
        var (world, turns, at) = (new World(choices[0]), 0, "the beginning");
        var rule = "Deciding is deterministic, a second decision writes nothing, every transition is in the table, status loses nothing";
        void Hold(Turn turn)
        {
            turns++;
            foreach (var (name, check) in checks)
            {
                rule = name;
                check(turn);
            }

            rule = "Deciding is deterministic, a second decision writes nothing, every transition is in the table, status loses nothing";
            foreach (var transition in turn.IsLost ? [] : turn.Decision.Transitions)
            {
                seen(transition);
            }
        }

        try
        {
            for (var i = 1; i < choices.Length; i++)
            {
                at = $"event {i}";
                foreach (var turn in world.Play(choices[i]))
                {
                    at = $"event {i} ({turn.Event})";
                    Hold(turn);
                }
            }

            Settle(world, (QuietMood)new Dice(choices[0]).Roll(3), turn =>
            {
                at = turn.Event;
                Hold(turn);
            }, name => rule = name);
        }
        catch (Exception broken) when (broken is XunitException or InvalidOperationException or NullReferenceException or ArgumentException or IndexOutOfRangeException or DivideByZeroException or OverflowException)
        {
            throw new InvalidOperationException($"{rule}: broken at {at}, {world.Now:HH:mm:ss}\nreplay: LLMOPS_WALK={string.Join(',', choices)}\n{broken.Message}\nspec: {world.Plan}\nstate before: {world.State}", broken);
        }

        return turns;
    }

    /// <summary>Lets time pass until nothing is due any more.</summary>
    private static void Settle(World world, QuietMood mood, Action<Turn> hold, Action<string> rule)
    {
        for (var i = 0; i < MostQuietTurns; i++)
        {
            var turn = world.Wait(mood);
            hold(turn);
            // While clients send requests, their counts are written.
            var isQuiet = turn.Before == turn.After || (mood == QuietMood.AllIsWell && turn.After.CandidateIsAsked);
            if (isQuiet && IsOverOrSomebodysTurn(turn))
            {
                return;
            }
        }

        rule("Every run ends, or waits for somebody who is named");
        Assert.Fail($"after {MostQuietTurns} quiet looks: {world.State.Current?.Phase}, {world.State.Current?.Reason}: {world.State.Current?.Message}");
    }

    private static bool IsOverOrSomebodysTurn(Turn turn) => turn.After switch
    {
        { Candidate: null } => turn.After.Retiring.Count == 0 || turn.Decision.RequeueAfter is not null,
        { Current.Reason: RolloutReasons.Paused or RolloutReasons.AwaitingDecision } => true,
        // Nothing to go back to: it goes on as soon as its pods, its gates or the spec do.
        { Stable: null, Current: { Reason.Length: > 0, Message.Length: > 0 } } => true,
        { Current: { Phase: RolloutPhase.Reverting, Reason: RolloutReasons.StableUnavailable } } => turn.PodsOf(turn.After.Stable!).Ready == 0,
        _ => false,
    };
}
