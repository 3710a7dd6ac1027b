using System.Text.Json;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;

namespace LlmOps.Operator.Controllers;

/// <summary>
/// Finds the report of an evaluation. It is in a ConfigMap, which others may write too; so a pod of the Job tells its digest as its container ends, in a status that only kubelets write. Pure.
/// </summary>
internal static class EvaluatorReport
{
    /// <param name="map">The report's ConfigMap; null where there is none.</param>
    /// <param name="job">The run's Job.</param>
    /// <param name="pods">Pods with the run's label; those that are not the Job's say nothing.</param>
    /// <returns>Null until there is one, whole, that a pod of the Job wrote.</returns>
    public static EvaluationReport? Find(ConfigMap? map, Job job, IReadOnlyCollection<Pod> pods)
    {
        if (Text(map) is not { } json || !IsOf(job, pods, json))
            return null;
        try
        {
            return JsonSerializer.Deserialize(json, ApiJson.Default.EvaluationReport);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>What to tell of a Job that ended, and of which <see cref="Find"/> finds none.</summary>
    /// <param name="end">Condition that says how it ended.</param>
    public static string WhyNone(ConfigMap? map, Job job, JobCondition end, IReadOnlyCollection<Pod> pods)
    {
        var name = job.Metadata.Name;
        var last = Ends(job, pods).MaxBy(terminated => terminated.FinishedAt);
        if (Text(map) is { } json && end.Type == "Complete")
        {
            var report = $"the report in ConfigMap {map!.Metadata.Name}";
            if (last is null)
                return $"nobody can tell whether {report} is that of the evaluator Job {name}: its pods, which say so, are gone";
            return IsOf(job, pods, json)
                ? $"{report} cannot be read: the evaluator's image is not of this operator's version"
                : $"{report} is not the one that the evaluator Job {name} wrote: somebody else wrote or changed it. See who may write ConfigMaps in this namespace";
        }

        var cause = end.Type == "Complete" ? "it ended without one" : $"{end.Reason}: {end.Message}";
        var death = last is null ? string.Empty : $"; its container ended with code {last.ExitCode}{(last.Message is { Length: > 0 } message ? $": {message.Trim()}" : string.Empty)}";
        return $"the evaluator Job {name} wrote no report: {cause}{death}. See kubectl logs job/{name}";
    }

    private static string? Text(ConfigMap? map) => map?.Data?.GetValueOrDefault(EvaluationContract.ReportKey);

    private static bool IsOf(Job job, IEnumerable<Pod> pods, string json)
    {
        var digest = EvaluationContract.DigestOf(json);
        return Ends(job, pods).Any(end => end.Message?.Trim() == digest);
    }

    private static IEnumerable<ContainerStateTerminated> Ends(Job job, IEnumerable<Pod> pods) => pods
        .Where(pod => Ownership.IsOwnedBy(pod, job))
        .SelectMany(pod => pod.Status?.ContainerStatuses ?? [])
        .SelectMany(container => new[] { container.State?.Terminated, container.LastState?.Terminated })
        .OfType<ContainerStateTerminated>();
}
