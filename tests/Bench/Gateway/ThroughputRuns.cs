using LlmOps.Bench.Loading;
using LlmOps.Bench.Reporting;

namespace LlmOps.Bench.Gateway;

/// <summary>Closed-loop runs of wrk over all paths. Numbers of a path are medians over the rounds.</summary>
internal sealed class ThroughputRuns
{
    private static readonly int[] Connections = [32, 8];
    private readonly List<Run> runs = [];

    private ThroughputRuns()
    {
    }

    public static async Task<ThroughputRuns> RunAsync(IReadOnlyList<ProxyPath> paths, WrkLoader wrk, GatewayPart.Length length, BenchContext context, CancellationToken ct)
    {
        var all = new ThroughputRuns();
        for (var round = 0; round < length.ThroughputRounds; round++)
        {
            foreach (var connections in Connections)
            {
                context.Say($"gateway: throughput, round {round + 1} of {length.ThroughputRounds}, {connections} connections");
                foreach (var path in paths.Rotated(round))
                {
                    var before = path.Pid is { } pid ? ProcessUsage.Cpu(pid) : TimeSpan.Zero;
                    var result = await wrk.RunAsync(path.Json, connections, length.ThroughputSeconds, ct);
                    var cpu = path.Pid is { } same ? ProcessUsage.Cpu(same) - before : TimeSpan.Zero;
                    all.runs.Add(new(path.Name, connections, result, cpu.TotalMicroseconds / result.Requests));
                }
            }
        }

        return all;
    }

    /// <summary>Median of the ratios of each round: both sides of a ratio are seconds apart.</summary>
    public Figure RatioToNginx(int connections)
    {
        var ratios = Of(ProxyPath.Gateway, connections).Zip(Of(ProxyPath.Nginx, connections), (ours, nginx) => ours.Result.RequestsPerSecond / nginx.Result.RequestsPerSecond);
        return new($"throughput of the gateway as a share of nginx's, {connections} connections", Quantiles.Median(ratios)) { AtLeast = 0.8 };
    }

    public double CpuMicroseconds(string path, int connections) => Quantiles.Median(Of(path, connections).Select(run => run.CpuMicroseconds));

    public Detail Detail() => new(
        "throughput (closed loop, wrk)",
        ["path", "connections", "requests/s", "p50 ms", "p99 ms", "CPU µs/request"],
        [
            .. from run in runs
               group run by (run.Path, run.Connections) into same
               orderby same.Key.Connections descending
               select (IReadOnlyList<string>)
               [
                   same.Key.Path, Report.Number(same.Key.Connections), Report.Number(Quantiles.Median(same.Select(run => run.Result.RequestsPerSecond))),
                   Report.Number(Quantiles.Median(same.Select(run => run.Result.P50Us / 1000.0))), Report.Number(Quantiles.Median(same.Select(run => run.Result.P99Us / 1000.0))),
                   same.Key.Path == ProxyPath.Direct ? "" : Report.Number(Quantiles.Median(same.Select(run => run.CpuMicroseconds))),
               ],
        ]);

    public IEnumerable<string> Problems() =>
        from run in runs where run.Result.Errors > 0 select $"{run.Path}: {run.Result.Errors} of {run.Result.Requests} requests failed with {run.Connections} connections";

    private IEnumerable<Run> Of(string path, int connections) => runs.Where(run => run.Path == path && run.Connections == connections);

    private sealed record Run(string Path, int Connections, WrkResult Result, double CpuMicroseconds);
}

internal static class Rotation
{
    /// <summary>The same elements, begun at another one each round: no path is always the first or always behind the same one.</summary>
    public static IEnumerable<T> Rotated<T>(this IReadOnlyList<T> items, int round) => Enumerable.Range(0, items.Count).Select(i => items[(i + round) % items.Count]);
}
