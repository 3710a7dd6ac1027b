using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.LocalCluster;
using LlmOps.Operator.Hosting;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Web;

/// <summary>The program as a pod runs it: what it writes to the console and sends to a collector.</summary>
public sealed class OperatorProcessTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task Lines_are_JSON_with_the_id_of_their_reconcile_and_a_collector_gets_the_spans()
    {
        await using var world = await TestWorld.StartAsync(output.WriteLine, withOperator: false);
        await world.ApplyAsync(Samples.AsApplied(Samples.Gate()));
        await world.ApplyAsync(Samples.Canary("v1"));
        var ports = LoopbackPorts.Take(3);
        var received = new ConcurrentQueue<(string Path, string Body)>();
        await using var collector = await CollectorAsync(ports[2], received);
        var kubeconfig = Path.Combine(Path.GetTempPath(), $"operator-{Guid.NewGuid():N}.yaml");
        world.Server.WriteKubeconfig(kubeconfig);

        using var process = Start(
            new() { [Tracing.EndpointVariable] = $"http://127.0.0.1:{ports[2]}", ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf", ["OTEL_BSP_SCHEDULE_DELAY"] = "200", ["POD_NAME"] = "operator-0" },
            "--kubeconfig", kubeconfig, "--namespace", "llmops-system", "--health-port", $"{ports[0]}", "--metrics-port", $"{ports[1]}", "--log-format", "json");
        var lines = new ConcurrentQueue<string>();
        process.OutputDataReceived += (_, e) => lines.Enqueue(e.Data ?? string.Empty);
        process.BeginOutputReadLine();
        try
        {
            await Eventually.TrueAsync(() => process.HasExited || (Decided(lines) is not null && received.Any(sent => sent.Body.Contains("reconcile llmdeployment", StringComparison.Ordinal))), Soon, () => $"a decision and its span; {string.Join('\n', lines)}");
            Assert.False(process.HasExited);
            var decided = JsonNode.Parse(Decided(lines)!)!;
            var fields = decided["Scopes"]!.AsArray().Single(scope => scope!["ReconcileId"] is not null)!;
            Assert.Equal(("llmdeployment", "bot"), ((string?)fields["Controller"], (string?)fields["Name"]));
            Assert.Equal(12, ((string)fields["ReconcileId"]!).Length);
            Assert.Contains(decided["Scopes"]!.AsArray(), scope => scope!["TraceId"] is not null);
            Assert.All(received, sent => Assert.Equal("/v1/traces", sent.Path));
            foreach (var word in new[] { "kubernetes patch", "llmops-operator", "operator-0", "reconcile.outcome" })
                Assert.Contains(received, sent => sent.Body.Contains(word, StringComparison.Ordinal));

            using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
            await process.WaitForExitAsync().WaitAsync(Soon);
            Assert.Equal(0, process.ExitCode);
            Assert.All(lines.Where(line => line.Length > 0), line => JsonDocument.Parse(line).Dispose());
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
            File.Delete(kubeconfig);
        }
    }

    [Fact]
    public async Task A_collector_that_is_no_URL_is_refused_with_a_sentence()
    {
        var kubeconfig = Path.Combine(Path.GetTempPath(), $"operator-{Guid.NewGuid():N}.yaml");
        await using var server = await InProcessApiServer.StartAsync();
        server.WriteKubeconfig(kubeconfig);
        using var process = Start(new() { [Tracing.EndpointVariable] = "collector:4317" }, "--kubeconfig", kubeconfig);
        var error = await process.StandardError.ReadToEndAsync().WaitAsync(Soon);
        await process.WaitForExitAsync().WaitAsync(Soon);
        File.Delete(kubeconfig);
        Assert.Equal(2, process.ExitCode);
        Assert.StartsWith($"{Tracing.EndpointVariable} is not a URL: ", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--lease-duration=3", "--lease-duration, --lease-renew-deadline and --lease-retry-period: 0 < retry period (0.5 s) < renew deadline (3 s) < lease duration (3 s) must hold, or two could lead")]
    [InlineData("--lease-renew-deadline=4", "--lease-duration, --lease-renew-deadline and --lease-retry-period: 0 < retry period (0.5 s) < renew deadline (4 s) < lease duration (4 s) must hold, or two could lead")]
    [InlineData("--lease-retry-period=3", "--lease-duration, --lease-renew-deadline and --lease-retry-period: 0 < retry period (3 s) < renew deadline (3 s) < lease duration (4 s) must hold, or two could lead")]
    public async Task Lease_times_with_which_two_could_lead_are_refused_with_a_sentence(string argument, string sentence)
    {
        await using var server = await InProcessApiServer.StartAsync();
        var (code, error) = await EndAsync(server, argument);
        Assert.Equal((2, sentence), (code, error.Trim()));
        Assert.Equal(0, server.Requests.Total);
    }

    [Fact]
    public async Task A_port_that_is_taken_ends_the_operator_with_an_error_that_says_so()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await using var world = await TestWorld.StartAsync(output.WriteLine, withOperator: false);
        var (code, said) = await EndAsync(world.Server, $"--metrics-port={port}", "--namespace=llmops-system");
        Assert.Equal(1, code);
        Assert.Contains("The operator cannot go on and ends", said, StringComparison.Ordinal);
        Assert.Contains($"address http://127.0.0.1:{port}: address already in use", said, StringComparison.Ordinal);
    }

    /// <summary>Waits until a program that cannot run has ended. Its exit code, and all that it wrote.</summary>
    private static async Task<(int Code, string Text)> EndAsync(InProcessApiServer server, params string[] arguments)
    {
        var kubeconfig = Path.Combine(Path.GetTempPath(), $"operator-{Guid.NewGuid():N}.yaml");
        server.WriteKubeconfig(kubeconfig);
        using var process = Start([], ["--kubeconfig", kubeconfig, "--health-port", $"{LoopbackPorts.Take(1)[0]}", .. arguments]);
        try
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync().WaitAsync(Soon);
            return (process.ExitCode, await output + await error);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
            File.Delete(kubeconfig);
        }
    }

    private static string? Decided(IEnumerable<string> lines) => lines.FirstOrDefault(line => line.Contains("rollout", StringComparison.Ordinal) && line.Contains("ReconcileId", StringComparison.Ordinal));

    private static async Task<WebApplication> CollectorAsync(int port, ConcurrentQueue<(string Path, string Body)> received)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        var app = builder.Build();
        app.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            // Protobuf keeps texts as they are.
            received.Enqueue((context.Request.Path, Encoding.Latin1.GetString(body.ToArray())));
            context.Response.ContentType = "application/x-protobuf";
        });
        await app.StartAsync();
        return app;
    }

    private static Process Start(Dictionary<string, string> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(OperatorHost).Assembly.Location, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["LLMOPS_BIND_ADDRESS"] = "127.0.0.1";
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }
}
