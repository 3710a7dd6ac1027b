namespace LlmOps.Kubernetes;

/// <summary>Bounds text of others, such as a proxy's page or what a plugin wrote, to what fits a message: one line of <see cref="MaxLength"/> characters.</summary>
internal static class Excerpt
{
    public const int MaxLength = 300;

    /// <summary>The first characters on one line; null where there is nothing to read.</summary>
    public static string? Of(string text)
    {
        var line = text.ReplaceLineEndings(" ").Trim();
        return line.Length == 0 ? null : line.Length > MaxLength ? line[..MaxLength] + "…" : line;
    }
}
