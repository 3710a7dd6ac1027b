namespace LlmOps.Testing;

/// <summary>The faults in force. The first rule that matches a request, and is not used up, decides.</summary>
public sealed class FaultRules
{
    private readonly Lock gate = new();
    private readonly List<FaultRule> rules = [];

    /// <summary>Adds a rule.</summary>
    /// <param name="matches">Which requests; must not block.</param>
    /// <param name="skip">How many matching requests pass unharmed first.</param>
    /// <param name="times">How many requests it then hits; null is every one until it is disposed.</param>
    public FaultRule When(Func<ApiRequest, bool> matches, FaultEffect effect, int skip = 0, int? times = null) =>
        Add(new FaultRule(this, request => matches(request) ? effect : null, skip, times));

    /// <summary>Adds a rule that finds an effect, or none, for each request that no earlier one hits.</summary>
    /// <param name="choose">Called once for each request, in the order of their arrival; must not block.</param>
    public FaultRule Choose(Func<ApiRequest, FaultEffect?> choose) => Add(new FaultRule(this, choose, skip: 0, times: null));

    /// <summary>As <c>When</c>, by the words of a request; null matches any.</summary>
    /// <param name="verb">Such as <c>patch</c>; <c>apply</c> matches server-side applies only.</param>
    /// <param name="resource">Such as <c>pods</c> or <c>deployments.apps</c>.</param>
    /// <param name="subresource">Such as <c>status</c>; empty matches the object itself only.</param>
    public FaultRule When(
        FaultEffect effect, string? verb = null, string? resource = null, string? ns = null, string? name = null, string? subresource = null, int skip = 0, int? times = null) =>
        When(
            r => (verb is null || verb == r.Verb || (verb == "apply" && r.IsApply))
                && (resource is null || resource == r.GroupResource)
                && (ns is null || ns == r.Namespace)
                && (name is null || name == r.Name)
                && (subresource is null || subresource == (r.Subresource ?? string.Empty)),
            effect,
            skip,
            times);

    public void Clear()
    {
        lock (gate)
            rules.Clear();
    }

    internal void Remove(FaultRule rule)
    {
        lock (gate)
            rules.Remove(rule);
    }

    internal FaultEffect? EffectOn(ApiRequest request)
    {
        lock (gate)
            return rules.Select(rule => rule.Hit(request)).FirstOrDefault(effect => effect is not null);
    }

    private FaultRule Add(FaultRule rule)
    {
        lock (gate)
            rules.Add(rule);
        return rule;
    }
}

/// <summary>One rule; disposing it ends it.</summary>
public sealed class FaultRule : IDisposable
{
    private readonly FaultRules owner;
    private readonly Func<ApiRequest, FaultEffect?> choose;
    private readonly int skip;
    private readonly int? times;
    private int seen;

    internal FaultRule(FaultRules owner, Func<ApiRequest, FaultEffect?> choose, int skip, int? times) =>
        (this.owner, this.choose, this.skip, this.times) = (owner, choose, skip, times);

    /// <summary>How many requests it has hit so far.</summary>
    public int HitCount => Math.Clamp(Volatile.Read(ref seen) - skip, 0, times ?? int.MaxValue);

    public void Dispose() => owner.Remove(this);

    /// <summary>Counts a request that matches; null where it is not hit.</summary>
    internal FaultEffect? Hit(ApiRequest request)
    {
        if (choose(request) is not { } effect)
            return null;
        var nth = Interlocked.Increment(ref seen) - skip;
        return nth >= 1 && (times is null || nth <= times) ? effect : null;
    }
}
