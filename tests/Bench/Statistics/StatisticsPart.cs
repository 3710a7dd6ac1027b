using System.Globalization;
using LlmOps.Bench.Reporting;
using MathNet.Numerics.Distributions;

namespace LlmOps.Bench.Statistics;

/// <summary>What the live tests do over many rollouts: simulated traffic, the product's own tests, and other methods on the same traffic. Seeded, so every run gives the same numbers.</summary>
internal static class StatisticsPart
{
    /// <summary>How far a measured median or p90 may be from the published one.</summary>
    private const double PublishedWithin = 0.1;

    public static Task<PartResult> RunAsync(BenchContext context, CancellationToken ct) => Task.Run(() => Run(context, ct), ct);

    private static PartResult Run(BenchContext context, CancellationToken ct)
    {
        var rollouts = context.Quick ? 500 : 10_000;
        var detections = context.Quick ? 500 : 2_000;
        var figures = new List<Figure>();
        var falseReverts = FalseReverts(context, rollouts, figures, ct);
        var tables = Detections(context, detections, figures, ct);
        return new("statistics", figures, [falseReverts, .. tables], []);
    }

    private static Detail FalseReverts(BenchContext context, int rollouts, List<Figure> figures, CancellationToken ct)
    {
        var configured = NullRollouts.Strict.FalseRevertProbability;
        var rows = new List<IReadOnlyList<string>>();
        foreach (var scenario in Scenario.All.Append(Scenario.EveryFailureOfAUser))
        {
            var counts = NullRollouts.Run(scenario, rollouts, ct);
            var (lower, upper) = Interval(counts.Product, rollouts);
            var isCounted = scenario != Scenario.EveryFailureOfAUser;
            context.Say($"statistics: {scenario.Name}: {counts.Product} of {rollouts:#,0} reverted");
            rows.Add([scenario.Name, Percent(counts.Product, rollouts), $"{100 * lower:0.00}–{100 * upper:0.00} %", !isCounted ? "" : lower <= configured ? "pass" : "FAIL", Percent(counts.Held, rollouts), Percent(counts.ZTest, rollouts), Percent(counts.FailureLimit, rollouts), Percent(counts.MannWhitney, rollouts)]);
            if (isCounted)
            {
                figures.Add(new($"false reverts, {scenario.Name}: lower end of the 95 % interval", 100 * lower, "%")
                {
                    AtMost = 100 * configured,
                    Note = $"{counts.Product} of {rollouts} rollouts (5 → 25 → 50 %, {NullRollouts.SecondsPerStep} s each, {NullRollouts.RequestsPerSecond} requests/s), looked at every second, tolerances 1",
                });
            }
        }

        return new(
            $"false reverts of a candidate like stable, {rollouts:#,0} rollouts each, configured {100 * configured:0.##} %",
            ["traffic", "product", "95 % interval", "", "held by the share check", "z-test, repeated", "Argo failureLimit", "Kayenta Mann–Whitney"],
            rows);
    }

    private static IEnumerable<Detail> Detections(BenchContext context, int rollouts, List<Figure> figures, CancellationToken ct)
    {
        var rows = new List<IReadOnlyList<string>>();
        var others = new List<IReadOnlyList<string>>();
        foreach (var worse in WorseCandidate.All)
        {
            var single = Detection.SingleTest(worse, rollouts, ct);
            var product = Detection.Product(worse, rollouts, ct);
            context.Say($"statistics: {worse.Name} at {worse.WeightPercent} %: found after {single.Median:0} (test alone) and {product.Median:0} candidate requests in the median");
            rows.Add([worse.Name, $"{worse.WeightPercent} %", Text(worse.Median, worse.P90), Text(single.Median, single.P90), Agreement(worse, single), Text(product.Median, product.P90)]);
            if (worse is { WeightPercent: 5, ErrorRate: 0.05 })
                figures.Add(new("errors 1 % → 5 % at 5 % weight: candidate requests until reverted, p50", product.Median) { AtMost = 150, Note = $"{rollouts} simulated rollouts, the product's shares" });
            if (!worse.IsSlow)
            {
                var (zTest, failureLimit, mannWhitney) = Detection.Others(worse, Math.Min(rollouts, 1_000), ct);
                others.Add([worse.Name, $"{worse.WeightPercent} %", Text(product.Median, product.P90), Text(zTest), Text(failureLimit), Text(mannWhitney)]);
            }
        }

        figures.Add(new("published medians and p90s that are not met within 10 %", WorseCandidate.All.Count == 0 ? 0 : rows.Count(row => row[4] == "differs")) { AtMost = 0, Note = "research/statistics.md §4.2; the test alone at α = 1 %" });
        yield return new(
            $"candidate requests until found, median (p90), {rollouts:#,0} rollouts each",
            ["worse candidate", "weight", "published, α = 1 %", "test alone, α = 1 %", "within 10 %", "product: its share and tolerance"],
            rows);
        yield return new(
            "the same with other methods, median (p90), share found within 20 minutes at 100 requests/s",
            ["worse candidate", "weight", "product", "z-test, repeated", "Argo failureLimit", "Kayenta Mann–Whitney"],
            others);
    }

    private static string Agreement(WorseCandidate worse, Found found) =>
        worse.Median is not { } median || worse.P90 is not { } p90 ? "" : IsClose(found.Median, median) && IsClose(found.P90, p90) ? "yes" : "differs";

    /// <summary>Of a handful of requests one is more than a tenth.</summary>
    private static bool IsClose(double measured, double published) => Math.Abs(measured - published) <= Math.Max(1, PublishedWithin * published);

    /// <summary>Clopper and Pearson's 95 % interval.</summary>
    private static (double Lower, double Upper) Interval(int events, int trials) => (
        events == 0 ? 0 : Beta.InvCDF(events, trials - events + 1, 0.025),
        events == trials ? 1 : Beta.InvCDF(events + 1, trials - events, 0.975));

    private static string Percent(int events, int trials) => string.Create(CultureInfo.InvariantCulture, $"{100.0 * events / trials:0.00} %");

    private static string Text(double? median, double? p90) => median is { } m && p90 is { } p ? string.Create(CultureInfo.InvariantCulture, $"{m:#,0} ({p:#,0})") : "";

    private static string Text(Found found) => found.Share == 0 ? "never" : string.Create(CultureInfo.InvariantCulture, $"{Number(found.Median)} ({Number(found.P90)}), {100 * found.Share:0} %");

    private static string Number(double requests) => double.IsFinite(requests) ? requests.ToString("#,0", CultureInfo.InvariantCulture) : "never";
}
