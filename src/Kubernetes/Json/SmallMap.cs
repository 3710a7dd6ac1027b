using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace LlmOps.Kubernetes;

/// <summary>
/// A few texts by name, one after the other: labels, annotations, requests. A quarter of a million of these are in the caches of a large cluster, and a hash table for
/// each takes twice the memory. Immutable.
/// </summary>
internal sealed class SmallMap : IReadOnlyDictionary<string, string>
{
    /// <summary>Up to here looking at each key is as fast as hashing one.</summary>
    public const int Most = 16;

    /// <summary>Keys and values in turn.</summary>
    private readonly string[] pairs;

    /// <param name="pairs">Keys and values in turn; each key once.</param>
    public SmallMap(ReadOnlySpan<string> pairs) => this.pairs = pairs.ToArray();

    public static SmallMap Empty { get; } = new([]);

    public int Count => pairs.Length / 2;

    public IEnumerable<string> Keys => this.Select(pair => pair.Key);

    public IEnumerable<string> Values => this.Select(pair => pair.Value);

    public string this[string key] => TryGetValue(key, out var value) ? value : throw new KeyNotFoundException($"there is no {key}");

    public bool ContainsKey(string key) => IndexOf(pairs, key) >= 0;

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out string value)
    {
        var at = IndexOf(pairs, key);
        value = at < 0 ? null : pairs[at + 1];
        return at >= 0;
    }

    public IEnumerator<KeyValuePair<string, string>> GetEnumerator()
    {
        for (var i = 0; i < pairs.Length; i += 2)
            yield return new(pairs[i], pairs[i + 1]);
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Where a key is among keys and values in turn; negative where it is not.</summary>
    internal static int IndexOf(ReadOnlySpan<string> pairs, string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        for (var i = 0; i < pairs.Length; i += 2)
        {
            if (string.Equals(pairs[i], key, StringComparison.Ordinal))
                return i;
        }

        return -1;
    }
}
