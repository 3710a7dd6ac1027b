using LlmOps.Rollouts.Statistics;
using Xunit;

namespace LlmOps.Rollouts.Tests.Statistics;

public sealed class ConditionalMixtureTestTests
{
    [Theory]
    [InlineData(5, 0, 10, -1.1364, -1.0369)]
    [InlineData(5, 1, 5, 0.0947, -0.0279)]
    [InlineData(5, 2, 5, 1.3989, 1.1039)]
    [InlineData(5, 5, 20, 2.3414, 1.6786)]
    [InlineData(5, 3, 57, -1.4028, -1.3527)]
    [InlineData(50, 10, 2, 2.1894, 1.5099)]
    public void Ln_M_equals_the_published_vectors(int weight, long candidate, long stable, double withoutTolerance, double withTolerance)
    {
        var events = new[] { new BadEvents(weight, candidate, stable) };
        Assert.Equal(withoutTolerance, ConditionalMixtureTest.LogE(events, 1), 4);
        Assert.Equal(withTolerance, ConditionalMixtureTest.LogE(events, 1.2), 4);
    }

    [Theory]
    [InlineData(0.01, 4.6052)]
    [InlineData(0.004, 5.5215)]
    public void Threshold_is_ln_of_one_over_the_false_revert_probability(double probability, double threshold) =>
        Assert.Equal(threshold, ConditionalMixtureTest.LogThreshold(probability), 4);

    [Fact]
    public void Epochs_add_up_whatever_their_order_and_however_they_are_split()
    {
        BadEvents[] whole = [new(5, 4, 20), new(25, 6, 8)];
        BadEvents[] split = [new(25, 1, 8), new(5, 4, 5), new(25, 5, 0), new(5, 0, 15)];
        Assert.Equal(ConditionalMixtureTest.LogE(whole, 1), ConditionalMixtureTest.LogE(split, 1), 10);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    public void Weights_without_a_concurrent_stable_say_nothing(int weight) =>
        Assert.Equal(0, ConditionalMixtureTest.LogE([new(weight, 1000, 1000)], 1), 10);

    [Fact]
    public void An_outage_that_strikes_both_tracks_in_proportion_speaks_for_the_candidate() =>
        Assert.True(ConditionalMixtureTest.LogE([new(5, 500, 9500)], 1) < 0);

    [Fact]
    public void A_tolerance_beyond_the_grid_never_rejects() => Assert.Equal(0, ConditionalMixtureTest.LogE([new(5, 1000, 0)], 50));

    [Fact]
    public void A_tolerance_below_one_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => ConditionalMixtureTest.LogE([], 0.9));

    [Fact]
    public void Huge_counts_stay_finite() => Assert.True(double.IsFinite(ConditionalMixtureTest.LogE([new(50, 1_000_000_000, 1_000)], 1)));
}
