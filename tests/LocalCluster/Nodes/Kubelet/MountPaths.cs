namespace LlmOps.LocalCluster.Nodes.Kubelet;

/// <summary>
/// Stands in for mount namespaces: where a container's arguments and variables name a path under one of its volume
/// mounts, the folder that holds the volume is written instead.
/// </summary>
internal sealed class MountPaths
{
    private readonly IReadOnlyList<(string Mount, string Folder)> mounts;

    /// <param name="mounts">Mount path and folder of each mount.</param>
    public MountPaths(IEnumerable<(string Mount, string Folder)> mounts) =>
        this.mounts = [.. mounts.Select(mount => (mount.Mount.TrimEnd('/'), mount.Folder)).Where(mount => mount.Item1.Length > 0).OrderByDescending(mount => mount.Item1.Length)];

    /// <summary>The text with every such path replaced. A path ends at its end or at a slash, so <c>/data</c> is not found in <c>/database</c> or <c>/var/data</c>.</summary>
    public string Rewrite(string text)
    {
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] != '/' || (at > 0 && IsPathCharacter(text[at - 1])))
                continue;
            var (mount, folder) = mounts.FirstOrDefault(candidate => StartsHere(text, at, candidate.Mount));
            if (mount is null)
                continue;
            text = string.Concat(text.AsSpan(0, at), folder, text.AsSpan(at + mount.Length));
            at += folder.Length - 1;
        }

        return text;
    }

    private static bool StartsHere(string text, int at, string mount) =>
        string.CompareOrdinal(text, at, mount, 0, mount.Length) == 0
        && (at + mount.Length == text.Length || text[at + mount.Length] == '/' || !IsPathCharacter(text[at + mount.Length]));

    private static bool IsPathCharacter(char character) => char.IsLetterOrDigit(character) || character is '/' or '.' or '-' or '_' or '~';
}
