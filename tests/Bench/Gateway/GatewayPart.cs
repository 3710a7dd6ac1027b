using LlmOps.Bench.Loading;
using LlmOps.Bench.Reporting;

namespace LlmOps.Bench.Gateway;

/// <summary>
/// What the gateway costs, beside nginx as a plain reverse proxy and a direct call: all in one run on the same cores, the paths taking turns within
/// each round so that what else the machine does hits all of them.
/// </summary>
internal static class GatewayPart
{
    /// <summary>Offered load of the latency runs, far below saturation of every path.</summary>
    private const int RequestsPerSecond = 2_000;

    private const int Streams = 100;

    public static async Task<PartResult> RunAsync(BenchContext context, CancellationToken ct)
    {
        var length = context.Quick ? Length.Quick : Length.Full;
        var yardsticks = await Yardsticks.PrepareAsync(context.Say, ct);
        await using var bed = await GatewayBed.StartAsync(yardsticks, context, ct);
        var wrk = new WrkLoader(yardsticks.Wrk, bed.BodyFile);
        context.Say("gateway: warming up");
        foreach (var path in bed.Paths)
        {
            await wrk.RunAsync(path.Json, 32, length.WarmUpSeconds, ct);
            await StreamLoader.RunAsync(path.Streams, Streams, TimeSpan.FromSeconds(1), ct);
        }

        var throughput = await ThroughputRuns.RunAsync(bed.Paths, wrk, length, context, ct);
        var latency = await LatencyRuns.RunAsync(
            bed.Paths, length.LatencyRounds, $"{RequestsPerSecond:#,0} requests/s", context,
            path => ConstantRateLoader.RunAsync(path.Json, RequestsPerSecond, TimeSpan.FromSeconds(length.LatencySeconds), ct));
        var streams = await LatencyRuns.RunAsync(
            bed.Paths, length.StreamRounds, $"{Streams} streams", context,
            path => StreamLoader.RunAsync(path.Streams, Streams, TimeSpan.FromSeconds(length.StreamSeconds), ct));

        return new(
            "gateway",
            [
                throughput.RatioToNginx(32), throughput.RatioToNginx(8),
                new("gateway: CPU per request, 32 connections", throughput.CpuMicroseconds(ProxyPath.Gateway, 32), "µs"),
                new("nginx: CPU per request, 32 connections", throughput.CpuMicroseconds(ProxyPath.Nginx, 32), "µs"),
                new("gateway: resident memory after the runs", ProcessUsage.RssMiB(bed.Paths.First(path => path.Name == ProxyPath.Gateway).Pid!.Value), "MiB"),
                .. latency.Figures("added latency, small JSON request"),
                .. streams.Figures("added time to first token"),
            ],
            [
                throughput.Detail(),
                latency.Detail($"latency at {RequestsPerSecond:#,0} requests/s (open loop)"),
                streams.Detail($"time to first token without the engine's own, {Streams} streams"),
            ],
            [.. throughput.Problems(), .. latency.Problems("requests"), .. streams.Problems("streams")]);
    }

    /// <summary>Seconds of one run, and how often each path has its turn.</summary>
    internal sealed record Length(int WarmUpSeconds, int ThroughputRounds, int ThroughputSeconds, int LatencyRounds, int LatencySeconds, int StreamRounds, int StreamSeconds)
    {
        public static Length Quick { get; } = new(3, 1, 2, 2, 2, 1, 3);

        public static Length Full { get; } = new(5, 3, 4, 6, 3, 4, 4);
    }
}
