using LlmOps.Rollouts.Engine;
using Xunit;

namespace LlmOps.Rollouts.Tests;

public sealed class EvidenceMergeTests
{
    private static readonly EquatableArray<EvidenceRow> Kept = [Row("g1", 1, 100, [5, 4]), Row("g2", 1, 50, [])];

    [Fact]
    public void A_gateway_that_ended_keeps_its_counts_and_a_new_one_adds_to_them() =>
        Assert.Equal([Row("g1", 1, 100, [5, 4]), Row("g2", 1, 60, [1]), Row("g3", 1, 7, [])], EvidenceMerge.Rows(Kept, [Row("g2", 1, 60, [1]), Row("g3", 1, 7, [])]));

    [Fact]
    public void A_late_or_repeated_read_takes_nothing_away() =>
        Assert.Equal(Kept, EvidenceMerge.Rows(Kept, [Row("g1", 1, 90, [3, 4]), Row("g2", 1, 50, [])]));

    [Fact]
    public void The_order_of_reads_does_not_matter()
    {
        EquatableArray<EvidenceRow> other = [Row("g1", 2, 3, [1, 1]), Row("g1", 1, 80, [9, 1])];
        Assert.Equal(EvidenceMerge.Rows(Kept, other), EvidenceMerge.Rows(other, Kept));
    }

    [Fact]
    public void Rows_beyond_what_the_status_holds_are_those_with_the_fewest_requests()
    {
        var many = Enumerable.Range(1, 300).Select(i => Row($"g{i:000}", 1, i, [])).ToEquatableArray();
        var merged = EvidenceMerge.Rows([], many);
        Assert.Equal(Rollout.MaxEvidenceRows, merged.Count);
        Assert.Equal("g101", merged[0].Process);
    }

    private static EvidenceRow Row(string process, int epoch, long requests, EquatableArray<long> slow) =>
        new(process, epoch, 25, new(requests * 3, 1, slow), new(requests, 0, slow));
}
