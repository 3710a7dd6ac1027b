using LlmOps.Bench.Loading;
using LlmOps.Bench.Reporting;

namespace LlmOps.Bench.Gateway;

/// <summary>The same load over all paths, round by round. What a proxy adds is the median over the rounds of its quantile less the direct call's of that round.</summary>
internal sealed class LatencyRuns
{
    private readonly List<(string Path, int Round, LatencySample Sample)> runs = [];

    private LatencyRuns()
    {
    }

    public static async Task<LatencyRuns> RunAsync(IReadOnlyList<ProxyPath> paths, int rounds, string load, BenchContext context, Func<ProxyPath, Task<LatencySample>> run)
    {
        var all = new LatencyRuns();
        for (var round = 0; round < rounds; round++)
        {
            context.Say($"gateway: {load}, round {round + 1} of {rounds}");
            foreach (var path in paths.Rotated(round))
                all.runs.Add((path.Name, round, await run(path)));
        }

        return all;
    }

    public IEnumerable<Figure> Figures(string what) =>
    [
        new($"gateway: {what}, p50", Added(ProxyPath.Gateway, 0.5), "ms") { AtMost = 0.25 },
        new($"gateway: {what}, p99", Added(ProxyPath.Gateway, 0.99), "ms") { AtMost = 2 },
        new($"nginx: {what}, p50", Added(ProxyPath.Nginx, 0.5), "ms"),
        new($"nginx: {what}, p99", Added(ProxyPath.Nginx, 0.99), "ms"),
    ];

    public Detail Detail(string title) => new(
        title,
        ["path", "requests", "p50 ms", "p90 ms", "p99 ms", "added p50 by round"],
        [
            .. from run in runs
               group run by run.Path into same
               select (IReadOnlyList<string>)
               [
                   same.Key, Report.Number(same.Sum(run => run.Sample.Milliseconds.Count)),
                   .. from q in (double[])[0.5, 0.9, 0.99] select Report.Number(Quantiles.Median(same.Select(run => Quantiles.Of(run.Sample.Milliseconds, q)))),
                   same.Key == ProxyPath.Direct ? "" : string.Join("  ", AddedByRound(same.Key, 0.5).Select(Report.Number)),
               ],
        ]);

    public IEnumerable<string> Problems(string what) =>
        from run in runs where run.Sample.Failures > 0 select $"{run.Path}: {run.Sample.Failures} {what} failed";

    private double Added(string path, double q) => Quantiles.Median(AddedByRound(path, q));

    private IEnumerable<double> AddedByRound(string path, double q) =>
        from run in runs
        where run.Path == path
        join direct in runs on run.Round equals direct.Round
        where direct.Path == ProxyPath.Direct
        select Quantiles.Of(run.Sample.Milliseconds, q) - Quantiles.Of(direct.Sample.Milliseconds, q);
}
