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

    [Fact]
    public void Each_count_is_the_larger_one_whatever_the_lengths()
    {
        var one = new TrackCounts(9, 1, [1]) { Units = 8, SlowTimePerOutputToken = [4, 1], LongOutput = [], Costly = [2], Blocked = 3, NegativeFeedback = 0, OverLimit = [new("ttft:2", 1, 9)], RenderFailures = 1 };
        var other = new TrackCounts(7, 2) { Units = 9, SlowTimePerOutputToken = [3, 2, 1], LongOutput = [1, 0, 0], Costly = [1, 1], Blocked = 2, NegativeFeedback = 1, OverLimit = [new("errors", 2, 7), new("ttft:2", 2, 7)], Unauthorized = 1 };
        var larger = new TrackCounts(9, 2, [1])
        {
            Units = 9,
            SlowTimePerOutputToken = [4, 2, 1],
            LongOutput = [1, 0, 0],
            Costly = [2, 1],
            Blocked = 3,
            NegativeFeedback = 1,
            OverLimit = [new("errors", 2, 7), new("ttft:2", 2, 9)],
            RenderFailures = 1,
            Unauthorized = 1,
        };
        Assert.Equal([new EvidenceRow("g", 1, 5, larger, larger)], EvidenceMerge.Rows([new("g", 1, 5, one, other)], [new("g", 1, 5, other, one)]));
    }

    private static EvidenceRow Row(string process, int epoch, long requests, EquatableArray<long> slow) =>
        new(process, epoch, 25, new(requests * 3, 1, slow), new(requests, 0, slow));
}
