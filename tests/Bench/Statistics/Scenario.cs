namespace LlmOps.Bench.Statistics;

/// <summary>Traffic of a rollout whose candidate is as good as stable.</summary>
/// <param name="Name">In the tables.</param>
/// <param name="ErrorRates">Share of requests that fail, 0 to 1, in each second of the rollout; the same for both tracks.</param>
internal sealed record Scenario(string Name, Func<Random, int, double[]> ErrorRates)
{
    /// <summary>Whether times to the first token and per output token are compared too.</summary>
    public bool HasLatency { get; init; }

    /// <summary>Whether a failed request is among the slowest as well, so that signals strike together.</summary>
    public bool FailuresAreSlow { get; init; }

    /// <summary>Sticky users; 0 where each request is its own. One user in fifty has half of its requests fail, besides the error rate.</summary>
    public int Users { get; init; }

    /// <summary>False counts every failure of a user, as a gateway must not.</summary>
    public bool CountsOncePerUser { get; init; } = true;

    /// <summary>Share of users that are broken, 0 to 1.</summary>
    public const double BrokenUsers = 0.02;

    /// <summary>Share of a broken user's requests that fail.</summary>
    public const double BrokenUserErrors = 0.5;

    public static IReadOnlyList<Scenario> All { get; } =
    [
        Constant("errors 0.1 %", 0.001),
        Constant("errors 1 %", 0.01),
        Constant("errors 5 %", 0.05),
        Constant("latency (log-normal), errors 1 %", 0.01) with { HasLatency = true },
        Constant("latency, every failure slow", 0.01) with { HasLatency = true, FailuresAreSlow = true },
        new("bursts: 20 % for 5 s, about each minute", Bursts),
        new("outages of both tracks: 100 % for 10 s a step", Outages),
        Constant("sticky users, failures clustered, one event a user", 0.002) with { Users = 3000 },
    ];

    /// <summary>What one event a sticky unit prevents; shown for comparison, without a budget.</summary>
    public static Scenario EveryFailureOfAUser { get; } = Constant("the same, each failure counted", 0.002) with { Users = 3000, CountsOncePerUser = false };

    private static Scenario Constant(string name, double rate) => new(name, (_, seconds) => [.. Enumerable.Repeat(rate, seconds)]);

    private static double[] Bursts(Random random, int seconds)
    {
        var rates = Enumerable.Repeat(0.005, seconds).ToArray();
        for (var start = 0; start < seconds; start++)
        {
            if (random.NextDouble() < 1.0 / 60)
                Array.Fill(rates, 0.2, start, Math.Min(5, seconds - start));
        }

        return rates;
    }

    private static double[] Outages(Random random, int seconds)
    {
        var rates = Enumerable.Repeat(0.005, seconds).ToArray();
        for (var step = 0; step + NullRollouts.SecondsPerStep <= seconds; step += NullRollouts.SecondsPerStep)
            Array.Fill(rates, 1, step + random.Next(NullRollouts.SecondsPerStep - 10), 10);
        return rates;
    }
}
