using LlmOps.Rollouts.Statistics;
using Xunit;

namespace LlmOps.Rollouts.Tests.Statistics;

public sealed class ReverseTestTests
{
    [Theory]
    [InlineData(0, 3, 5.6875)]
    [InlineData(1, 3, 3.265625)]
    public void M_at_equal_weights_against_twice_as_many_is_the_mean_of_two_products(long candidate, long stable, double m)
    {
        // θ(2) = 2/3, θ(1) = 1/2, θ(½) = 1/3. A stable event: (1/2)/(1/3) = 1.5 and (2/3)/(1/3) = 2; the candidate's: (1/2)/(2/3) = 0.75 and (1/3)/(2/3) = 0.5.
        // (1.5³ + 2³)/2 = 5.6875; (0.75·1.5³ + 0.5·2³)/2 = 3.265625.
        Assert.Equal(Math.Log(m), ReverseTest.LogE([new(50, candidate, stable)], 2), 9);
    }

    [Fact]
    public void Growth_is_the_divergence_between_as_good_and_too_bad() =>
        Assert.Equal(0.5 * Math.Log(1.125), ReverseTest.Growth(50, 2), 9); // ½ ln 0.75 + ½ ln 1.5

    [Theory]
    [InlineData(3, 5)]
    [InlineData(2, 25)]
    [InlineData(1.5, 50)]
    public void Its_mean_is_one_for_a_candidate_that_is_just_too_bad_and_less_for_a_worse_one(double ratio, int weight)
    {
        Assert.Equal(1, Mean(ratio, ratio, weight), 9);
        Assert.InRange(Mean(ratio * 1.5, ratio, weight), 0, 0.999);
    }

    [Fact]
    public void Weights_without_a_concurrent_stable_prove_nothing() => Assert.Equal(0, ReverseTest.LogE([new(100, 0, 50), new(0, 0, 50)], 3));

    [Theory]
    [InlineData(1, 3, 5, 5798)] // error rate in per cent, ratio, weight; published median of all requests
    [InlineData(1, 2, 25, 5062)]
    [InlineData(5, 1.5, 50, 2822)]
    public void A_candidate_as_good_as_stable_proves_itself_in_the_published_number_of_requests(int errorPercent, double ratio, int weight, int published)
    {
        var random = new Random(20260713);
        var requests = Enumerable.Range(0, 1000).Select(_ => RequestsUntilProven(random, errorPercent, ratio, weight)).Order().ElementAt(500);
        Assert.InRange(requests, published * 0.75, published * 1.1);
    }

    private static int RequestsUntilProven(Random random, int errorPercent, double ratio, int weight)
    {
        long candidate = 0, stable = 0;
        for (var requests = 1; ; requests++)
        {
            if (random.Next(100) >= errorPercent)
            {
                continue;
            }

            _ = random.Next(100) < weight ? candidate++ : stable++;
            if (ReverseTest.LogE([new(weight, candidate, stable)], ratio) >= Math.Log(20))
            {
                return requests;
            }
        }
    }

    /// <summary>Over all outcomes of eight bad events.</summary>
    private static double Mean(double trueRatio, double maxRatio, int weight)
    {
        var w = weight / 100.0;
        var theta = trueRatio * w / ((trueRatio * w) + 1 - w);
        return Enumerable.Range(0, 9).Sum(k => Binomial(8, k) * Math.Pow(theta, k) * Math.Pow(1 - theta, 8 - k) * Math.Exp(ReverseTest.LogE([new(weight, k, 8 - k)], maxRatio)));
    }

    private static double Binomial(int n, int k) => Enumerable.Range(1, k).Aggregate(1.0, (product, i) => product * (n - k + i) / i);
}
