namespace LlmOps.Kubernetes;

/// <summary>The tags of a measurement, in the order they came in, as a dictionary key.</summary>
internal readonly record struct TagSet(KeyValuePair<string, object?>[] Tags)
{
    /// <summary>Whether every one of these is among the tags.</summary>
    public bool HasAll(ReadOnlySpan<KeyValuePair<string, object?>> some)
    {
        foreach (var (name, value) in some)
        {
            if (!Array.Exists(Tags, t => t.Key == name && Equals(t.Value, value)))
                return false;
        }

        return true;
    }
}

/// <summary>Finds a <see cref="TagSet"/> by the span that a measurement brings, without a copy.</summary>
internal sealed class TagSetComparer : IEqualityComparer<TagSet>, IAlternateEqualityComparer<ReadOnlySpan<KeyValuePair<string, object?>>, TagSet>
{
    public bool Equals(TagSet x, TagSet y) => Equals(x.Tags.AsSpan(), y);

    public int GetHashCode(TagSet obj) => GetHashCode(obj.Tags.AsSpan());

    public bool Equals(ReadOnlySpan<KeyValuePair<string, object?>> alternate, TagSet other)
    {
        var tags = other.Tags;
        if (alternate.Length != tags.Length)
            return false;
        for (var i = 0; i < tags.Length; i++)
        {
            if (alternate[i].Key != tags[i].Key || !Equals(alternate[i].Value, tags[i].Value))
                return false;
        }

        return true;
    }

    public int GetHashCode(ReadOnlySpan<KeyValuePair<string, object?>> alternate)
    {
        var hash = default(HashCode);
        foreach (var (name, value) in alternate)
        {
            hash.Add(name);
            hash.Add(value);
        }

        return hash.ToHashCode();
    }

    public TagSet Create(ReadOnlySpan<KeyValuePair<string, object?>> alternate) => new(alternate.ToArray());
}
