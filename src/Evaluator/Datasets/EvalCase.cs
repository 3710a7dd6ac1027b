using System.Text.Json;

namespace LlmOps.Evaluator.Datasets;

/// <summary>One case of a data set.</summary>
/// <param name="Id">Unique in the data set; pairs the answers of candidate and baseline.</param>
/// <param name="Variables">Values for a prompt's variables.</param>
/// <param name="Messages">Messages of the case's own, role and text; empty where it has none.</param>
/// <param name="Body">The whole line, where scorers look their expected values up.</param>
internal sealed record EvalCase(string Id, IReadOnlyDictionary<string, string> Variables, IReadOnlyList<(string Role, string Content)> Messages, JsonElement Body);

/// <summary>A data set that was read, or why it cannot be used.</summary>
internal sealed record Dataset(IReadOnlyList<EvalCase> Cases, string Digest, string? Problem);
