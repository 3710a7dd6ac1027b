using LlmOps.Gateway;
using LlmOps.Kubernetes;
using LlmOps.Manifests.Rbac;
using LlmOps.Operator;

namespace LlmOps.Manifests.Charts;

/// <summary>What the Helm chart has in common with <c>crds/</c> and <c>config/</c>: copies, since a chart reads no file outside of its folder.</summary>
internal static class ChartFiles
{
    /// <summary>Rules of operator and gateway, and the roles for people.</summary>
    /// <param name="config">The folder of the kustomizations.</param>
    public static IReadOnlyList<GeneratedFile> Rbac(string config) =>
    [
        .. RoleManifests.Parts("operator", OperatorPermissions.All).Concat(RoleManifests.Parts("gateway", GatewayPermissions.All))
            .Select(part => new GeneratedFile($"{part.Name}.yaml", GeneratedFiles.Header + YamlText.Write(part.Rules))),
        Copy(config, "rbac", "users.yaml"),
    ];

    /// <summary>Admission policies.</summary>
    /// <param name="config">The folder of the kustomizations.</param>
    public static IReadOnlyList<GeneratedFile> Policies(string config) => [Copy(config, "policy", "requested-by.yaml")];

    /// <summary>The other way round: the chart's alerts as an object for kustomize.</summary>
    /// <param name="chart">The folder of the chart.</param>
    public static IReadOnlyList<GeneratedFile> Prometheus(string chart) =>
    [
        new("rules.yaml", GeneratedFiles.Header + string.Concat(
            Directory.EnumerateFiles(Path.Combine(chart, "files", "alerts"), "*.yaml").Order(StringComparer.Ordinal).Select(PrometheusRule))),
    ];

    private static GeneratedFile Copy(string config, params string[] path) =>
        new(path[^1], $"{GeneratedFiles.Header}---\n{File.ReadAllText(Path.Combine([config, .. path]))}");

    private static string PrometheusRule(string file)
    {
        var spec = File.ReadAllLines(file).Select(line => line.Length == 0 ? line : $"  {line}");
        return $"""
            ---
            apiVersion: monitoring.coreos.com/v1
            kind: PrometheusRule
            metadata:
              name: llmops-{Path.GetFileNameWithoutExtension(file)}
            spec:
            {string.Join('\n', spec)}

            """;
    }
}
