using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Operator.Resources;

/// <summary>
/// Data of a release's ControllerRevision: what the release is, and the pod template that it was first started with. Pods of a release are always built
/// from here, so that neither a changed spec nor a newer operator with other templates ever rolls pods that serve.
/// </summary>
internal sealed record ReleaseRecord(ReleaseSnapshot Release, PodTemplateSpec Template)
{
    /// <summary>The wire form: <c>{"release": …, "template": …}</c>.</summary>
    public RawJson ToJson()
    {
        var node = new JsonObject
        {
            ["release"] = JsonSerializer.SerializeToNode(Release, ApiJson.Default.ReleaseSnapshot),
            ["template"] = JsonSerializer.SerializeToNode(Template, KubernetesJson.Default.PodTemplateSpec),
        };
        using var document = JsonDocument.Parse(node.ToJsonString(), new JsonDocumentOptions { MaxDepth = KubernetesJson.Default.Options.MaxDepth });
        return RawJson.Of(document.RootElement);
    }

    /// <summary>Reads the data of a ControllerRevision; null where it is not ours or was damaged.</summary>
    public static ReleaseRecord? Read(ControllerRevision revision)
    {
        try
        {
            return revision.Data?.Parse() is { ValueKind: JsonValueKind.Object } data &&
                data.TryGetProperty("release", out var release) && release.Deserialize(ApiJson.Default.ReleaseSnapshot) is { } snapshot &&
                data.TryGetProperty("template", out var template) && template.Deserialize(KubernetesJson.Default.PodTemplateSpec) is { } pods
                ? new(snapshot, pods)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
