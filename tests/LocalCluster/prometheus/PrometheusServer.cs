using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using LlmOps.LocalCluster.Processes;

namespace LlmOps.LocalCluster;

/// <summary>What a Prometheus scrapes.</summary>
/// <param name="Address"><c>HOST:PORT</c> with <c>/metrics</c>.</param>
/// <param name="Labels">Set on every series, as relabelling does in a cluster.</param>
public sealed record ScrapeTarget(string Address, IReadOnlyDictionary<string, string> Labels);

/// <summary>A real Prometheus from Debian's package, unpacked and not installed. Ends with this process at the latest.</summary>
public sealed class PrometheusServer : IAsyncDisposable
{
    private static readonly Lazy<(string? Executable, string? Problem)> Preparation = new(Prepare);

    private readonly ChildProcess process;
    private readonly string folder;

    private PrometheusServer(ChildProcess process, string folder, Uri address) => (this.process, this.folder, Address) = (process, folder, address);

    /// <summary>Base URL.</summary>
    public Uri Address { get; }

    /// <summary>Why it stopped, for a message.</summary>
    public string LogTail => process.LogTail();

    /// <summary>Why its package cannot be had; null where it can. Worked out once, when it is first asked.</summary>
    public static string? Problem => Preparation.Value.Problem;

    /// <summary>The promtool of the package; null where it cannot be had.</summary>
    public static string? Promtool => Preparation.Value.Executable is { } prometheus ? Path.Combine(Path.GetDirectoryName(prometheus)!, "promtool") : null;

    /// <summary>Downloads the package where that was not done yet.</summary>
    /// <exception cref="InvalidOperationException">The package cannot be had; the message says why.</exception>
    public static async Task<string> PrepareAsync(Action<string>? log = null, CancellationToken ct = default)
    {
        if (!OperatingSystem.IsLinux() || !File.Exists("/usr/bin/apt-get") || !File.Exists("/usr/bin/dpkg-deb"))
            throw new InvalidOperationException($"Prometheus comes from Debian's package and needs apt-get and dpkg-deb, this is {RuntimeInformation.RuntimeIdentifier}");
        var script = Workspace.Source("prometheus", "fetch.sh");
        var output = new List<string>();
        var code = await BuildScript.RunAsync(script, [], line => { lock (output) output.Add(line); log?.Invoke(line); }, ct);
        return code == 0
            ? Path.Combine(Workspace.Work, "prometheus", "root", "usr", "bin", "prometheus")
            : throw new InvalidOperationException($"{script} failed with exit code {code}:\n{string.Join('\n', output.TakeLast(10))}");
    }

    /// <summary>Starts it on a free loopback port. It answers a moment later.</summary>
    public static async Task<PrometheusServer> StartAsync(IEnumerable<ScrapeTarget> targets, TimeSpan scrapeInterval)
    {
        var executable = await PrepareAsync();
        var folder = Workspace.CreateRunDirectory("prometheus");
        var configuration = Path.Combine(folder, "prometheus.yml");
        await File.WriteAllTextAsync(configuration, Configuration(targets, scrapeInterval));
        var address = $"127.0.0.1:{LoopbackPorts.Take(1)[0]}";
        var process = await ChildProcess.StartAsync(new()
        {
            Executable = executable,
            Arguments = [$"--config.file={configuration}", $"--storage.tsdb.path={Path.Combine(folder, "data")}", $"--web.listen-address={address}", "--log.level=warn"],
            WorkingDirectory = folder,
            LogFile = Path.Combine(folder, "prometheus.log"),
        });
        return new PrometheusServer(process, folder, new Uri($"http://{address}"));
    }

    public async ValueTask DisposeAsync()
    {
        await process.DisposeAsync();
        Workspace.TryDelete(folder);
    }

    private static (string? Executable, string? Problem) Prepare()
    {
        try
        {
            return (PrepareAsync().GetAwaiter().GetResult(), null);
        }
        catch (InvalidOperationException e)
        {
            return (null, e.Message);
        }
    }

    private static string Configuration(IEnumerable<ScrapeTarget> targets, TimeSpan scrapeInterval)
    {
        var interval = string.Create(CultureInfo.InvariantCulture, $"{scrapeInterval.TotalMilliseconds:0}ms");
        var text = new StringBuilder($"global: {{scrape_interval: {interval}, scrape_timeout: {interval}}}\nscrape_configs:\n- job_name: engines\n  static_configs:\n");
        foreach (var target in targets)
            text.Append(CultureInfo.InvariantCulture, $"  - targets: ['{target.Address}']\n    labels: {{{string.Join(", ", target.Labels.Select(label => $"{label.Key}: '{label.Value}'"))}}}\n");
        return text.ToString();
    }
}
