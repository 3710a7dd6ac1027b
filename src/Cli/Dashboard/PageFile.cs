namespace LlmOps.Cli.Dashboard;

/// <summary>A file of the page, as it was built in.</summary>
internal sealed record PageFile(string Type, byte[] Content)
{
    private static readonly Dictionary<string, string> Types = new(StringComparer.Ordinal)
    {
        ["index.html"] = "text/html; charset=utf-8",
        ["icon.svg"] = "image/svg+xml",
        ["app.js"] = "text/javascript; charset=utf-8",
        ["plots.js"] = "text/javascript; charset=utf-8",
        ["app.css"] = "text/css; charset=utf-8",
        ["uplot.js"] = "text/javascript; charset=utf-8",
        ["uplot.css"] = "text/css; charset=utf-8",
        // Its license asks to go with it.
        ["uplot.txt"] = "text/plain; charset=utf-8",
    };

    /// <summary>The file of a path; null where there is none.</summary>
    public static PageFile? Find(string path)
    {
        var name = path == "/" ? "index.html" : path.TrimStart('/');
        if (!Types.TryGetValue(name, out var type))
            return null;
        using var stream = typeof(PageFile).Assembly.GetManifestResourceStream($"page/{name}")!;
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return new(type, content);
    }
}
