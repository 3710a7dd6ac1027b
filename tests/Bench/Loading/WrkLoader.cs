using System.Globalization;
using System.Text.Json;
using LlmOps.LocalCluster.Processes;

namespace LlmOps.Bench.Loading;

/// <summary>What wrk saw.</summary>
/// <param name="Errors">Connections that broke, and answers other than 2xx and 3xx.</param>
internal sealed record WrkResult(long Requests, double Seconds, long P50Us, long P99Us, long Errors)
{
    public double RequestsPerSecond => Requests / Seconds;
}

/// <summary>Closed loop: a number of connections, each with one request under way at all times. For throughput; its latencies are those of a saturated machine.</summary>
internal sealed class WrkLoader(UnpackedProgram wrk, string bodyFile)
{
    private const string Mark = "RESULT ";

    /// <exception cref="InvalidOperationException">wrk failed; the message holds its output.</exception>
    public async Task<WrkResult> RunAsync(Uri server, int connections, int seconds, CancellationToken ct)
    {
        var output = new List<string>();
        string[] arguments =
        [
            "-t1", $"-c{connections.ToString(CultureInfo.InvariantCulture)}", $"-d{seconds.ToString(CultureInfo.InvariantCulture)}s",
            "-s", Yardsticks.Source("chat.lua"), new Uri(server, ChatRequest.Path).ToString(), "--", bodyFile,
        ];
        var code = await BuildScript.RunCommandAsync(wrk.Executable, [.. wrk.Arguments, .. arguments], line => { lock (output) output.Add(line); }, ct);
        return code == 0 && output.Find(line => line.StartsWith(Mark, StringComparison.Ordinal)) is { } result
            ? JsonSerializer.Deserialize<WrkResult>(result[Mark.Length..], JsonSerializerOptions.Web)!
            : throw new InvalidOperationException($"wrk ended with {code}: {string.Join('\n', output.TakeLast(5))}");
    }
}
