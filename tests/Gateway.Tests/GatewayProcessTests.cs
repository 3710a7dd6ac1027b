using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using LlmOps.Api;
using LlmOps.Gateway.Tests.Fakes;
using LlmOps.Kubernetes;
using LlmOps.Testing;

namespace LlmOps.Gateway.Tests;

/// <summary>The program as a pod runs it.</summary>
public sealed class GatewayProcessTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task With_the_rights_of_config_rbac_and_all_of_them_it_serves_and_on_sigterm_lets_the_stream_under_way_end_and_leaves_with_zero()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await InProcessApiServer.StartAsync();
        server.InstallCrds(Repository.Path("crds"));
        var rules = AccessRule.FromYaml(await File.ReadAllTextAsync(Repository.Path("config/rbac/gateway.yaml")));
        server.Access.Restrict(request => request.UserAgent != "user", rules);
        // As a server that is older than streamed lists, so that lists are read too.
        server.Faults.When(request => request.IsStreamedList, FaultEffect.Status(422, "Invalid", "sendInitialEvents is forbidden for watch"));
        using var client = new KubernetesClient(server.Configuration with { UserAgent = "user" });
        await using var engine = await FakeEngine.StartAsync(async context =>
        {
            await Answers.Stream(Answers.RoleChunk, Answers.TextChunk("one"))(context);
            await go.Task;
            await Answers.Stream(Answers.TextChunk("two"), Answers.FinishChunk, Answers.Done)(context);
        });
        var deployment = Cluster.Deployment(stable: Cluster.Release("r1", "stable", 100) with { ApiKeySecretRef = new SecretKeyReference { Name = "keys", Key = "key" } });
        await client.CreateAsync(new Secret { Metadata = new ObjectMeta { Name = "keys", Namespace = "default" }, Data = new Dictionary<string, string> { ["key"] = "a2V5" } }, CancellationToken.None);
        await client.CreateAsync(Cluster.Slice("stable", engine.Address), CancellationToken.None);
        await client.CreateAsync(deployment with { Status = null }, CancellationToken.None);
        await client.ApplyStatusAsync(deployment with { Metadata = new ObjectMeta { Name = "bot", Namespace = "default" } }, "test");
        var kubeconfig = Path.Combine(Path.GetTempPath(), $"gateway-{Guid.NewGuid():N}.yaml");
        server.WriteKubeconfig(kubeconfig);
        var (clientPort, adminPort) = (FreePort(), FreePort());

        using var process = Start("--kubeconfig", kubeconfig, "--bind", "127.0.0.1", "--client-port", $"{clientPort}", "--admin-port", $"{adminPort}", "--drain-seconds", "120");
        try
        {
            using var http = new HttpClient();
            await Eventually.TrueAsync(
                async ct => process.HasExited || (await http.GetAsync(new Uri($"http://127.0.0.1:{adminPort}/readyz"), ct)).IsSuccessStatusCode, Soon, () => "the gateway is ready");
            Assert.False(process.HasExited);
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"http://127.0.0.1:{clientPort}/v1/chat/completions")) { Content = new StringContent(GatewayBed.Body()) };
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

            using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
            await Eventually.TrueAsync(ct => RefusesAsync(clientPort, ct), Soon, () => "the port is closed");
            using (var ready = await http.GetAsync(new Uri($"http://127.0.0.1:{adminPort}/readyz")))
                Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
            Assert.False(process.HasExited);
            go.SetResult();
            var text = await answer.Content.ReadAsStringAsync().WaitAsync(Soon);
            Assert.Contains("two", text);
            Assert.Contains("[DONE]", text);
            Assert.Empty(server.Access.Refused);
            Assert.Equal([], rules.Except(server.Access.Used.Keys).Select(rule => $"{rule}: nothing uses it"));
            await process.WaitForExitAsync().WaitAsync(Soon);
            Assert.Equal(0, process.ExitCode);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
            File.Delete(kubeconfig);
        }
    }

    [Fact]
    public async Task It_says_on_one_line_why_it_cannot_start()
    {
        using var process = Start("--kubeconfig", "/does/not/exist");

        var error = await process.StandardError.ReadToEndAsync().WaitAsync(Soon);
        await process.WaitForExitAsync().WaitAsync(Soon);

        Assert.Equal(2, process.ExitCode);
        Assert.Equal("The kubeconfig /does/not/exist does not exist.", error.Trim());
    }

    private static Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(GatewayServer).Assembly.Location, .. arguments]) { RedirectStandardError = true };
        start.Environment.Remove("LLMOPS_BIND_ADDRESS");
        return Process.Start(start)!;
    }

    private static async Task<bool> RefusesAsync(int port, CancellationToken ct)
    {
        using var socket = new TcpClient();
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port, ct);
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
