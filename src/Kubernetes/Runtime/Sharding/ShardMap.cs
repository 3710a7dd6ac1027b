using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace LlmOps.Kubernetes;

/// <summary>
/// Which shard a namespace belongs to: jump consistent hash, the same in every process and version. With one shard more, every shard gives the new one an equal
/// part and nothing else moves. Lamping and Veach, https://arxiv.org/abs/1406.2294
/// </summary>
public sealed class ShardMap
{
    /// <summary>A lease and a few requests a second each.</summary>
    public const int Most = 64;

    /// <exception cref="ArgumentOutOfRangeException">Not 1 to <see cref="Most"/>.</exception>
    public ShardMap(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Most);
        Count = count;
    }

    public int Count { get; }

    /// <summary>From 0.</summary>
    public int Of(string ns)
    {
        if (Count == 1)
            return 0;
        var key = Hash(ns);
        var (shard, next) = (-1L, 0L);
        while (next < Count)
        {
            shard = next;
            key = unchecked((key * 2862933555777941757UL) + 1);
            next = (long)((shard + 1) * ((double)(1L << 31) / ((key >> 33) + 1)));
        }

        return (int)shard;
    }

    /// <summary>Not <c>string.GetHashCode</c>, which differs from process to process.</summary>
    internal static ulong Hash(string text)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), digest);
        return BinaryPrimitives.ReadUInt64BigEndian(digest);
    }
}
