using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using LlmOps.Demo.Cluster;
using LlmOps.LocalCluster;
using LlmOps.LocalCluster.Processes;
using Xunit;

namespace LlmOps.EndToEnd.Install;

/// <summary>An archive as a container runtime reads it: every digest is held against its content, layers are laid over each other, and the program is run as the user that the image names.</summary>
internal sealed class UnpackedImage : IDisposable
{
    /// <summary>What a container runtime does: <c>/proc</c> and a small <c>/dev</c>, the root of the image read-only as pods of the chart have it, then the image's user, who cannot become another.</summary>
    private const string Enter =
        """
        set -e; root=$1 user=$2; shift 2
        mount --bind "$root" "$root"; mount -t proc proc "$root/proc"; mount -t tmpfs tmpfs "$root/dev"
        for device in null zero full random urandom; do : >"$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"; done
        mount -o remount,bind,ro "$root"; mount -o remount,ro "$root/dev"
        # Not by exec: whoever changes its user is no longer killed with its parent, and the namespace ends with its first process.
        setpriv --no-new-privs chroot --userspec="$user" "$root" "$@"; exit $?
        """;

    private readonly string run;

    private UnpackedImage(string run, JsonNode configuration) => (this.run, Configuration) = (run, configuration);

    /// <summary>Its root file system.</summary>
    public string Folder => Path.Combine(run, "root");

    /// <summary>The member <c>config</c> of its configuration.</summary>
    public JsonNode Configuration { get; }

    public static async Task<UnpackedImage> OfAsync(string archive, CancellationToken ct)
    {
        var layout = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        await using (var tar = new TarReader(File.OpenRead(archive)))
        {
            while (await tar.GetNextEntryAsync(copyData: true, ct) is { } entry)
                layout[entry.Name] = entry.DataStream is { } data ? Read(data) : [];
        }

        byte[] Blob(JsonNode descriptor)
        {
            var bytes = layout[$"blobs/{((string)descriptor["digest"]!).Replace(':', '/')}"];
            Assert.Equal(((string)descriptor["digest"]!, (long)descriptor["size"]!), (Digest(bytes), bytes.LongLength));
            return bytes;
        }

        Assert.Equal("1.0.0", (string?)JsonNode.Parse(layout["oci-layout"])!["imageLayoutVersion"]);
        var manifest = JsonNode.Parse(Blob(JsonNode.Parse(layout["index.json"])!["manifests"]!.AsArray().Single()!))!;
        var configuration = JsonNode.Parse(Blob(manifest["config"]!))!;
        var image = new UnpackedImage(Workspace.CreateRunDirectory("image"), configuration["config"]!);
        Directory.CreateDirectory(image.Folder);
        var (layers, differences) = (manifest["layers"]!.AsArray(), configuration["rootfs"]!["diff_ids"]!.AsArray());
        Assert.Equal(layers.Count, differences.Count);
        foreach (var (layer, difference) in layers.Zip(differences))
        {
            var plain = Read(new GZipStream(new MemoryStream(Blob(layer!)), CompressionMode.Decompress));
            Assert.Equal((string?)difference, Digest(plain));
            // Not TarFile's: it refuses links that are absolute, as the loader's is in every distribution.
            var file = Path.Combine(image.run, "layer.tar");
            await File.WriteAllBytesAsync(file, plain, ct);
            var unpacked = await ToolProcess.RunAsync("tar", null, TimeSpan.FromMinutes(5), ["-xf", file, "-C", image.Folder, "--same-permissions"], ct);
            Assert.True(unpacked.ExitCode == 0, unpacked.Errors);
            File.Delete(file);
        }

        return image;
    }

    /// <summary>Starts the entrypoint with arguments, and variables beside the image's. What it prints goes to a file beside the image.</summary>
    public Task<ChildProcess> StartAsync(params string[] arguments) => ChildProcess.StartAsync(new()
    {
        Executable = "unshare",
        Arguments =
        [
            "--mount", "--pid", "--fork", "--kill-child", "bash", "-c", Enter, "enter", Folder, (string)Configuration["User"]!,
            .. Configuration["Entrypoint"]!.AsArray().Select(part => (string)part!), .. arguments,
        ],
        // Where chroot and the like are found; a container would have the image's, and nothing of the machine's.
        InheritOnly = ["PATH"],
        Environment = Configuration["Env"]!.AsArray().Select(variable => ((string)variable!).Split('=', 2)).Where(variable => variable[0] != "PATH").ToDictionary(variable => variable[0], variable => (string?)variable[1]),
        LogFile = Path.Combine(run, $"{Guid.NewGuid():N}.log"),
    });

    /// <summary>The image's process, once it is there: user and group ids of its <c>status</c>, capabilities that it has, and the options of its root's mount.</summary>
    public (string Users, string Groups, string Capabilities, string RootMount)? Inside()
    {
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(process => int.TryParse(Path.GetFileName(process), out _)))
        {
            try
            {
                if (new FileInfo(Path.Combine(process, "root")).LinkTarget != Folder)
                    continue;
                var status = File.ReadLines(Path.Combine(process, "status")).Select(line => line.Split('\t', 2)).Where(pair => pair.Length == 2).ToDictionary(pair => pair[0], pair => pair[1].Trim());
                var root = File.ReadLines(Path.Combine(process, "mountinfo")).Select(line => line.Split(' ')).Single(fields => fields[4] == "/");
                return (status["Uid:"], status["Gid:"], status["CapEff:"], root[5].Split(',')[0]);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It ended meanwhile.
            }
        }

        return null;
    }

    public void Dispose() => Workspace.TryDelete(run);

    private static string Digest(byte[] bytes) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(bytes))}";

    private static byte[] Read(Stream stream)
    {
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
