using System.Collections.Concurrent;
using System.Text.Json;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.Operator.Tests.World;

/// <summary>Looks at the cluster after every single write of the operator, and remembers what must never be.</summary>
internal sealed class InvariantWatch
{
    private readonly ConcurrentQueue<string> violations = new();
    private readonly InProcessApiServer server;
    private readonly FakeRouter router;

    public InvariantWatch(InProcessApiServer server, FakeRouter router)
    {
        (this.server, this.router) = (server, router);
        server.OnWrite += Look;
    }

    /// <summary>Fails the test with what was seen.</summary>
    public void Check()
    {
        Assert.True(violations.IsEmpty, string.Join("\n", violations));
        Assert.True(server.Access.Refused.Count == 0, $"config/rbac does not let the operator do what it wants:\n{string.Join("\n", server.Access.Refused)}");
    }

    private void Look(WriteRecord write)
    {
        if (!TestWorld.IsOperator(write.Request))
            return;
        foreach (var deployment in server.FindAll("llmdeployments.llmops.dev", Samples.Namespace).Select(node => node.Deserialize(LlmDeployment.JsonType)!))
        {
            var found = Violations(deployment).ToList();
            // Somebody who deletes it right now takes all that it owns along.
            if (found.Count > 0 && (string?)server.Find("llmdeployments.llmops.dev", deployment.Metadata.Namespace!, deployment.Metadata.Name!)?["metadata"]?["uid"] != deployment.Metadata.Uid)
                continue;
            foreach (var violation in found)
                violations.Enqueue($"after {write}: {deployment.Metadata.Name}: {violation}");
        }
    }

    private IEnumerable<string> Violations(LlmDeployment deployment)
    {
        if (deployment.Status is not { } status)
            yield break;
        if (status.Stable is { } stable && stable.Weight + (status.Candidate?.Weight ?? 0) != 100)
            yield return $"weights are {stable.Weight} and {status.Candidate?.Weight}";
        // Also right after its revert: status is written before the pods.
        var isDown = status is { Rollout.Capacity: { Plan: CapacityPlans.Recreate, Fits: true } };
        if (isDown && deployment.Spec.Rollout?.Capacity?.AllowDowntime != true)
            yield return "stable made way, and nobody allowed an outage";
        if (!isDown && status.Stable is { } serving && ReplicasOf(serving.Service) is null or 0 && (deployment.Spec.Replicas ?? 1) > 0)
            yield return $"stable {serving.Release} serves and has no pods";
        if (status.Candidate is { Weight: > 0 } candidate)
        {
            if (ReplicasOf(candidate.Service) is null or 0)
                yield return $"candidate has {candidate.Weight}% and no pods";
            var gates = (deployment.Spec.Rollout?.Steps ?? []).TakeWhile(step => step.Weight is null).Sum(step => step.AllGates().Count());
            var passed = server.FindAll("evalruns.llmops.dev").Select(node => node.Deserialize(EvalRun.JsonType)!)
                .Count(run => run.Spec.Candidate.Release == candidate.Release && run.Status?.Verdict == Verdicts.Pass);
            if (passed < gates)
                yield return $"candidate has {candidate.Weight}% with {passed} of {gates} gates passed";
        }

        if (!isDown && RouteReference.Of(deployment.Spec.Traffic) is not null)
        {
            foreach (var overload in Overloads(deployment))
                yield return overload;
        }

        if (status.ObservedGeneration == deployment.Metadata.Generation && status.Rollout is null)
            yield return "a generation is observed and no rollout was recorded with it";
    }

    /// <summary>
    /// Releases that the route, as it is in effect, sends more than their pods carry: none, or with all replicas but one each pod's part of that. The pods that were asked for
    /// count, since a pod that is lost is not the operator's doing.
    /// </summary>
    private IEnumerable<string> Overloads(LlmDeployment deployment)
    {
        var replicas = Math.Max(1, deployment.Spec.Replicas ?? 1);
        var loads = router.InEffect.Where(share => share.Value > 0).SelectMany(share => LedTo(share.Key).Select(serving => (serving.Hash, Percent: share.Value * serving.Part))).GroupBy(load => load.Hash, load => load.Percent);
        foreach (var load in loads)
        {
            var (percent, pods) = (load.Sum(), ReplicasOf($"{deployment.Metadata.Name}-{load.Key}") ?? 0);
            var carried = 100.0 * pods / Math.Max(1, replicas - 1);
            if (pods == 0 || percent > carried + 5)
                yield return $"the route sends {percent:0}% to {load.Key}, which has {pods} of {replicas} replicas";
        }
    }

    /// <summary>Serving hashes behind the endpoints of a Service, with the part of its requests that each gets.</summary>
    private List<(string Hash, double Part)> LedTo(string service)
    {
        var ready = server.FindAll("endpointslices.discovery.k8s.io", Samples.Namespace).Select(node => node.Deserialize(EndpointSlice.JsonType)!)
            .Where(slice => slice.Metadata.Labels?.GetValueOrDefault(EndpointSlice.ServiceNameLabel) == service)
            .SelectMany(slice => slice.Endpoints)
            .Where(endpoint => endpoint.Conditions?.Ready == true)
            .Select(endpoint => (string?)server.Find("pods", Samples.Namespace, endpoint.TargetRef!.Name!)?["metadata"]!["labels"]![Labels.Serving])
            .OfType<string>().ToList();
        return [.. ready.GroupBy(hash => hash).Select(hash => (hash.Key, (double)hash.Count() / ready.Count))];
    }

    private int? ReplicasOf(string name) => server.Find("deployments.apps", Samples.Namespace, name)?.Deserialize(Deployment.JsonType)?.Spec?.Replicas;
}
