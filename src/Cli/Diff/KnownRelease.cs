using System.Text.Json;
using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Cli.Diff;

/// <summary>A release whose snapshot is there.</summary>
internal sealed record KnownRelease(string Hash, ReleaseSnapshot Snapshot)
{
    /// <summary>Reads a ControllerRevision of the operator; null where it is another one, or was damaged.</summary>
    public static KnownRelease? Read(ControllerRevision revision)
    {
        try
        {
            return revision.Metadata.Labels?.GetValueOrDefault(Labels.Release) is { } hash && revision.Data?.Parse() is { ValueKind: JsonValueKind.Object } data &&
                data.TryGetProperty("release", out var release) && release.Deserialize(ApiJson.Default.ReleaseSnapshot) is { } snapshot
                ? new(hash, snapshot)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
