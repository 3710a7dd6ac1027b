using LlmOps.Kubernetes;

namespace LlmOps.Operator.Gathering.Capacity;

/// <summary>What the ResourceQuotas of a namespace leave. Pure.</summary>
/// <remarks>https://kubernetes.io/docs/concepts/policy/resource-quotas/. Defaults of a LimitRange are left out.</remarks>
internal sealed record QuotaRoom(string Quota, string Resource, decimal Hard, decimal Free, decimal PerReplica, decimal PerGiven)
{
    /// <summary>How many replicas fit when some of stable are gone.</summary>
    public int Fits(int given, int most) => (int)Math.Clamp(Math.Floor((Free + (given * PerGiven)) / PerReplica), 0, most);

    /// <param name="quotas">ResourceQuotas of the namespace.</param>
    /// <param name="candidate">The pod that is to fit.</param>
    /// <param name="stable">A pod of stable; null where there is none.</param>
    /// <param name="leaving">Pods that exist, are counted, and are about to go or are the candidate's own.</param>
    /// <param name="claims">Claims in the namespace.</param>
    public static IReadOnlyList<QuotaRoom> Of(IEnumerable<ResourceQuota> quotas, PodSpec candidate, PodSpec? stable, IReadOnlyCollection<PodSpec> leaving, IReadOnlyCollection<Claim> claims)
    {
        var (wanted, given) = (Demand.InQuota(candidate), stable is null ? null : Demand.InQuota(stable));
        var changes = leaving.Select(pod => (Demand: Demand.InQuota(pod), Times: 1))
            .Concat(claims.Where(claim => claim.Uncreated > 0).Select(claim => (Demand: Demand.InQuota(claim.Pod), Times: -claim.Uncreated))).ToList();
        return
        [
            .. from quota in quotas
               where Applies(quota, candidate)
               from limit in quota.Status?.Hard ?? new Dictionary<string, string>()
               let perReplica = wanted.GetValueOrDefault(limit.Key)
               where perReplica > 0
               let hard = Demand.Amount(limit.Value)
               let used = Demand.Amount(quota.Status?.Used?.GetValueOrDefault(limit.Key))
               let changed = changes.Sum(change => change.Times * change.Demand.GetValueOrDefault(limit.Key))
               orderby quota.Metadata.Name, limit.Key
               select new QuotaRoom(quota.Metadata.Name!, limit.Key, hard, hard - used + changed, perReplica, given?.GetValueOrDefault(limit.Key) ?? 0),
        ];
    }

    /// <summary>An engine pod has requests and no deadline of its own.</summary>
    private static bool Applies(ResourceQuota quota, PodSpec pod) =>
        (quota.Spec?.Scopes ?? []).All(scope => scope is "NotTerminating" or "NotBestEffort") &&
        (quota.Spec?.ScopeSelector?.MatchExpressions ?? []).All(expression => (expression.ScopeName, expression.Operator) switch
        {
            ("NotTerminating" or "NotBestEffort", _) => true,
            ("PriorityClass", "In") => pod.PriorityClassName is { } name && expression.Values?.Contains(name) == true,
            ("PriorityClass", "NotIn") => pod.PriorityClassName is not { } name || expression.Values?.Contains(name) != true,
            ("PriorityClass", "Exists") => pod.PriorityClassName is not null,
            ("PriorityClass", "DoesNotExist") => pod.PriorityClassName is null,
            _ => false,
        });
}
