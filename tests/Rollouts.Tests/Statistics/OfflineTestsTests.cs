using LlmOps.Rollouts.Statistics;
using Xunit;

namespace LlmOps.Rollouts.Tests.Statistics;

public sealed class OfflineTestsTests
{
    [Fact]
    public void Wilson_lower_bound_equals_the_published_vector() => Assert.Equal(0.940614, Wilson.Lower(479, 500, 0.95), 6);

    [Theory]
    [InlineData(200, 194)]
    [InlineData(500, 479)]
    [InlineData(1000, 953)]
    [InlineData(2000, 1898)]
    public void Ninety_four_per_cent_is_shown_from_the_published_number_of_successes_on(int trials, int successes)
    {
        Assert.True(Wilson.Lower(successes, trials, 0.95) >= 0.94);
        Assert.False(Wilson.Lower(successes - 1, trials, 0.95) >= 0.94);
    }

    [Fact]
    public void Wilson_bounds_mirror_each_other_and_stay_within_zero_and_one()
    {
        Assert.Equal(1 - Wilson.Lower(30, 40, 0.95), Wilson.Upper(10, 40, 0.95), 12);
        Assert.Equal(0, Wilson.Lower(0, 50, 0.95), 12);
        Assert.Equal(1, Wilson.Upper(50, 50, 0.95), 12);
        Assert.Equal((0, 1), (Wilson.Lower(0, 0, 0.95), Wilson.Upper(0, 0, 0.95)));
    }

    [Theory]
    [InlineData(5, 15, 0.041389, 0.026604)]
    [InlineData(2, 9, 0.065430, 0.038574)]
    [InlineData(0, 6, 0.031250, 0.015625)]
    public void McNemar_equals_the_published_vectors(int wins, int losses, double exact, double midP)
    {
        foreach (var test in new[] { McNemar.Test(wins, losses), McNemar.Test(losses, wins) })
        {
            Assert.Equal(exact, test.Exact, 6);
            Assert.Equal(midP, test.MidP, 6);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void McNemar_finds_no_difference_between_equal_counts(int each) => Assert.Equal(new McNemar(1, 1), McNemar.Test(each, each));

    [Theory]
    [InlineData(20, 30, 2.0259, 0.02139, -0.04405, 0.00334)]
    [InlineData(25, 25, 3.2767, 0.00053, -0.02375, 0.02375)]
    [InlineData(12, 40, -0.4269, 0.66527, -0.08073, -0.03324)]
    public void Tango_equals_the_published_vectors(int wins, int losses, double z, double p, double lower, double upper)
    {
        var test = Tango.NonInferiority(wins, losses, 500, 0.05);
        var interval = Tango.Interval(wins, losses, 500, 0.95);
        Assert.Equal(z, test.Z, 4);
        Assert.Equal(p, test.P, 5);
        Assert.Equal(lower, interval.Lower, 5);
        Assert.Equal(upper, interval.Upper, 5);
    }

    [Theory]
    [InlineData(0, 0, 50)]
    [InlineData(50, 0, 50)]
    [InlineData(0, 50, 50)]
    [InlineData(1, 0, 1)]
    public void Tango_is_defined_at_the_edges(int wins, int losses, int cases)
    {
        var (lower, upper) = Tango.Interval(wins, losses, cases, 0.95);
        Assert.InRange((double)(wins - losses) / cases, lower - 1e-9, upper + 1e-9);
        Assert.False(double.IsNaN(Tango.NonInferiority(wins, losses, cases, 0.03).P));
    }

    [Theory]
    [InlineData(0.05, 0.02, 773, 1071)]
    [InlineData(0.10, 0.02, 1546, 2141)]
    [InlineData(0.10, 0.03, 687, 952)]
    [InlineData(0.10, 0.05, 248, 343)]
    [InlineData(0.20, 0.05, 495, 686)]
    [InlineData(0.30, 0.10, 186, 257)]
    public void Sample_size_equals_the_published_table(double discordantShare, double margin, int at80, int at90)
    {
        Assert.Equal(at80, SampleSize.ForMargin(margin, discordantShare));
        Assert.Equal(at90, SampleSize.ForMargin(margin, discordantShare, power: 0.9));
    }

    [Theory]
    [InlineData(50, 0.11)]
    [InlineData(100, 0.079)]
    [InlineData(200, 0.056)]
    [InlineData(500, 0.035)]
    [InlineData(1000, 0.025)]
    public void Smallest_margin_equals_the_published_table(int cases, double margin) =>
        Assert.Equal(margin, SampleSize.MinimumDetectableMargin(cases, 0.1), 2);
}
