using LlmOps.Rollouts.Statistics;
using Xunit;

namespace LlmOps.Rollouts.Tests.Statistics;

public sealed class OnsetMixtureTests
{
    [Fact]
    public void A_candidate_that_turns_bad_at_a_higher_weight_is_not_shielded_by_its_good_start()
    {
        EpochEvents[] rows = [new(1, new(5, 20, 400)), new(2, new(25, 14, 2))];
        Assert.True(ConditionalMixtureTest.LogE(rows.Select(row => row.Events), 1) < 3);
        Assert.True(OnsetMixture.LogE(rows, 1) > ConditionalMixtureTest.LogThreshold(0.009));
    }

    [Fact]
    public void A_candidate_that_is_bad_from_the_start_pays_a_twentieth_of_a_nat()
    {
        EpochEvents[] rows = [new(1, new(5, 20, 40))];
        Assert.Equal(ConditionalMixtureTest.LogE([rows[0].Events], 1) + Math.Log(0.95), OnsetMixture.LogE(rows, 1), 3);
    }

    [Fact]
    public void Without_events_it_is_zero() => Assert.Equal(0, OnsetMixture.LogE([], 1), 10);

    [Fact]
    public void Its_mean_under_the_null_hypothesis_is_at_most_one()
    {
        // Exactly, by going through every outcome: five bad events in each of two epochs, each the candidate's with its share of the requests. The times within
        // the first epoch were given up with their 0.01.
        var mean = 0.0;
        for (var first = 0; first <= 5; first++)
        {
            for (var second = 0; second <= 5; second++)
            {
                var logE = OnsetMixture.LogE([new(1, new(5, first, 5 - first)), new(2, new(25, second, 5 - second))], 1);
                mean += Probability(first, 0.05) * Probability(second, 0.25) * Math.Exp(logE);
            }
        }

        Assert.Equal(0.99, mean, 9);
    }

    [Fact]
    public void Its_mean_under_the_null_hypothesis_is_one_with_a_test_that_began_within_the_epoch()
    {
        // Five bad events before that time and five after it.
        var mean = 0.0;
        for (var before = 0; before <= 5; before++)
        {
            for (var after = 0; after <= 5; after++)
            {
                var logE = OnsetMixture.LogE([new(1, new(25, before + after, 10 - before - after))], [new(1, 0, new(25, after, 5 - after))], 1);
                mean += Probability(before, 0.25) * Probability(after, 0.25) * Math.Exp(logE);
            }
        }

        Assert.Equal(1, mean, 9);
    }

    [Fact]
    public void Times_within_an_epoch_are_given_up_once_a_later_epoch_counts()
    {
        EpochEvents[] rows = [new(1, new(5, 20, 400)), new(2, new(25, 1, 2))];
        Assert.Equal(OnsetMixture.LogE(rows, 1), OnsetMixture.LogE(rows, [new(1, 0, new(5, 20, 0))], 1), 12);
    }

    private static double Probability(int candidate, double share) =>
        new[] { 1, 5, 10, 10, 5, 1 }[candidate] * Math.Pow(share, candidate) * Math.Pow(1 - share, 5 - candidate);
}
