using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlmOps.Kubernetes;

/// <summary>Reads equal lists of one owner as one list: an owner has half a dozen objects, and caches hold them all. Thread safe.</summary>
/// <remarks>What is known is a table of fixed size in which a newer owner takes the place of an older one with the same hash.</remarks>
public sealed class SharedOwnersConverter : JsonConverter<IReadOnlyList<OwnerReference>>
{
    /// <summary>A power of two. Names and uids of as many owners take 3 MiB at most.</summary>
    private const int Slots = 1 << 13;

    private static readonly OwnerReference[]?[] Known = new OwnerReference[Slots][];

    public override IReadOnlyList<OwnerReference> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw new JsonException();
        var owners = new List<OwnerReference>(1);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            owners.Add(JsonSerializer.Deserialize(ref reader, KubernetesJson.Default.OwnerReference) ?? throw new JsonException());
        return owners is [var only] ? Shared(only) : [.. owners];
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<OwnerReference> value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var owner in value)
            JsonSerializer.Serialize(writer, owner, KubernetesJson.Default.OwnerReference);
        writer.WriteEndArray();
    }

    private static OwnerReference[] Shared(OwnerReference owner)
    {
        // Two threads may write a slot at once; each has a right list in hand.
        ref var slot = ref Known[owner.Uid.GetHashCode(StringComparison.Ordinal) & (Slots - 1)];
        if (slot is { } known && known[0] == owner)
            return known;
        return slot = [owner];
    }
}
