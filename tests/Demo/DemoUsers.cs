using System.Globalization;
using LlmOps.Demo.Load;
using LlmOps.Demo.Stories;

namespace LlmOps.Demo;

/// <summary>The users of a demo that goes on running: a process of its own, which ends with the cluster.</summary>
internal static class DemoUsers
{
    /// <summary>Requests a second: enough for each step of the samples within ten seconds.</summary>
    public const double RequestsPerSecond = 20;

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private static Background Process { get; } = new("users", "LlmOps.Demo.dll");

    public static async Task StartAsync(IReadOnlyList<Uri> gateways, int cluster, CancellationToken ct)
    {
        using var process = await Process.StartAsync(["users", "--cluster", cluster.ToString(CultureInfo.InvariantCulture), .. gateways.SelectMany(gateway => new[] { "--gateway", gateway.ToString() })], ct);
    }

    public static Task EndAsync(CancellationToken ct) => Process.EndAsync(_ => { }, ct);

    /// <summary>Asks until cancelled, or until the cluster's process is gone. Returns 0.</summary>
    public static async Task<int> RunAsync(IEnumerable<string> gateways, int cluster, CancellationToken ct)
    {
        await using var load = LoadClient.Start([.. gateways.Select(gateway => new Uri(gateway))], Samples.Deployment, Samples.Questions, RequestsPerSecond, TimeProvider.System);
        while (!ct.IsCancellationRequested && Directory.Exists($"/proc/{cluster}"))
            await Task.Delay(Look, CancellationToken.None);
        return 0;
    }
}
