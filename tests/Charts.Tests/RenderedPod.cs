using System.Text.Json.Nodes;

namespace LlmOps.Charts.Tests;

/// <summary>A pod that objects make, as far as it is found by its labels and reached by its ports.</summary>
/// <param name="Namespace">Where it is.</param>
/// <param name="Labels">Its labels.</param>
/// <param name="Spec">Its spec.</param>
internal sealed record RenderedPod(string Namespace, IReadOnlyDictionary<string, string> Labels, JsonNode Spec)
{
    /// <summary>Ports of its containers that have a name.</summary>
    public IReadOnlyDictionary<string, int> Ports { get; } = Spec["containers"]!.AsArray().SelectMany(container => container!["ports"]?.AsArray() ?? [])
        .Where(port => port!["name"] is not null).ToDictionary(port => (string)port!["name"]!, port => (int)(long)port!["containerPort"]!, StringComparer.Ordinal);

    /// <summary>One for each Deployment, and those that are pods already.</summary>
    public static IReadOnlyList<RenderedPod> Of(IEnumerable<JsonNode> objects) =>
    [
        .. from obj in objects
           where (string?)obj["kind"] is "Deployment" or "Pod"
           let pod = (string?)obj["kind"] == "Pod" ? obj : obj["spec"]!["template"]!
           select new RenderedPod((string?)obj["metadata"]!["namespace"] ?? Rendering.Namespace, LabelsOf(pod), pod["spec"]!),
    ];

    /// <summary>The labels of an object.</summary>
    public static IReadOnlyDictionary<string, string> LabelsOf(JsonNode obj) => Texts(obj["metadata"]?["labels"]);

    /// <summary>A map of texts; empty where there is none.</summary>
    public static IReadOnlyDictionary<string, string> Texts(JsonNode? map) =>
        (map as JsonObject ?? []).ToDictionary(entry => entry.Key, entry => (string)entry.Value!, StringComparer.Ordinal);

    /// <summary>Whether a map of labels, such as the selector of a Service, selects these.</summary>
    public static bool Selects(JsonNode? labels, IReadOnlyDictionary<string, string> of) => Texts(labels).All(label => of.GetValueOrDefault(label.Key) == label.Value);
}
