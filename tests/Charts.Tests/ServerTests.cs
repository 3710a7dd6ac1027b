using LlmOps.Demo.Cluster;
using LlmOps.LocalCluster;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.Charts.Tests;

/// <summary>What is rendered, against the real API server.</summary>
public sealed class ServerTests(ServerTests.Server server) : IClassFixture<ServerTests.Server>
{
    [Theory]
    [MemberData(nameof(ValueSets.All), MemberType = typeof(ValueSets))]
    public async Task Every_object_is_accepted_with_strict_validation(string set)
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("chart").FullName, "objects.yaml");
        await File.WriteAllTextAsync(file, (await Rendering.OfAsync(ValueSets.Read(set))).Text);
        var answer = await server.Kubectl.RunAsync(CancellationToken.None, "apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", file);
        Assert.Contains("deployment.apps/", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_field_that_is_misspelt_is_refused()
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("chart").FullName, "objects.yaml");
        foreach (var (right, wrong) in new[] { ("honorLabels", "honourLabels"), ("unhealthyPodEvictionPolicy", "unhealthyPodPolicy"), ("matchLabelKeys", "matchLabelsKeys") })
        {
            var text = (await Rendering.OfAsync("monitoring: {scrape: PodMonitor}")).Text;
            Assert.Contains(right, text, StringComparison.Ordinal);
            await File.WriteAllTextAsync(file, text.Replace(right, wrong, StringComparison.Ordinal));
            var refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => server.Kubectl.RunAsync(CancellationToken.None, "apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", file));
            Assert.Contains(wrong, refusal.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("default")]
    [InlineData("prometheus")]
    [InlineData("network-policy")]
    [InlineData("policy")]
    public async Task Each_kustomization_is_accepted_with_strict_validation(string folder)
    {
        var answer = await server.Kubectl.RunAsync(CancellationToken.None, "apply", "--server-side", "--dry-run=server", "--validate=strict", "-k", Path.Combine(Workspace.Repository, "config", folder));
        Assert.NotEmpty(answer);
    }

    public sealed class Server : IAsyncLifetime
    {
        private ControlPlane plane = null!;

        internal Kubectl Kubectl { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            plane = await ControlPlane.StartAsync();
            Kubectl = new Kubectl(plane.KubeconfigPath);
            foreach (var ns in new[] { Rendering.Namespace, "team-a", "team-b" })
                await Kubectl.RunAsync(CancellationToken.None, "create", "namespace", ns);
            await Kubectl.ApplyAsync(Path.Combine(Workspace.Repository, "tests", "Charts.Tests", "Monitoring", "kinds.yaml"), null, CancellationToken.None);
            foreach (var kind in new[] { "podmonitors", "servicemonitors", "prometheusrules" })
                await Eventually.TrueAsync(async ct => (await Kubectl.RunAsync(ct, "api-resources", "--api-group=monitoring.coreos.com", "-o", "name")).Contains(kind, StringComparison.Ordinal), TimeSpan.FromSeconds(90), () => $"{kind} are served");
        }

        public async Task DisposeAsync()
        {
            if (plane is not null)
                await plane.DisposeAsync();
        }
    }
}
