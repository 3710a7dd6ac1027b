using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlmOps.Api;

/// <summary>Names of a release and of its two halves: 10 hexadecimal digits each.</summary>
/// <param name="Serving">Model, engine, resources and pod template: what needs pods.</param>
/// <param name="Prompt">Prompt content (with its sampling parameters) and artifacts: what needs none.</param>
/// <param name="Release">Both.</param>
public sealed record ReleaseHashes(string Serving, string Prompt, string Release);

/// <summary>
/// Works out the identity of a release: SHA-256 over canonical JSON, cut to 10 digits (40 bits: a chance of one in 10^9 that
/// two of 50 releases of one LlmDeployment share a name).
/// </summary>
public static class ReleaseHashing
{
    private const int Digits = 10;

    /// <inheritdoc cref="ReleaseHashing"/>
    public static ReleaseHashes Compute(ReleaseSnapshot snapshot)
    {
        var serving = CanonicalJson.Hash(snapshot with { Prompt = null, PromptContentHash = null, Artifacts = null }, ApiJson.Default.ReleaseSnapshot);
        var prompt = CanonicalJson.Hash(new JsonObject
        {
            ["prompt"] = snapshot.PromptContentHash,
            ["artifacts"] = snapshot.Artifacts is { } artifacts ? new JsonArray([.. artifacts.Select(a => JsonSerializer.SerializeToNode(a, ApiJson.Default.ArtifactSpec))]) : null,
        });
        var release = CanonicalJson.Hash(new JsonObject { ["serving"] = serving, ["prompt"] = prompt });
        return new(serving[..Digits], prompt[..Digits], release[..Digits]);
    }

    /// <summary>Hash of a gate's content, so that a run of another content opens nothing.</summary>
    public static string Hash(EvalGateSpec gate) => CanonicalJson.Hash(gate, ApiJson.Default.EvalGateSpec)[..Digits];
}
