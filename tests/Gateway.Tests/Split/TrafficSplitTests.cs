using System.Text;
using LlmOps.Gateway.Split;

namespace LlmOps.Gateway.Tests.Split;

public sealed class TrafficSplitTests
{
    private static readonly ulong Salt = TrafficSplit.Salt("9a3b12cd");

    [Theory]
    [InlineData("", 0, 0xEF46DB3751D8E999)]
    [InlineData("a", 0, 0xD24EC4F1A98C6E5B)]
    [InlineData("abc", 0, 0x44BC2CF5AD770999)]
    [InlineData("Nobody inspects the spammish repetition", 0, 0xFBCEA83C8A378BF1)]
    public void Hash_is_xxhash64(string text, ulong seed, ulong expected) =>
        Assert.Equal(expected, XxHash64.Hash(Encoding.UTF8.GetBytes(text), seed));

    [Fact]
    public void A_key_hashes_alike_as_text_and_as_bytes()
    {
        foreach (var key in new[] { "", "s", "größer", new string('x', 5000) })
            Assert.Equal(TrafficSplit.HashKey(Salt, Encoding.UTF8.GetBytes(key)), TrafficSplit.HashKey(Salt, key.AsSpan()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(25)]
    [InlineData(50)]
    [InlineData(99)]
    public void Share_of_many_keys_is_close_to_the_weight(int weight)
    {
        const int keys = 100_000;
        var share = Hashes(keys).Count(h => TrafficSplit.IsCandidate(h, weight)) / (double)keys;
        // Five standard deviations of a binomial share.
        Assert.InRange(share, weight / 100d - 0.008, weight / 100d + 0.008);
    }

    [Fact]
    public void A_higher_weight_only_adds_keys()
    {
        foreach (var hash in Hashes(2000))
        {
            var was = false;
            for (var weight = 0; weight <= 100; weight++)
            {
                var isCandidate = TrafficSplit.IsCandidate(hash, weight);
                Assert.True(isCandidate || !was);
                was = isCandidate;
            }

            Assert.True(was);
        }
    }

    [Fact]
    public void Weight_0_takes_nobody_and_weight_100_everybody()
    {
        foreach (var hash in Hashes(100).Append(0UL).Append(ulong.MaxValue))
        {
            Assert.False(TrafficSplit.IsCandidate(hash, 0));
            Assert.True(TrafficSplit.IsCandidate(hash, 100));
        }
    }

    [Fact]
    public void Another_rollout_tries_other_keys_first()
    {
        var other = TrafficSplit.Salt("00000001");
        var keys = Enumerable.Range(0, 10_000).Select(i => $"user-{i}").ToArray();
        var both = keys.Count(k => TrafficSplit.IsCandidate(TrafficSplit.HashKey(Salt, k.AsSpan()), 10) && TrafficSplit.IsCandidate(TrafficSplit.HashKey(other, k.AsSpan()), 10));
        Assert.InRange(both, 50, 150);
    }

    private static IEnumerable<ulong> Hashes(int count) => Enumerable.Range(0, count).Select(i => TrafficSplit.HashKey(Salt, $"user-{i}".AsSpan()));
}
