using System.Diagnostics;
using System.Text.Json.Nodes;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using LlmOps.LocalCluster.Clusters;
using LlmOps.LocalCluster.Nodes.Kubelet;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.EndToEnd.TestBed;

public sealed class TestClusterTests
{
    [Fact]
    public async Task Cluster_without_any_download_runs_pods_on_the_in_process_api_server()
    {
        await using var cluster = await TestCluster.StartAsync(new()
        {
            Selection = new(ClusterKind.InProcess, "the test says so"),
            Nodes = new()
            {
                Images = ImageCatalog.Empty.With("test/server", ImageCatalog.Built("LocalCluster", "serve")),
                LongestProbePeriod = TimeSpan.FromMilliseconds(100),
            },
        });
        using var client = new KubernetesClient(KubernetesClientConfiguration.Load(cluster.KubeconfigPath));

        await client.CreateAsync(ClusterFixture.Server("default", "web", 1), CancellationToken.None);

        Deployment? web = null;
        await Eventually.TrueAsync(
            async ct => (web = await client.GetAsync<Deployment>(new("default", "web"), ct))?.Status?.AvailableReplicas == 1, ClusterFixture.Patience, () => $"{web?.Status}");
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("KILL")]
    public async Task Up_command_writes_a_run_file_serves_kubectl_and_leaves_no_process_however_it_ends(string signal)
    {
        var data = Workspace.CreateRunDirectory("up");
        var runFile = Path.Combine(data, "run.json");
        var program = ImageCatalog.Built("LocalCluster", "up", "--data", data, "--nodes", "solo=2");
        using var up = Process.Start(new ProcessStartInfo(program.Executable, program.Arguments) { RedirectStandardOutput = true })!;
        await Eventually.TrueAsync(() => File.Exists(runFile) || up.HasExited, TimeSpan.FromSeconds(60), "the run file");
        Assert.False(up.HasExited, "it ended at once");
        var run = JsonNode.Parse(await File.ReadAllTextAsync(runFile))!;

        using var kubectl = Process.Start(new ProcessStartInfo(
            await Tools.KubectlPathAsync(), ["--kubeconfig", (string)run["kubeconfig"]!, "get", "nodes", "-o", "jsonpath={.items[*].metadata.name}{.items[*].status.allocatable.nvidia\\.com/gpu}"])
        { RedirectStandardOutput = true })!;
        Assert.Equal("solo2", await kubectl.StandardOutput.ReadToEndAsync());

        await SignalAsync(up, signal);
        var clean = signal == "TERM";
        Assert.Equal(clean, (await up.StandardOutput.ReadToEndAsync()).Contains("cluster: ended", StringComparison.Ordinal));
        Assert.Equal(!clean, File.Exists(runFile));
        await Eventually.TrueAsync(() => !Processes().Any(line => line.Contains(data, StringComparison.Ordinal)), ClusterFixture.Patience, () => string.Join('\n', Processes()));
        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public async Task Given_cluster_is_taken_first_and_the_reason_names_the_variable()
    {
        var selection = await ClusterSelection.DecideAsync(name => name == ClusterSelection.KubeconfigVariable ? "/some/kubeconfig" : null, CancellationToken.None);

        Assert.Equal(ClusterKind.Given, selection.Kind);
        Assert.Contains("LLMOPS_TEST_KUBECONFIG is /some/kubeconfig", selection.Reason, StringComparison.Ordinal);
    }

    private static async Task SignalAsync(Process process, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"]);
        using var limit = new CancellationTokenSource(ClusterFixture.Patience);
        await process.WaitForExitAsync(limit.Token);
    }

    private static IEnumerable<string> Processes() =>
        Directory.EnumerateDirectories("/proc").Where(process => int.TryParse(Path.GetFileName(process), out _)).Select(CommandLine);

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (IOException)
        {
            // It ended meanwhile.
            return string.Empty;
        }
    }
}
