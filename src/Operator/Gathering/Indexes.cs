using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Resources;

namespace LlmOps.Operator.Gathering;

/// <summary>Names and values of the indexes of the caches. A value is <c>namespace/name</c>, but for routes.</summary>
internal static class Indexes
{
    /// <summary>Owned objects and pods by the LlmDeployment in their label, RolloutActions by the one that they name; LlmDeployments by what that label says of them.</summary>
    public const string Deployment = "deployment";

    /// <summary>LlmDeployments by the PromptVersions that they want or that serve; EvalGates by those that their judges go by.</summary>
    public const string Prompt = "prompt";

    /// <summary>LlmDeployments by the EvalGates in their steps; EvalRuns by their EvalGate.</summary>
    public const string Gate = "gate";

    /// <summary>EvalGates by the LlmDeployments that judge for them.</summary>
    public const string Judge = "judge";

    /// <summary>LlmDeployments by the route that they name: its kind, with its namespace and name, and without.</summary>
    public const string Route = "route";

    /// <summary>Pods of evaluator Jobs by the EvalRun in their label.</summary>
    public const string EvalRun = "evalrun";

    /// <summary>Pods by the name of the node that they are on.</summary>
    public const string Node = "node";

    /// <summary>ResourceQuotas by their namespace.</summary>
    public const string Namespace = "namespace";

    /// <summary>LlmDeployments whose candidate waits for room, all under the value of the same name.</summary>
    public const string WaitsForRoom = "waits-for-room";

    public static string Value(string? ns, string name) => $"{ns}/{name}";

    /// <summary>Value of <see cref="Deployment"/> for an LlmDeployment.</summary>
    public static string OfDeployment(ObjectKey key) => Value(key.Namespace, ObjectNames.LabelValue(key.Name));

    /// <summary>The LlmDeployment that a RolloutAction names.</summary>
    public static ObjectKey DeploymentOf(RolloutAction action) => new(action.Metadata.Namespace!, action.Spec.Deployment);

    /// <summary>The value of a label as an index value; none where the object has no such label.</summary>
    public static IEnumerable<string> ByLabel(ObjectMeta metadata, string label)
    {
        if (metadata.Labels is { } labels && labels.TryGetValue(label, out var value))
            yield return Value(metadata.Namespace, value);
    }

    /// <summary>The node that holds room for a pod; none before it has one and after it ended.</summary>
    public static IEnumerable<string> NodeOf(Pod pod)
    {
        if (pod is { Spec.NodeName: { Length: > 0 } node, Status: null or { Phase: not ("Succeeded" or "Failed") } })
            yield return node;
    }

    /// <inheritdoc cref="NodeOf(Pod)"/>
    public static IEnumerable<string> NodeOf(BoundPod pod)
    {
        if (pod.Spec?.NodeName is { Length: > 0 } node)
            yield return node;
    }

    /// <summary>PromptVersions that an LlmDeployment wants or that its releases use.</summary>
    public static IEnumerable<string> PromptsOf(LlmDeployment deployment) =>
        new[] { deployment.Spec.Prompt?.Name, deployment.Status?.Stable?.Prompt, deployment.Status?.Candidate?.Prompt }
            .OfType<string>().Distinct(StringComparer.Ordinal).Select(name => Value(deployment.Metadata.Namespace, name));

    /// <summary>Whether the candidate of an LlmDeployment waits for room.</summary>
    public static IEnumerable<string> WaitingForRoom(LlmDeployment deployment) =>
        deployment.Status is { Candidate: not null, Rollout.Capacity.Fits: false } ? [WaitsForRoom] : [];

    /// <summary>EvalGates in the steps of an LlmDeployment.</summary>
    public static IEnumerable<string> GatesOf(LlmDeployment deployment) =>
        (deployment.Spec.Rollout?.Steps ?? []).SelectMany(step => step.AllGates()).Distinct(StringComparer.Ordinal).Select(name => Value(deployment.Metadata.Namespace, name));

    /// <summary>LlmDeployments that judge for an EvalGate.</summary>
    public static IEnumerable<string> JudgesOf(EvalGate gate) =>
        gate.Spec.Scorers.Select(scorer => scorer.Judge?.Model).OfType<string>().Distinct(StringComparer.Ordinal).Select(name => Value(gate.Metadata.Namespace, name));

    /// <summary>PromptVersions that the judges of an EvalGate go by.</summary>
    public static IEnumerable<string> PromptsOf(EvalGate gate) =>
        gate.Spec.Scorers.Select(scorer => scorer.Judge?.Prompt).OfType<string>().Distinct(StringComparer.Ordinal).Select(name => Value(gate.Metadata.Namespace, name));

    /// <summary>Value of <see cref="Route"/> for a route.</summary>
    public static string OfRoute(string kind, ObjectKey key) => $"{kind} {Value(key.Namespace, key.Name)}";

    /// <summary>Values of <see cref="Route"/> for an LlmDeployment: the route that it names, and the kind of it.</summary>
    public static IEnumerable<string> RouteOf(LlmDeployment deployment) =>
        RouteReference.Of(deployment.Spec.Traffic) is { } route ? [OfRoute(route.Kind, new(deployment.Metadata.Namespace!, route.Name)), route.Kind] : [];
}
