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
