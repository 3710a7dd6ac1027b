using LlmOps.Rollouts;
using LlmOps.Rollouts.Statistics;

namespace LlmOps.Bench.Statistics;

/// <summary>How often each method reverts a candidate that is as good as stable: 5 → 25 → 50 %, 120 s each, 100 requests/s, looked at every second.</summary>
internal static class NullRollouts
{
    public const int SecondsPerStep = 120;
    public const int RequestsPerSecond = 100;
    public static readonly int[] Weights = [5, 25, 50];

    /// <summary>Without tolerances, so that a candidate like stable is the hardest case: with them its false reverts are rarer still.</summary>
    public static readonly AnalysisPlan Strict = new() { Tolerance = new(1, 1, 1, 1, 1, 1, 1) };

    /// <summary>Rollouts that each method reverted, and those that the share check held.</summary>
    public static NullCounts Run(Scenario scenario, int rollouts, CancellationToken ct)
    {
        var counts = new NullCounts();
        Parallel.For(0, rollouts, new ParallelOptions { CancellationToken = ct }, seed => new NullRollout(scenario, seed).Play(counts));
        return counts;
    }
}

/// <summary>Reverts by method.</summary>
internal sealed class NullCounts
{
    private int product;
    private int held;
    private int zTest;
    private int failureLimit;
    private int mannWhitney;

    public int Product => product;

    public int Held => held;

    public int ZTest => zTest;

    public int FailureLimit => failureLimit;

    public int MannWhitney => mannWhitney;

    public void Add(bool product, bool held, bool zTest, bool failureLimit, bool mannWhitney)
    {
        Interlocked.Add(ref this.product, product ? 1 : 0);
        Interlocked.Add(ref this.held, held ? 1 : 0);
        Interlocked.Add(ref this.zTest, zTest ? 1 : 0);
        Interlocked.Add(ref this.failureLimit, failureLimit ? 1 : 0);
        Interlocked.Add(ref this.mannWhitney, mannWhitney ? 1 : 0);
    }
}

/// <summary>One rollout.</summary>
internal sealed class NullRollout(Scenario scenario, int seed)
{
    private readonly Random random = new(seed);
    private readonly List<EvidenceRow> finished = [];
    private readonly Contenders contenders = new();
    private readonly User[] users = new User[scenario.Users];
    private SimulatedTrack stable = new();
    private SimulatedTrack candidate = new();
    private bool reverted;
    private bool held;

    public void Play(NullCounts counts)
    {
        for (var i = 0; i < users.Length; i++)
            users[i] = new(random.NextDouble() * 100, random.NextDouble() < Scenario.BrokenUsers);
        var rates = scenario.ErrorRates(random, NullRollouts.Weights.Length * NullRollouts.SecondsPerStep);
        for (var step = 0; step < NullRollouts.Weights.Length; step++)
        {
            contenders.BeginStep();
            for (var second = 0; second < NullRollouts.SecondsPerStep; second++)
                Second(step + 1, NullRollouts.Weights[step], rates[(step * NullRollouts.SecondsPerStep) + second], isLookedAt: second % 10 == 9);
            contenders.EndStep();
            finished.Add(Row(step + 1, NullRollouts.Weights[step]));
            (stable, candidate) = (new(), new());
        }

        counts.Add(reverted, held, contenders.ZTestReverted, contenders.FailureLimitReverted, contenders.MannWhitneyReverted);
    }

    /// <param name="isLookedAt">Whether the share of the units is looked at too.</param>
    private void Second(int epoch, int weight, double errorRate, bool isLookedAt)
    {
        var before = (Candidate: (candidate.Requests, candidate.Errors), Stable: (stable.Requests, stable.Errors));
        for (var i = 0; i < NullRollouts.RequestsPerSecond; i++)
            Send(weight, errorRate);
        contenders.Second(
            candidate.Requests - before.Candidate.Requests,
            candidate.Errors - before.Candidate.Errors,
            stable.Requests - before.Stable.Requests,
            stable.Errors - before.Stable.Errors);

        // Only a bad event of the candidate can raise the evidence; a revert cannot be taken back.
        var row = Row(epoch, weight);
        if (!reverted && (scenario.HasLatency || candidate.Errors > before.Candidate.Errors))
            reverted = LiveTests.Run(NullRollouts.Strict, [.. finished, row]).Any(test => test.Verdict == Verdict.Fail);
        if (isLookedAt)
            held = held || ShareTest.Run([row], epoch, wasMismatch: false).Verdict == Verdict.ProviderError;
    }

    private void Send(int weight, double errorRate)
    {
        ref var user = ref users.Length == 0 ? ref System.Runtime.CompilerServices.Unsafe.NullRef<User>() : ref users[random.Next(users.Length)];
        var isSticky = users.Length > 0;
        var track = (isSticky ? user.Hash : random.NextDouble() * 100) < weight ? candidate : stable;
        track.Requests++;
        if (!isSticky || !user.IsKnown)
            track.Units++;
        var fails = random.NextDouble() < errorRate || (isSticky && user.IsBroken && random.NextDouble() < Scenario.BrokenUserErrors);
        if (fails && (!isSticky || !scenario.CountsOncePerUser || !user.HasFailed))
            track.Errors++;
        if (isSticky)
        {
            user.IsKnown = true;
            user.HasFailed |= fails;
        }

        if (scenario.HasLatency)
        {
            track.CountTtft(fails && scenario.FailuresAreSlow ? 1 : random.NextDouble());
            track.CountTimePerOutputToken(fails && scenario.FailuresAreSlow ? 1 : random.NextDouble());
        }
    }

    private EvidenceRow Row(int epoch, int weight) =>
        new("simulated", epoch, weight, stable.ToCounts(scenario.HasLatency), candidate.ToCounts(scenario.HasLatency));

    /// <param name="Hash">Where the user falls in the split, 0 to 100.</param>
    private record struct User(double Hash, bool IsBroken)
    {
        public bool IsKnown;
        public bool HasFailed;
    }
}
