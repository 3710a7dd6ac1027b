using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;

namespace LlmOps.Operator.Applying;

/// <summary>Whether an object on the server is what is wanted. Pure.</summary>
internal static class ObjectComparison
{
    /// <summary>The object with a hash of itself in its annotations, by which a later, smaller wish is told from this one.</summary>
    public static T WithHash<T>(T desired)
        where T : class, IResource<T>
    {
        var annotations = new Dictionary<string, string>(desired.Metadata.Annotations ?? new Dictionary<string, string>(), StringComparer.Ordinal)
        {
            [Annotations.Applied] = CanonicalJson.Hash(desired, T.JsonType)[..16],
        };
        return desired.WithMetadata(desired.Metadata with { Annotations = annotations });
    }

    /// <summary>Whether every field that is wanted is there with its value. What the server or others added does not count.</summary>
    public static bool IsApplied<T>(T live, T desired)
        where T : class, IResource<T> =>
        live.Metadata.Annotations?.GetValueOrDefault(Annotations.Applied) == desired.Metadata.Annotations?.GetValueOrDefault(Annotations.Applied) &&
        Contains(JsonSerializer.SerializeToNode(live, T.JsonType), JsonSerializer.SerializeToNode(desired, T.JsonType));

    /// <summary>Short for a wish and what an object has in its place: the same again only where all of that is the same. What was not wished for does not count.</summary>
    public static string Fingerprint<T>(T live, T desired)
        where T : class, IResource<T>
    {
        var has = Part(JsonSerializer.SerializeToNode(live, T.JsonType), JsonSerializer.SerializeToNode(desired, T.JsonType));
        var text = $"{live.Metadata.Uid} {desired.Metadata.Annotations?.GetValueOrDefault(Annotations.Applied)} {has?.ToJsonString()}";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    /// <summary>What of an object stands where something is wanted. A list of another length is all of it.</summary>
    private static JsonNode? Part(JsonNode? live, JsonNode? desired) => (live, desired) switch
    {
        (JsonObject has, JsonObject wants) => new JsonObject(wants.Where(member => member.Value is not null).Select(member => KeyValuePair.Create(member.Key, Part(has[member.Key], member.Value)))),
        (JsonArray has, JsonArray wants) when has.Count == wants.Count => new JsonArray([.. has.Zip(wants).Select(pair => Part(pair.First, pair.Second))]),
        _ => live?.DeepClone(),
    };

    private static bool Contains(JsonNode? live, JsonNode? desired) => (live, desired) switch
    {
        (_, null) => true,
        (JsonObject has, JsonObject wants) => wants.All(member => member.Value is null || Contains(has[member.Key], member.Value)),
        (JsonArray has, JsonArray wants) => has.Count == wants.Count && has.Zip(wants).All(pair => Contains(pair.First, pair.Second)),
        (JsonValue has, JsonValue wants) => JsonNode.DeepEquals(has, wants) || AreSameQuantity(has, wants),
        _ => false,
    };

    private static bool AreSameQuantity(JsonValue left, JsonValue right) =>
        left.TryGetValue<string>(out var first) && right.TryGetValue<string>(out var second) && Quantity.AreEqual(first, second);
}
