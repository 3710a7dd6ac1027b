using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Cli.Status;

/// <summary>An LlmDeployment with what belongs to it.</summary>
/// <param name="Deployment">The LlmDeployment.</param>
/// <param name="Pods">Its pods; null where the user may not list them.</param>
/// <param name="Runs">EvalRuns of its present rollout; null where the user may not list them.</param>
internal sealed record Picture(LlmDeployment Deployment, IReadOnlyList<Pod>? Pods, IReadOnlyList<EvalRun>? Runs)
{
    /// <summary>Selects its pods.</summary>
    public static string PodSelector(LlmDeployment deployment) => $"{Labels.Deployment}={deployment.Metadata.Name}";

    public static async Task<Picture> ReadAsync(KubernetesClient client, LlmDeployment deployment, CancellationToken ct)
    {
        var ns = deployment.Metadata.Namespace!;
        var pods = await AllowedAsync(client.ListAsync<Pod>(ns, new() { LabelSelector = PodSelector(deployment) }, ct));
        var runs = await AllowedAsync(client.ListAsync<EvalRun>(ns, ct: ct));
        return new(deployment, pods, runs is null ? null : RunsOf(deployment, runs));
    }

    /// <summary>Those of the present rollout, by name.</summary>
    public static IReadOnlyList<EvalRun> RunsOf(LlmDeployment deployment, IEnumerable<EvalRun> runs) =>
    [
        .. runs.Where(r => r.Spec.Deployment == deployment.Metadata.Name && r.Spec.Rollout is { } rollout && rollout == deployment.Status?.Rollout?.Id).OrderBy(r => r.Metadata.Name, StringComparer.Ordinal),
    ];

    private static async Task<IReadOnlyList<T>?> AllowedAsync<T>(Task<ResourceList<T>> list)
    {
        try
        {
            return (await list).Items;
        }
        catch (KubernetesException e) when (e.IsForbidden)
        {
            return null;
        }
    }
}
