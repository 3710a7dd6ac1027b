using System.Formats.Tar;
using System.Text;
using System.Text.Json.Nodes;

namespace LlmOps.Images;

/// <summary>
/// An image as one file: a tar of an OCI image layout (github.com/opencontainers/image-spec, image-layout.md), which <c>skopeo copy oci-archive:</c>,
/// <c>podman load</c>, <c>ctr images import</c>, <c>kind load image-archive</c> and <c>k3d image import</c> take. Without time and machine: the same content gives the same bytes.
/// </summary>
internal static class OciArchive
{
    private const string Epoch = "1970-01-01T00:00:00Z";

    /// <summary>Of all images. The root file system is read-only, and .NET's diagnostics socket would go to /tmp.</summary>
    public static IReadOnlyList<string> Environment { get; } = ["PATH=/app", "DOTNET_EnableDiagnostics=0", "DOTNET_RUNNING_IN_CONTAINER=true"];

    /// <summary>Writes the archive, or another over it.</summary>
    /// <param name="file">Where.</param>
    /// <param name="target">What the image says of itself.</param>
    /// <param name="layers">Its layers, lowest first.</param>
    /// <param name="version">Its tag.</param>
    /// <param name="revision">Commit that it was built from.</param>
    public static void Write(string file, ImageTarget target, IReadOnlyList<Layer> layers, string version, string revision)
    {
        var blobs = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        JsonObject Add(string type, byte[] bytes)
        {
            var digest = Layer.Digest(bytes);
            blobs[digest] = bytes;
            return new() { ["mediaType"] = type, ["digest"] = digest, ["size"] = bytes.Length };
        }

        var config = Add("application/vnd.oci.image.config.v1+json", Bytes(Configuration(target, layers, version, revision)));
        var manifest = Add("application/vnd.oci.image.manifest.v1+json", Bytes(new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = "application/vnd.oci.image.manifest.v1+json",
            ["config"] = config,
            ["layers"] = new JsonArray([.. layers.Select(layer => Add("application/vnd.oci.image.layer.v1.tar+gzip", layer.Bytes))]),
        }));
        manifest["annotations"] = new JsonObject
        {
            ["io.containerd.image.name"] = $"docker.io/llmops/{target.Name}:{version}",
            ["org.opencontainers.image.ref.name"] = version,
        };

        using var tar = new TarWriter(File.Create(file), TarEntryFormat.Ustar);
        Write(tar, "oci-layout", Bytes(new JsonObject { ["imageLayoutVersion"] = "1.0.0" }));
        Write(tar, "index.json", Bytes(new JsonObject { ["schemaVersion"] = 2, ["mediaType"] = "application/vnd.oci.image.index.v1+json", ["manifests"] = new JsonArray(manifest) }));
        foreach (var (digest, bytes) in blobs)
            Write(tar, $"blobs/{digest.Replace(':', '/')}", bytes);
    }

    private static JsonObject Configuration(ImageTarget target, IReadOnlyList<Layer> layers, string version, string revision) => new()
    {
        ["created"] = Epoch,
        ["architecture"] = DotnetRuntime.Architecture,
        ["os"] = "linux",
        ["config"] = new JsonObject
        {
            // By number, so that runAsNonRoot can be checked without reading /etc/passwd.
            ["User"] = $"{ImageTarget.User}:{ImageTarget.User}",
            ["WorkingDir"] = "/app",
            ["Entrypoint"] = new JsonArray($"/app/{target.Program}"),
            ["Env"] = new JsonArray([.. Environment.Concat(target.Environment).Select(variable => JsonValue.Create(variable))]),
            ["ExposedPorts"] = new JsonObject(target.Ports.Select(port => KeyValuePair.Create<string, JsonNode?>($"{port}/tcp", new JsonObject()))),
            ["Labels"] = new JsonObject(target.Labels(version, revision).Select(label => KeyValuePair.Create<string, JsonNode?>(label.Key, label.Value))),
        },
        ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = new JsonArray([.. layers.Select(layer => JsonValue.Create(layer.DiffId))]) },
        ["history"] = new JsonArray([.. layers.Select(_ => new JsonObject { ["created"] = Epoch, ["created_by"] = "make image-archives" })]),
    };

    private static byte[] Bytes(JsonObject json) => Encoding.UTF8.GetBytes(json.ToJsonString());

    private static void Write(TarWriter tar, string name, byte[] bytes) => tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name)
    {
        Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead,
        ModificationTime = DateTimeOffset.UnixEpoch,
        DataStream = new MemoryStream(bytes),
    });
}
