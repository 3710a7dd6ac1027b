using System.Buffers;
using System.Text;

namespace LlmOps.Gateway.Split;

/// <summary>
/// Who gets the candidate. <c>u = hash64(rollout, key) / 2^64</c>, candidate where <c>u &lt; weight / 100</c>: the candidate's
/// interval starts at 0, so a higher weight only adds units, and weight 0 takes all of them back. The rollout salts the
/// hash, so that it is not always the same users who try things.
/// </summary>
internal static class TrafficSplit
{
    /// <summary>The seed that a rollout's keys are hashed with.</summary>
    public static ulong Salt(string rolloutId) => XxHash64.Hash(Encoding.UTF8.GetBytes(rolloutId));

    public static ulong HashKey(ulong salt, ReadOnlySpan<byte> key) => XxHash64.Hash(key, salt);

    public static ulong HashKey(ulong salt, ReadOnlySpan<char> key)
    {
        const int onStack = 256;
        if (Encoding.UTF8.GetMaxByteCount(key.Length) <= onStack)
        {
            Span<byte> bytes = stackalloc byte[onStack];
            return XxHash64.Hash(bytes[..Encoding.UTF8.GetBytes(key, bytes)], salt);
        }

        var rented = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(key.Length));
        try
        {
            return XxHash64.Hash(rented.AsSpan(0, Encoding.UTF8.GetBytes(key, rented)), salt);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>Whether the unit with this hash gets the candidate. In integers, so that it is exactly monotone.</summary>
    /// <param name="weightPercent">0 to 100; less is 0, more is 100.</param>
    public static bool IsCandidate(ulong hash, int weightPercent) => weightPercent switch
    {
        <= 0 => false,
        >= 100 => true,
        _ => hash < (ulong)(((UInt128)weightPercent << 64) / 100),
    };
}
