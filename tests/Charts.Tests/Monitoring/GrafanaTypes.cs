using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using LlmOps.Demo.Cluster;
using LlmOps.LocalCluster;

namespace LlmOps.Charts.Tests.Monitoring;

/// <summary>
/// Grafana's own types of dashboards, from npm, as the strict schema of a JSON file: TypeScript's compiler refuses what they do not allow, and, since each part is a literal,
/// every field that they do not have.
/// </summary>
internal static class GrafanaTypes
{
    private static readonly string[] Packages = ["@grafana/schema@11.6.0", "@grafana/grafana-foundation-sdk@0.0.21", "typescript@5.6.3"];
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    private const string Header = """
        import type { Dashboard } from '../node_modules/@grafana/schema/dist/esm/raw/dashboard/x/dashboard_types.gen';
        import type { Options as Stat } from '../node_modules/@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
        import type { Options as Timeseries, FieldConfig as Custom } from '../node_modules/@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';
        import type { Options as Table } from '../node_modules/@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
        import type { Dataquery } from '@grafana/grafana-foundation-sdk/prometheus';
        type Query = Omit<Dataquery, '_implementsDataqueryVariant' | '_dataqueryType'>;
        // JSON has the values of enumerations.
        type Plain<T> = T extends string ? `${T}` : T extends (infer U)[] ? Plain<U>[] : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;

        """;

    /// <summary>What is wrong with dashboards; empty where nothing is.</summary>
    /// <exception cref="InvalidOperationException">The types cannot be had.</exception>
    public static async Task<string> CheckAsync(IEnumerable<string> dashboards, CancellationToken ct)
    {
        var root = await InstallAsync(ct);
        var folder = Directory.CreateDirectory(Path.Combine(root, $"check-{Guid.NewGuid():N}")).FullName;
        try
        {
            var files = new List<string>();
            foreach (var dashboard in dashboards)
            {
                var file = Path.Combine(folder, Path.ChangeExtension(Path.GetFileName(dashboard), ".ts"));
                await File.WriteAllTextAsync(file, Program(JsonNode.Parse(await File.ReadAllTextAsync(dashboard, ct))!), ct);
                files.Add(file);
            }

            var compiler = Path.Combine(root, "node_modules", "typescript", "bin", "tsc");
            var run = await ToolProcess.RunAsync("node", null, Limit, [compiler, "--noEmit", "--strict", "--skipLibCheck", "--moduleResolution", "bundler", "--module", "esnext", .. files], ct);
            return run.ExitCode == 0 ? string.Empty : run.Output + run.Errors;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Program(JsonNode board)
    {
        var text = new StringBuilder(Header).Append(CultureInfo.InvariantCulture, $"export const board: Plain<Dashboard> = {board.ToJsonString()};\n");
        foreach (var (panel, index) in board["panels"]!.AsArray().Select((panel, index) => (panel!, index)))
        {
            if ((string)panel["type"]! is not ("stat" or "timeseries" or "table") and var type)
            {
                if (type != "row")
                    throw new InvalidOperationException($"there are no types here for a panel of type {type}");
                continue;
            }

            var name = string.Concat(char.ToUpperInvariant(((string)panel["type"]!)[0]), ((string)panel["type"]!)[1..]);
            text.Append(CultureInfo.InvariantCulture, $"export const options{index}: Partial<Plain<{name}>> = {panel["options"]!.ToJsonString()};\n");
            if (panel["fieldConfig"]!["defaults"]!["custom"] is { } custom)
                text.Append(CultureInfo.InvariantCulture, $"export const custom{index}: Plain<Custom> = {custom.ToJsonString()};\n");
            foreach (var target in panel["targets"]!.AsArray())
                text.Append(CultureInfo.InvariantCulture, $"export const query{index}{target!["refId"]}: Plain<Query> = {target.ToJsonString()};\n");
        }

        return text.ToString();
    }

    /// <summary>Into a folder of its own that is renamed when it is complete.</summary>
    private static async Task<string> InstallAsync(CancellationToken ct)
    {
        var root = Path.Combine(Workspace.Work, "grafana-types", "11.6.0");
        if (Directory.Exists(root))
            return root;
        var fresh = Directory.CreateDirectory($"{root}.{Environment.ProcessId}").FullName;
        await File.WriteAllTextAsync(Path.Combine(fresh, "package.json"), """{"private": true, "type": "module"}""", ct);
        var run = await ToolProcess.RunAsync("npm", null, Limit, ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", fresh, .. Packages], ct);
        if (run.ExitCode != 0)
            throw new InvalidOperationException($"npm could not download {string.Join(", ", Packages)}: {run.Errors}");
        try
        {
            Directory.Move(fresh, root);
        }
        catch (IOException) when (Directory.Exists(root))
        {
            Directory.Delete(fresh, recursive: true);
        }

        return root;
    }
}
