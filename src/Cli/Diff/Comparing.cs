using System.Text.Json;
using System.Text.RegularExpressions;
using LlmOps.Api;

namespace LlmOps.Cli.Diff;

/// <summary>From two releases to their difference. Pure.</summary>
internal static partial class Comparing
{
    private const string Hidden = "(not shown)";

    public static Difference Of(KnownRelease old, PromptVersionSpec? oldPrompt, KnownRelease @new, PromptVersionSpec? newPrompt)
    {
        var (before, after) = (Bare(old.Snapshot), Bare(@new.Snapshot));
        var problem = old.Snapshot.PromptContentHash == @new.Snapshot.PromptContentHash ? null : Missing(old, oldPrompt) ?? Missing(@new, newPrompt);
        var comparesPrompts = problem is null && old.Snapshot.PromptContentHash != @new.Snapshot.PromptContentHash;
        return new()
        {
            From = old.Hash,
            To = @new.Hash,
            Fields = Fields(Leaves(before), Leaves(after)),
            Arguments = [.. LineDiff.Of(old.Snapshot.Engine.ExtraArgs ?? [], @new.Snapshot.Engine.ExtraArgs ?? []).Select(l => l with { Text = SecretArgument().Replace(l.Text, $"$1{Hidden}") })],
            Parameters = comparesPrompts ? Fields(Settings(oldPrompt), Settings(newPrompt)) : [],
            Prompt = comparesPrompts ? LineDiff.Of(Text(oldPrompt), Text(newPrompt)) : [],
            PromptProblem = problem,
        };
    }

    private static string? Missing(KnownRelease release, PromptVersionSpec? prompt) =>
        release.Snapshot.Prompt is { } reference && prompt is null ? $"PromptVersion {reference.Name} of release {release.Hash} does not exist any more" : null;

    /// <summary>Without what is compared by itself.</summary>
    private static ReleaseSnapshot Bare(ReleaseSnapshot snapshot) => snapshot with { PromptContentHash = null, Engine = snapshot.Engine with { ExtraArgs = null } };

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
            .Select(c => SecretVariable().IsMatch(c.Field) ? new FieldChange(c.Field, c.From is null ? null : Hidden, c.To is null ? null : Hidden) : new(c.Field, c.From, c.To)),
    ];

    /// <summary>Values of variables that are likely to be secrets that somebody wrote into a manifest.</summary>
    [GeneratedRegex(@"^engine\.env\[[^\]]*(key|token|secret|password|credentials?)\]\.value\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SecretVariable();

    /// <summary>The same in arguments.</summary>
    [GeneratedRegex(@"^(-[^=]*(api[-_]?key|[-_]token|secret|password|credentials?)=).*", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SecretArgument();

    /// <summary>Values by their path; items of lists by their name, where they have one.</summary>
    private static Dictionary<string, string> Leaves(ReleaseSnapshot snapshot)
    {
        var leaves = new Dictionary<string, string>(StringComparer.Ordinal);
        Collect(string.Empty, JsonSerializer.SerializeToElement(snapshot, ApiJson.Default.ReleaseSnapshot), leaves);
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
