using LlmOps.Kubernetes;

namespace LlmOps.Operator.Gathering.Capacity;

/// <summary>What pods request, as the scheduler and a ResourceQuota count it. Pure.</summary>
/// <remarks>https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers</remarks>
internal static class Demand
{
    /// <summary>Slots of a node: one a pod.</summary>
    public const string PodSlots = "pods";

    /// <summary>Restart policy that makes an init container a sidecar.</summary>
    private const string Always = "Always";

    /// <summary>By resource name, with one of <see cref="PodSlots"/>.</summary>
    public static IReadOnlyDictionary<string, decimal> Of(PodSpec pod) =>
        Sum(pod.Containers.Select(container => container.Resources), (pod.InitContainers ?? []).Select(container => (container.Resources, container.RestartPolicy == Always)), pod.Overhead);

    /// <inheritdoc cref="Of(PodSpec)"/>
    public static IReadOnlyDictionary<string, decimal> Of(BoundPod pod) => Sum(
        (pod.Spec?.Containers ?? []).Select(container => container.Resources),
        (pod.Spec?.InitContainers ?? []).Select(container => (container.Resources, container.RestartPolicy == Always)),
        pod.Spec?.Overhead);

    /// <summary>By the keys of a ResourceQuota.</summary>
    public static IReadOnlyDictionary<string, decimal> InQuota(PodSpec pod)
    {
        var demand = new Dictionary<string, decimal>(StringComparer.Ordinal) { ["pods"] = 1, ["count/pods"] = 1 };
        foreach (var (name, amount) in Of(pod).Where(request => request.Key != PodSlots))
        {
            demand[$"requests.{name}"] = amount;
            if (name is "cpu" or "memory")
                demand[name] = amount;
        }

        foreach (var (name, text) in pod.Containers.SelectMany(container => container.Resources?.Limits ?? new Dictionary<string, string>()).Where(limit => limit.Key is "cpu" or "memory"))
            demand[$"limits.{name}"] = demand.GetValueOrDefault($"limits.{name}") + Amount(text);
        return demand;
    }

    public static decimal Amount(string? text) => text is not null && Quantity.TryParse(text, out var value) ? value : 0;

    private static Dictionary<string, decimal> Sum(
        IEnumerable<ResourceRequirements?> containers, IEnumerable<(ResourceRequirements? Resources, bool IsSidecar)> initContainers, IReadOnlyDictionary<string, string>? overhead)
    {
        var running = new Dictionary<string, decimal>(StringComparer.Ordinal) { [PodSlots] = 1 };
        foreach (var (name, amount) in containers.SelectMany(Requests))
            running[name] = running.GetValueOrDefault(name) + amount;

        // An init container runs beside the sidecars that were started before it.
        var sidecars = new Dictionary<string, decimal>(StringComparer.Ordinal);
        var starting = new Dictionary<string, decimal>(StringComparer.Ordinal);
        foreach (var (resources, isSidecar) in initContainers)
        {
            foreach (var (name, amount) in Requests(resources))
            {
                starting[name] = Math.Max(starting.GetValueOrDefault(name), sidecars.GetValueOrDefault(name) + amount);
                if (isSidecar)
                    sidecars[name] = sidecars.GetValueOrDefault(name) + amount;
            }
        }

        foreach (var (name, amount) in sidecars)
            running[name] = running.GetValueOrDefault(name) + amount;
        foreach (var (name, amount) in starting)
            running[name] = Math.Max(running.GetValueOrDefault(name), amount);
        foreach (var (name, text) in overhead ?? new Dictionary<string, string>())
            running[name] = running.GetValueOrDefault(name) + Amount(text);
        return running;
    }

    /// <summary>A limit without a request is a request.</summary>
    private static IEnumerable<KeyValuePair<string, decimal>> Requests(ResourceRequirements? resources)
    {
        foreach (var (name, text) in resources?.Requests ?? new Dictionary<string, string>())
            yield return new(name, Amount(text));
        foreach (var (name, text) in resources?.Limits ?? new Dictionary<string, string>())
        {
            if (resources?.Requests?.ContainsKey(name) != true)
                yield return new(name, Amount(text));
        }
    }
}
