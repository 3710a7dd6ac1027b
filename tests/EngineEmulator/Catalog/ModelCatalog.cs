using System.Text.Json;
using System.Text.RegularExpressions;

namespace LlmOps.EngineEmulator.Catalog;

/// <summary>The models that exist in the emulated world; every other one fails to download.</summary>
public sealed partial class ModelCatalog(IReadOnlyList<ModelProfile> profiles)
{
    /// <summary>Environment variable with the path of the catalogue file.</summary>
    public const string PathVariable = "EMULATOR_CATALOG";

    public IReadOnlyList<ModelProfile> Profiles => profiles;

    /// <summary>Reads a catalogue; paths of answer files become absolute.</summary>
    /// <exception cref="JsonException">The file is not a list of profiles.</exception>
    public static ModelCatalog Load(string path)
    {
        using var stream = File.OpenRead(path);
        var profiles = JsonSerializer.Deserialize(stream, CatalogJson.Default.ListModelProfile) ?? [];
        var directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return new ModelCatalog([.. profiles.Select(profile => profile.Answers is not { } answers
            ? profile
            : profile with { Answers = answers with { File = Path.GetFullPath(Expand(answers.File), directory) } })]);
    }

    /// <summary>The entry of this very revision, else the one for any revision; null when the revision is unknown.</summary>
    public ModelProfile? Find(string model, string? revision, EngineKind engine)
    {
        var named = Named(model, engine);
        return named.FirstOrDefault(profile => profile.Revision is not null && profile.Revision == revision)
            ?? named.FirstOrDefault(profile => profile.Revision is null);
    }

    /// <summary>Whether the model exists in some revision.</summary>
    public bool Knows(string model, EngineKind engine) => Named(model, engine).Any();

    private IEnumerable<ModelProfile> Named(string model, EngineKind engine)
    {
        var id = ModelProfile.StripScheme(model);
        return profiles.Where(profile => profile.ModelId == id && (profile.Engine is null || profile.Engine == engine));
    }

    private static string Expand(string path) => Variable().Replace(path, match =>
    {
        var value = Environment.GetEnvironmentVariable(match.Groups["name"].Value);
        return string.IsNullOrEmpty(value) ? match.Groups["default"].Value : value;
    });

    [GeneratedRegex(@"\$\{(?<name>[A-Za-z_][A-Za-z0-9_]*)(:-(?<default>[^}]*))?\}")]
    private static partial Regex Variable();
}
