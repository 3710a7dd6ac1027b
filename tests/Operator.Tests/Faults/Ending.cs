using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;

namespace LlmOps.Operator.Tests.Faults;

/// <summary>What is in a cluster when all is over, without what is random or a time.</summary>
internal static class Ending
{
    /// <summary>Kinds of objects that the operator makes.</summary>
    public static IReadOnlyList<string> Kinds { get; } =
    [
        "deployments.apps", "services", "controllerrevisions.apps", "poddisruptionbudgets.policy", "horizontalpodautoscalers.autoscaling", "rolloutrecords.llmops.dev",
        "evalruns.llmops.dev", "jobs.batch", "pods", "serviceaccounts", "roles.rbac.authorization.k8s.io", "rolebindings.rbac.authorization.k8s.io",
    ];

    public static string Of(TestWorld world)
    {
        var lines = new List<string>();
        if (world.Find<LlmDeployment>("llmdeployments.llmops.dev", "bot")?.Status is { } status)
        {
            lines.AddRange(
            [
                $"phase {status.Phase}, stable {status.Stable!.Release} {status.Stable.Weight}% {status.Stable.Revision} {status.Stable.Prompt}, candidate {status.Candidate?.Release}, replicas {status.Replicas}/{status.ReadyReplicas}",
                $"history {Join(status.History!.Select(record => $"{record.Release} {record.Outcome} {record.Reason} {record.MaxWeight}%"))}",
                $"history names all records: {status.History!.All(entry => world.Find<RolloutRecord>("rolloutrecords.llmops.dev", entry.Record ?? "none")?.Spec.Rollout == entry.Id)}, none is pending: {status.PreviousRollout is null}",
                $"locked {Join((status.FailedReleases ?? []).Select(failed => $"{failed.Release} {failed.Reason}"))}",
                $"conditions {Join(status.Conditions!.Select(condition => $"{condition.Type} {condition.Status} {condition.Reason}"))}",
            ]);
        }

        lines.AddRange(
        [
            $"records {Sorted(world.All<RolloutRecord>("rolloutrecords.llmops.dev").Select(Describe))}",
            $"deployments {Sorted(world.All<Deployment>("deployments.apps").Select(deployment => $"{deployment.Metadata.Name} {deployment.Spec!.Replicas}"))}",
            $"services {Sorted(world.All<Service>("services").Select(service => $"{service.Metadata.Name} {service.Spec!.Selector![Labels.Serving]}"))}",
            $"route {Join(world.Weights())}, lost {Join(world.Router.Failures)}",
            $"snapshots {Sorted(world.All<ControllerRevision>("controllerrevisions.apps").Select(revision => revision.Metadata.Name!))}",
            $"runs {Sorted(world.All<EvalRun>("evalruns.llmops.dev").Select(run => $"{run.Spec.Candidate.Release} {run.Status?.Verdict}"))}",
            $"pods {Sorted(world.EnginePods.Select(pod => $"{pod.Metadata.Labels![Labels.Serving]} {pod.Metadata.Labels!.GetValueOrDefault(Labels.Track)}"))}",
            $"prompts {Sorted(world.All<PromptVersion>("promptversions.llmops.dev").Select(prompt => $"{prompt.Metadata.Name} {prompt.Status?.Stage} finalizers {prompt.Metadata.Finalizers?.Count ?? 0}"))}",
            $"jobs {world.All<Job>("jobs.batch").Count}",
        ]);
        return string.Join('\n', lines);
    }

    private static string Describe(RolloutRecord record)
    {
        var spec = record.Spec;
        return $"{spec.Candidate.Release} {spec.Candidate.Revision} against {spec.Stable?.Release} {spec.Stable?.Revision}: {spec.Outcome} {spec.Reason} {spec.MaxWeight}%, " +
            $"steps {string.Join(" ", spec.Steps!.Select(step => $"{step.Name} {step.StartedAt is not null}"))}, runs {spec.Evaluations?.Count}, counted {spec.CandidateRequests > 0}, detected {spec.TimeToDetect is not null}";
    }

    private static string Join(IEnumerable<string> parts) => string.Join(", ", parts);

    private static string Sorted(IEnumerable<string> parts) => Join(parts.Order(StringComparer.Ordinal));
}
