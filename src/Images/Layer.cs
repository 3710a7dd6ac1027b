using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.Versioning;
using System.Security.Cryptography;

namespace LlmOps.Images;

/// <summary>What goes into a layer.</summary>
/// <param name="Source">A file or a folder; of a folder, everything in it.</param>
/// <param name="Place">Its path in the image, without a slash at either end; empty for the root.</param>
internal sealed record LayerContent(string Source, string Place);

/// <summary>One layer of an image: a gzipped tar. The same files give the same bytes: entries are sorted, owned by root, and as old as the epoch.</summary>
/// <param name="Bytes">The compressed tar.</param>
/// <param name="DiffId">Digest of the tar before compression, as an image's configuration names it.</param>
internal sealed record Layer(byte[] Bytes, string DiffId)
{
    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private const UnixFileMode Folder = Readable | Executable | UnixFileMode.UserWrite;

    /// <summary>Packs files and folders, and the folders above them.</summary>
    /// <exception cref="FileNotFoundException">One of them does not exist.</exception>
    [UnsupportedOSPlatform("windows")]
    public static Layer Of(params IReadOnlyList<LayerContent> contents)
    {
        var entries = new SortedDictionary<string, string?>(StringComparer.Ordinal);
        foreach (var content in contents)
            Add(entries, content.Source, content.Place);
        foreach (var folder in entries.Keys.SelectMany(Above).Distinct().Where(folder => !entries.ContainsKey(folder)).ToList())
            entries[folder] = null;

        using var plain = new MemoryStream();
        using (var tar = new TarWriter(plain, TarEntryFormat.Ustar, leaveOpen: true))
        {
            // By path: a folder comes before what is in it.
            foreach (var (place, source) in entries)
                Write(tar, source, place);
        }

        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            gzip.Write(plain.GetBuffer().AsSpan(0, (int)plain.Length));
        return new(packed.ToArray(), Digest(plain.GetBuffer().AsSpan(0, (int)plain.Length)));
    }

    public static string Digest(ReadOnlySpan<byte> bytes) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(bytes))}";

    /// <summary>Everything below a source by its place, without following links.</summary>
    private static void Add(SortedDictionary<string, string?> entries, string source, string place)
    {
        if (place.Length > 0)
            entries[place] = source;
        if (new FileInfo(source).LinkTarget is not null || File.Exists(source))
            return;
        if (!Directory.Exists(source))
            throw new FileNotFoundException($"{source} does not exist");
        foreach (var entry in Directory.EnumerateFileSystemEntries(source))
            Add(entries, entry, place.Length == 0 ? Path.GetFileName(entry) : $"{place}/{Path.GetFileName(entry)}");
    }

    private static IEnumerable<string> Above(string place) =>
        Enumerable.Range(0, place.Length).Where(i => place[i] == '/').Select(i => place[..i]);

    [UnsupportedOSPlatform("windows")]
    private static void Write(TarWriter tar, string? source, string place)
    {
        if (source is not null && new FileInfo(source).LinkTarget is { } target)
        {
            var link = Entry(TarEntryType.SymbolicLink, place, Folder);
            link.LinkName = target;
            tar.WriteEntry(link);
        }
        else if (source is null || Directory.Exists(source))
        {
            // Nobody but root writes, /tmp alone is everybody's.
            var everybodys = source is not null && (File.GetUnixFileMode(source) & UnixFileMode.StickyBit) != 0;
            tar.WriteEntry(Entry(TarEntryType.Directory, $"{place}/", everybodys ? File.GetUnixFileMode(source!) : Folder));
        }
        else
        {
            // Everybody reads; set-user-id bits have no place here.
            var entry = Entry(TarEntryType.RegularFile, place, (File.GetUnixFileMode(source) & Executable) | Readable | UnixFileMode.UserWrite);
            using var content = File.OpenRead(source);
            entry.DataStream = content;
            tar.WriteEntry(entry);
        }
    }

    /// <summary>Not of the newer format: that would name this process, and the time.</summary>
    private static UstarTarEntry Entry(TarEntryType type, string name, UnixFileMode mode) => new(type, name)
    {
        Mode = mode,
        Uid = 0,
        Gid = 0,
        UserName = "root",
        GroupName = "root",
        ModificationTime = DateTimeOffset.UnixEpoch,
    };
}
