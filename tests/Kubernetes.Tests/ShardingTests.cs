using Xunit;

namespace LlmOps.Kubernetes.Tests;

public sealed class ShardingTests
{
    private static readonly IReadOnlyList<string> Namespaces = [.. Enumerable.Range(0, 4000).Select(i => $"team-{i}")];

    /// <summary>Another value would move namespaces between shards with an upgrade, during which old and new replicas run.</summary>
    [Theory]
    [InlineData("default", 0, 2, 2)]
    [InlineData("team-1", 0, 2, 2)]
    [InlineData("team-2", 0, 1, 7)]
    [InlineData("llmops-system", 0, 0, 5)]
    public void The_shard_of_a_namespace_never_changes(string ns, int ofOne, int ofThree, int ofEight) =>
        Assert.Equal((ofOne, ofThree, ofEight), (new ShardMap(1).Of(ns), new ShardMap(3).Of(ns), new ShardMap(8).Of(ns)));

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(16)]
    public void Shards_are_about_equal(int count)
    {
        var map = new ShardMap(count);
        var sizes = Namespaces.GroupBy(map.Of).ToDictionary(shard => shard.Key, shard => shard.Count());
        Assert.Equal(Enumerable.Range(0, count), sizes.Keys.Order());
        Assert.All(sizes.Values, size => Assert.InRange(size, 0.75 * Namespaces.Count / count, 1.25 * Namespaces.Count / count));
    }

    [Fact]
    public void With_one_shard_more_namespaces_move_to_that_one_alone()
    {
        var (five, six) = (new ShardMap(5), new ShardMap(6));
        var moved = Namespaces.Where(ns => five.Of(ns) != six.Of(ns)).ToList();
        Assert.All(moved, ns => Assert.Equal(5, six.Of(ns)));
        Assert.InRange(moved.Count, Namespaces.Count / 8, Namespaces.Count / 5);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65)]
    public void Other_numbers_of_shards_are_refused(int count) => Assert.Throws<ArgumentOutOfRangeException>(() => new ShardMap(count));

    [Fact]
    public void Nobody_there_holds_nothing() => Assert.Equal([null, null, null], ShardAssignment.Of(3, []));

    [Fact]
    public void One_holds_all() => Assert.Equal(["a", "a", "a"], ShardAssignment.Of(3, ["a"]));

    [Theory]
    [InlineData(4, 2)]
    [InlineData(8, 3)]
    [InlineData(2, 5)]
    [InlineData(64, 7)]
    public void Each_holds_no_more_than_its_share_whatever_their_order(int shards, int count)
    {
        var members = Enumerable.Range(0, count).Select(i => $"operator-{i}").ToList();
        var holders = ShardAssignment.Of(shards, members);
        Assert.DoesNotContain(null, holders);
        Assert.All(holders.GroupBy(holder => holder), held => Assert.InRange(held.Count(), 1, (shards + count - 1) / count));
        Assert.Equal(holders, ShardAssignment.Of(shards, [.. Enumerable.Reverse(members)]));
    }

    /// <summary>Over many groups: on average little more than the shards of the one that went.</summary>
    [Fact]
    public void When_one_goes_the_others_mostly_keep_what_they_hold()
    {
        const int shards = 32, count = 4, groups = 100;
        var kept = 0.0;
        for (var group = 0; group < groups; group++)
        {
            var members = Enumerable.Range(0, count).Select(i => $"operator-{group}-{i}").ToList();
            var (before, after) = (ShardAssignment.Of(shards, members), ShardAssignment.Of(shards, members[1..]));
            kept += Enumerable.Range(0, shards).Count(shard => before[shard] == after[shard]);
        }

        // Three quarters could stay at best.
        Assert.InRange(kept / groups / shards, 0.6, 0.75);
    }
}
