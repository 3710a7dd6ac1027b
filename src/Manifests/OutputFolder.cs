namespace LlmOps.Manifests;

/// <summary>A folder of generated files: written, or compared with what is there.</summary>
internal sealed class OutputFolder(string path, IReadOnlyList<GeneratedFile> files)
{
    /// <summary>Writes every file and removes generated ones that no longer are.</summary>
    public void Write()
    {
        Directory.CreateDirectory(path);
        foreach (var stale in Stale())
            File.Delete(stale);
        foreach (var file in files)
            File.WriteAllText(Path.Combine(path, file.Path), file.Content);
    }

    /// <summary>What differs from the files on disk, one line each; empty where nothing does.</summary>
    public IEnumerable<string> Differences()
    {
        foreach (var file in files)
        {
            var target = Path.Combine(path, file.Path);
            if (!File.Exists(target))
                yield return $"{target} is missing";
            else if (File.ReadAllText(target) != file.Content)
                yield return $"{target} differs from the types";
        }

        foreach (var stale in Stale())
            yield return $"{stale} is no longer generated";
    }

    private IEnumerable<string> Stale() => !Directory.Exists(path)
        ? []
        : Directory.EnumerateFiles(path, "*.yaml").Order(StringComparer.Ordinal)
            .Where(f => files.All(g => g.Path != Path.GetFileName(f)) && File.ReadAllText(f).StartsWith(GeneratedFiles.Header, StringComparison.Ordinal));
}
