using System.Text.Json;
using LlmOps.Api;

namespace LlmOps.Cli.Diff;

/// <summary>From two releases to their difference. Pure.</summary>
internal static class Comparing
{
    public static Difference Of(KnownRelease old, PromptVersionSpec? oldPrompt, KnownRelease @new, PromptVersionSpec? newPrompt)
    {
        var (before, after) = (LikelySecrets.Hide(old.Snapshot), LikelySecrets.Hide(@new.Snapshot));
        var problem = old.Snapshot.PromptContentHash == @new.Snapshot.PromptContentHash ? null : Missing(old, oldPrompt) ?? Missing(@new, newPrompt);
        var comparesPrompts = problem is null && old.Snapshot.PromptContentHash != @new.Snapshot.PromptContentHash;
        return new()
        {
            From = old.Hash,
            To = @new.Hash,
            Fields = [.. Fields(Leaves(old.Snapshot), Leaves(@new.Snapshot)).Select(Shown(Leaves(before), Leaves(after)))],
            Arguments = [.. Arguments(old.Snapshot.Engine, @new.Snapshot.Engine, before.Engine, after.Engine)],
            Parameters = comparesPrompts ? Fields(Settings(oldPrompt), Settings(newPrompt)) : [],
            Prompt = comparesPrompts ? LineDiff.Of(Text(oldPrompt), Text(newPrompt)) : [],
            PromptProblem = problem,
        };
    }

    private static string? Missing(KnownRelease release, PromptVersionSpec? prompt) =>
        release.Snapshot.Prompt is { } reference && prompt is null ? $"PromptVersion {reference.Name} of release {release.Hash} does not exist any more" : null;

    /// <summary>Sampling parameters and variables, by their paths.</summary>
    private static Dictionary<string, string> Settings(PromptVersionSpec? prompt)
    {
        var leaves = new Dictionary<string, string>(StringComparer.Ordinal);
        if (prompt?.Parameters is { } parameters)
            Collect("parameters", JsonSerializer.SerializeToElement(parameters, ApiJson.Default.SamplingParameters), leaves);
        foreach (var (name, variable) in prompt?.Variables ?? new Dictionary<string, PromptVariable>())
            Collect($"variables.{name}", JsonSerializer.SerializeToElement(variable, ApiJson.Default.PromptVariable), leaves);
        return leaves;
    }

    /// <summary>The messages as one text, each under its role.</summary>
    private static IReadOnlyList<string> Text(PromptVersionSpec? prompt) =>
        [.. (prompt?.Messages ?? []).SelectMany(m => m.Template.ReplaceLineEndings("\n").Split('\n').Prepend($"[{m.Role}]"))];

    private static IReadOnlyList<FieldChange> Fields(Dictionary<string, string> before, Dictionary<string, string> after) =>
    [
        .. before.Keys.Union(after.Keys, StringComparer.Ordinal)
            .Select(field => (Field: field, From: before.GetValueOrDefault(field), To: after.GetValueOrDefault(field)))
            .Where(c => c.From != c.To)
            .Select(c => new FieldChange(c.Field, c.From, c.To)),
    ];

    private static Func<FieldChange, FieldChange> Shown(Dictionary<string, string> before, Dictionary<string, string> after) =>
        change => change with { From = before.GetValueOrDefault(change.Field), To = after.GetValueOrDefault(change.Field) };

    /// <summary>Compared as they are, told as they may be shown: a secret that changed is a change.</summary>
    private static IEnumerable<TextLine> Arguments(EngineSpec old, EngineSpec @new, EngineSpec shownOld, EngineSpec shownNew)
    {
        var (before, after) = (new Queue<string>(shownOld.ExtraArgs ?? []), new Queue<string>(shownNew.ExtraArgs ?? []));
        foreach (var line in LineDiff.Of(old.ExtraArgs ?? [], @new.ExtraArgs ?? []))
        {
            var texts = new[] { line.Sign == '+' ? line.Text : before.Dequeue(), line.Sign == '-' ? line.Text : after.Dequeue() };
            yield return line with { Text = texts.FirstOrDefault(text => text != line.Text, line.Text) };
        }
    }

    /// <summary>Values by their path; items of lists by their name, where they have one. Without what is compared by itself.</summary>
    private static Dictionary<string, string> Leaves(ReleaseSnapshot snapshot)
    {
        var (leaves, bare) = (new Dictionary<string, string>(StringComparer.Ordinal), snapshot with { PromptContentHash = null, Engine = snapshot.Engine with { ExtraArgs = null } });
        Collect(string.Empty, JsonSerializer.SerializeToElement(bare, ApiJson.Default.ReleaseSnapshot), leaves);
        return leaves;
    }

    private static void Collect(string path, JsonElement value, Dictionary<string, string> leaves)
    {
        if (value.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in value.EnumerateObject())
                Collect(path.Length == 0 ? member.Name : $"{path}.{member.Name}", member.Value, leaves);
        }
        else if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (var (index, item) in value.EnumerateArray().Index())
                Collect($"{path}[{(item.ValueKind == JsonValueKind.Object && item.TryGetProperty("name", out var name) ? name.ToString() : index)}]", item, leaves);
        }
        else
        {
            leaves[path] = value.ToString();
        }
    }
}
