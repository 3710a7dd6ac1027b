using System.Diagnostics;
using System.Text.RegularExpressions;

namespace LlmOps.LocalCluster;

/// <summary>Prometheus' own linter.</summary>
public static partial class Promtool
{
    /// <summary>What it says of a page of metrics; empty where it has nothing to say.</summary>
    public static async Task<string> CheckMetricsAsync(string page)
    {
        using var promtool = Process.Start(new ProcessStartInfo(PrometheusServer.Promtool!, ["check", "metrics"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = Task.WhenAll(promtool.StandardOutput.ReadToEndAsync(), promtool.StandardError.ReadToEndAsync());
        await promtool.StandardInput.WriteAsync(page);
        promtool.StandardInput.Close();
        var text = string.Concat(await said);
        await promtool.WaitForExitAsync();
        return promtool.ExitCode == 0 ? string.Empty : $"exit code {promtool.ExitCode}: {text}";
    }

    /// <summary>Metrics of which a page has a sample, with the suffixes of histograms taken off.</summary>
    public static IReadOnlySet<string> Shown(string page) => Sample().Matches(page).Select(sample => sample.Groups["name"].Value).ToHashSet(StringComparer.Ordinal);

    [GeneratedRegex(@"^(?<name>[a-z_]+?)(_bucket|_sum|_count)?[{ ]", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Sample();
}
