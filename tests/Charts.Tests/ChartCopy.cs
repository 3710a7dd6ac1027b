using LlmOps.Demo.Cluster;

namespace LlmOps.Charts.Tests;

/// <summary>The chart in another folder, for tests that change it.</summary>
internal static class ChartCopy
{
    /// <summary>Copies it; returns the folder.</summary>
    public static string Make()
    {
        var target = Directory.CreateTempSubdirectory("chart").FullName;
        foreach (var file in Directory.EnumerateFiles(Helm.Chart, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(target, Path.GetRelativePath(Helm.Chart, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        return target;
    }

    /// <summary>A copy with one more dashboard, and one CRD only, since reading all of them takes most of a rendering's time.</summary>
    public static async Task<string> WithDashboardAsync()
    {
        var chart = Make();
        var dashboards = Directory.CreateDirectory(Path.Combine(chart, "files", "dashboards")).FullName;
        await File.WriteAllTextAsync(Path.Combine(dashboards, "fleet.json"), """
            {
              "title": "Fleet",
              "panels": [{"legendFormat": "{{namespace}}"}]
            }

            """);
        foreach (var crd in Directory.EnumerateFiles(Path.Combine(chart, "files", "crds")).Where(file => !file.EndsWith("_rolloutactions.yaml", StringComparison.Ordinal)))
            File.Delete(crd);
        return chart;
    }
}
