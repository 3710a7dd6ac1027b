using System.Net;
using System.Net.Sockets;
using System.Text;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using LlmOps.Operator.Controllers;
using LlmOps.Operator.Hosting;
using LlmOps.Operator.Web;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.Operator.Tests.Access;

/// <summary>What anybody who reaches the operator's ports can do with them, byte by byte.</summary>
public sealed class WebEndpointTests : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private readonly CancellationTokenSource stop = new();
    private readonly PrometheusExporter exporter = new();
    private readonly int[] ports = LoopbackPorts.Take(2);
    private Task running = Task.CompletedTask;

    public async Task InitializeAsync()
    {
        var options = new OperatorOptions { BindAddress = IPAddress.Loopback, HealthPort = ports[0], MetricsPort = ports[0], DebugPort = ports[1] };
        running = WebEndpoints.RunAsync(options, exporter, new DebugEndpoints(new LastDecisions(), new LastOutcomes(TimeProvider.System)), () => true, stop.Token);
        await Eventually.TrueAsync(async _ => (await AskAsync("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")).StartsWith("HTTP/1.1 200", StringComparison.Ordinal), Soon, () => "it listens");
    }

    public async Task DisposeAsync()
    {
        await stop.CancelAsync();
        await running.WaitAsync(Soon);
        exporter.Dispose();
    }

    [Theory]
    [InlineData("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 200)]
    [InlineData("HEAD /readyz HTTP/1.1\r\nHost: a\r\n\r\n", 200)]
    [InlineData("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", 200)]
    [InlineData("GET /mirror-me?mirror-me=1 HTTP/1.1\r\nHost: a\r\nmirror-me: mirror-me\r\n\r\n", 404)]
    [InlineData("GET /healthz/mirror-me HTTP/1.1\r\nHost: a\r\n\r\n", 404)]
    [InlineData("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 405)]
    [InlineData("MIRROR-ME /metrics HTTP/1.1\r\nHost: a\r\n\r\n", 405)]
    [InlineData("DELETE /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 405)]
    [InlineData("GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nmirror-me", 413)]
    [InlineData("GET /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nmirror-me\r\n0\r\n\r\n", 413)]
    public Task Only_health_and_metrics_are_served_and_nothing_comes_back_of_what_was_sent(string request, int status) => IsAnsweredAsync(request, status, ports[0]);

    [Theory]
    [InlineData("GET /debug/decisions/mirror-me/mirror-me HTTP/1.1\r\nHost: localhost\r\nmirror-me: mirror-me\r\n\r\n", 404)]
    [InlineData("GET /mirror-me HTTP/1.1\r\nHost: localhost\r\n\r\n", 404)]
    [InlineData("GET /debug/decisions/a/b HTTP/1.1\r\nHost: mirror-me\r\n\r\n", 403)]
    [InlineData("POST /debug/decisions/a/b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", 405)]
    [InlineData("GET /debug/decisions/a/b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nmirror-me", 413)]
    [InlineData("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 404)]
    public Task The_port_for_debugging_has_the_same_rules(string request, int status) => IsAnsweredAsync(request, status, ports[1]);

    private async Task IsAnsweredAsync(string request, int status, int port)
    {
        var answer = await AskAsync(request, port);
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("mirror-me", answer, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Server:", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Long_lines_many_headers_and_large_headers_are_refused()
    {
        Assert.StartsWith("HTTP/1.1 414", await AskAsync($"GET /{new string('a', 3000)} HTTP/1.1\r\nHost: a\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 431", await AskAsync($"GET /healthz HTTP/1.1\r\nHost: a\r\n{string.Concat(Enumerable.Range(0, 60).Select(i => $"x-{i}: 1\r\n"))}\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 431", await AskAsync($"GET /healthz HTTP/1.1\r\nHost: a\r\nx: {new string('a', 9000)}\r\n\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Headers_that_never_end_are_not_waited_for()
    {
        Assert.StartsWith("HTTP/1.1 408", await AskAsync("GET /healthz HTTP/1.1\r\nHost: a\r\n", close: false), StringComparison.Ordinal);
    }

    /// <summary>All that comes back until the server, told so or by itself, closes the connection.</summary>
    private async Task<string> AskAsync(string request, int? port = null, bool close = true)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port ?? ports[0]);
        }
        catch (SocketException)
        {
            return string.Empty;
        }

        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(close ? request.Replace("\r\nHost:", "\r\nConnection: close\r\nHost:", StringComparison.Ordinal) : request));
        var answer = new StringBuilder();
        var buffer = new byte[8192];
        using var limit = new CancellationTokenSource(Soon);
        int read;
        try
        {
            while ((read = await stream.ReadAsync(buffer, limit.Token)) > 0)
                answer.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }
        catch (IOException)
        {
            // Reset behind the answer, since not all of the request was read.
        }

        return answer.ToString();
    }
}
