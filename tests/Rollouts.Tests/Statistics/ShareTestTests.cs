using LlmOps.Rollouts.Statistics;
using Xunit;

namespace LlmOps.Rollouts.Tests.Statistics;

public sealed class ShareTestTests
{
    [Theory]
    [InlineData(1, 0, 1.0)] // 50/100 / 0.5
    [InlineData(2, 0, 102.0 / 101)] // (50·51)/(100·101) / 0.25
    [InlineData(1, 1, 100.0 / 101)] // (50·50)/(100·101) / 0.25
    public void M_at_equal_weights_is_the_ratio_of_products(long candidate, long stable, double m) =>
        Assert.Equal(Math.Log(m), ShareTest.LogE(50, candidate, stable), 9);

    [Theory]
    [InlineData(5)]
    [InlineData(25)]
    public void Its_mean_is_one_while_the_split_is_right(int weight)
    {
        var w = weight / 100.0;
        var mean = Enumerable.Range(0, 13).Sum(candidate => Binomial(12, candidate) * Math.Pow(w, candidate) * Math.Pow(1 - w, 12 - candidate) * Math.Exp(ShareTest.LogE(weight, candidate, 12 - candidate)));
        Assert.Equal(1, mean, 9);
    }

    [Theory]
    [InlineData(100, 900, Verdict.ProviderError)]
    [InlineData(0, 1000, Verdict.ProviderError)]
    [InlineData(50, 950, Verdict.Pass)]
    [InlineData(60, 940, Verdict.Pass)]
    [InlineData(0, 0, Verdict.NoData)]
    public void A_split_that_is_not_the_weight_is_a_mismatch_in_both_directions(long candidate, long stable, Verdict verdict) =>
        Assert.Equal(verdict, ShareTest.Run([Row("g1", 2, candidate, stable)], 2, wasMismatch: false).Verdict);

    [Fact]
    public void Epochs_before_and_mirrored_ones_do_not_count() =>
        Assert.Equal(Verdict.NoData, ShareTest.Run([Row("g1", 1, 500, 500), Row("g1", 2, 500, 500) with { Mirrored = true }], 2, wasMismatch: false).Verdict);

    [Fact]
    public void Gateways_that_split_right_take_little_from_the_one_that_does_not() =>
        Assert.Equal(Verdict.ProviderError, ShareTest.Run([Row("g1", 2, 50, 950), Row("g2", 2, 50, 950), Row("g3", 2, 200, 800)], 2, wasMismatch: false).Verdict);

    [Fact]
    public void A_mismatch_is_over_only_when_the_evidence_has_fallen_well_below()
    {
        // ln M of 77 in 1000 at 5 % is about 4.5: too little to call it one, and too much to call it over.
        var row = Row("g1", 2, 77, 923);
        Assert.InRange(ShareTest.LogE(5, 77, 923), Math.Log(20), Math.Log(1000));
        Assert.Equal(Verdict.Pass, ShareTest.Run([row], 2, wasMismatch: false).Verdict);
        Assert.Equal(Verdict.ProviderError, ShareTest.Run([row], 2, wasMismatch: true).Verdict);
    }

    [Fact]
    public void A_right_split_is_called_wrong_no_more_often_than_stated_however_often_one_looks()
    {
        var random = new Random(20260712);
        var crossed = 0;
        for (var run = 0; run < 4000; run++)
        {
            long candidate = 0;
            for (var units = 1; units <= 2000; units++)
            {
                candidate += random.NextDouble() < 0.25 ? 1 : 0;
                // At 5 % of false alarms, so that there is something to count.
                if (ShareTest.LogE(25, candidate, units - candidate) >= Math.Log(20))
                {
                    crossed++;
                    break;
                }
            }
        }

        Assert.InRange(crossed, 1, 200);
    }

    private static EvidenceRow Row(string process, int epoch, long candidate, long stable) =>
        new(process, epoch, 5, new(stable, 0) { Units = stable }, new(candidate, 0) { Units = candidate });

    private static double Binomial(int n, int k) => Enumerable.Range(1, k).Aggregate(1.0, (product, i) => product * (n - k + i) / i);
}
