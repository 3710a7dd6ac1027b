using LlmOps.Rollouts.Statistics;
using Xunit;

namespace LlmOps.Rollouts.Tests.Statistics;

public sealed class LimitTestsTests
{
    private static readonly AnalysisPlan Analysis = new() { Limits = [new("errors", null, 0.02, "limit errors ≤ 2%"), new("ttft", "ttft:2", 0.05, "limit ttft p95 ≤ 2s")] };

    [Fact]
    public void One_request_over_a_limit_of_one_half_multiplies_M_by_the_mean_of_the_grid()
    {
        // θ(r, ½) = r/(1+r); its mean over the grid is 0.794477, twice that is 1.588954, ln 0.463076.
        Assert.Equal(0.463076, LimitTests.LogE(new("", 1, 1), 0.5), 6);
    }

    [Fact]
    public void It_has_the_form_of_the_published_vectors_with_the_limit_in_the_place_of_the_weight() =>
        Assert.Equal(2.3414, LimitTests.LogE(new("", 5, 25), 0.05), 4);

    [Theory]
    [InlineData(0.05)]
    [InlineData(0.02)]
    public void Its_mean_at_the_limit_is_one_and_below_it_less(double share)
    {
        double Mean(double p) => Enumerable.Range(0, 13).Sum(over => Binomial(12, over) * Math.Pow(p, over) * Math.Pow(1 - p, 12 - over) * Math.Exp(LimitTests.LogE(new("", over, 12), share)));
        Assert.Equal(1, Mean(share), 9);
        Assert.InRange(Mean(share / 2), 0, 0.999);
    }

    [Fact]
    public void A_candidate_that_breaks_a_limit_alone_fails() =>
        Assert.Equal((Verdict.Fail, Verdict.Pass), Verdicts(Row(5, new(9500, 95) { OverLimit = [new("ttft:2", 95, 9500)] }, new(500, 50) { OverLimit = [new("ttft:2", 5, 500)] })));

    [Fact]
    public void A_latency_limit_is_counted_under_its_key() =>
        Assert.Equal((Verdict.Pass, Verdict.Fail), Verdicts(Row(5, new(9500, 95) { OverLimit = [new("ttft:2", 95, 9500)] }, new(500, 5) { OverLimit = [new("ttft:1", 0, 500), new("ttft:2", 100, 500)] })));

    [Theory]
    [InlineData(5)]
    [InlineData(95)]
    public void An_outage_of_both_tracks_is_inconclusive_at_any_weight(int weight) =>
        Assert.Equal(Verdict.Inconclusive, Verdicts(Row(weight, new(10 * (100 - weight), 10 * (100 - weight)), new(10 * weight, 10 * weight))).Errors);

    [Fact]
    public void The_first_failures_of_an_outage_do_not_fail_a_candidate_that_has_nearly_all_traffic() =>
        Assert.Equal(Verdict.Inconclusive, Verdicts(Row(95, new(0, 0), new(40, 40))).Errors);

    [Fact]
    public void An_outage_of_both_after_a_good_epoch_is_inconclusive() =>
        Assert.Equal(Verdict.Inconclusive, Verdicts(Row(5, new(20_000, 20), new(1_000, 1)), Row(50, new(200, 200), new(200, 200)) with { Epoch = 2 }).Errors);

    [Fact]
    public void Without_any_request_there_is_no_data() =>
        Assert.Equal((Verdict.Pass, Verdict.NoData), Verdicts(Row(5, new(95, 0), new(5, 0))));

    [Fact]
    public void Epochs_without_a_concurrent_stable_say_nothing() =>
        Assert.Equal(Verdict.NoData, Verdicts(Row(100, TrackCounts.None, new(500, 500))).Errors);

    [Fact]
    public void A_candidate_at_the_limit_fails_hardly_ever_however_often_one_looks()
    {
        // H0 at its edge, 2,000 runs of 3,000 requests each, looked at after each; the share of one limit is raised to 5 % so that there is something to count.
        var random = new Random(20260711);
        var threshold = Math.Log(1 / 0.05);
        var crossed = 0;
        for (var run = 0; run < 2000; run++)
        {
            var over = 0;
            for (var requests = 1; requests <= 3000; requests++)
            {
                if (random.NextDouble() >= 0.05)
                {
                    continue;
                }

                over++;
                if (LimitTests.LogE(new("", over, requests), 0.05) >= threshold)
                {
                    crossed++;
                    break;
                }
            }
        }

        Assert.InRange(crossed, 1, 100);
    }

    private static (Verdict Errors, Verdict Ttft) Verdicts(params EvidenceRow[] rows) =>
        LimitTests.Run(Analysis, rows.ToEquatableArray()) is [var errors, var ttft] ? (errors.Verdict, ttft.Verdict) : throw new InvalidOperationException();

    private static EvidenceRow Row(int weight, TrackCounts stable, TrackCounts candidate) => new("g1", 1, weight, stable, candidate);

    private static double Binomial(int n, int k) => Enumerable.Range(1, k).Aggregate(1.0, (product, i) => product * (n - k + i) / i);
}
