using System.CommandLine;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LlmOps.LocalCluster.Commands;

/// <summary>
/// <c>serve</c>: the smallest program that a pod can run, for tests of the node simulator. It answers <c>/health</c>,
/// shows its variables (<c>/env/NAME</c>) and files (<c>/file?path=</c>), and has one gauge on <c>/metrics</c>
/// (<c>test:running</c>, set by <c>/set/N</c>). With <c>--exit-code</c> it ends at once.
/// </summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var port = new Option<int>("--port") { Description = "Port on $LLMOPS_BIND_ADDRESS (else 127.0.0.1).", DefaultValueFactory = _ => 8080 };
        var exitCode = new Option<int?>("--exit-code") { Description = "Ends at once with this code." };
        var show = new Option<string?>("--show") { Description = "A text to print at the start." };
        var command = new Command("serve", "A tiny server that tests run as a pod.") { port, exitCode, show };
        command.SetAction(async (parsed, ct) =>
        {
            if (parsed.GetValue(show) is { } text)
                Console.WriteLine(text);
            if (parsed.GetValue(exitCode) is { } code)
                return code;
            await RunAsync(parsed.GetValue(port), ct);
            return 0;
        });
        return command;
    }

    private static async Task RunAsync(int port, CancellationToken ct)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Parse(Environment.GetEnvironmentVariable("LLMOPS_BIND_ADDRESS") ?? "127.0.0.1"), port));
        var app = builder.Build();
        var running = 0.0;
        app.MapGet("/health", () => "ok");
        app.MapGet("/metrics", () => string.Create(CultureInfo.InvariantCulture, $"# TYPE test:running gauge\ntest:running{{model=\"tiny\"}} {running}\n"));
        app.MapGet("/set/{value}", (double value) => $"{running = value}");
        app.MapGet("/env/{name}", (string name) => Environment.GetEnvironmentVariable(name) ?? string.Empty);
        app.MapGet("/file", (string path) => File.Exists(path) ? Results.Text(File.ReadAllText(path)) : Results.NotFound());
        await app.StartAsync(ct);
        await app.WaitForShutdownAsync(ct);
    }
}
