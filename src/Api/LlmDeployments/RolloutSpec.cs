using System.Globalization;
using LlmOps.Api.Schema;

namespace LlmOps.Api;

/// <summary>How a change is tried and taken over.</summary>
[CelRule("!has(self.bakeWeight) || has(self.bake)", "bakeWeight has no effect without bake: set bake, such as 30m, or leave bakeWeight out")]
public sealed record RolloutSpec
{
    /// <summary>
    /// What a candidate must go through, in order; after the last step it is promoted. Default: weights 5, 25 and 50, each held for 2 minutes.
    /// Gates before the first weight run while the candidate has no traffic.
    /// </summary>
    [Size(Min = 1, Max = 20)]
    [CelRule("self.filter(s, has(s.weight)).map(s, s.weight).isSorted() && self.filter(s, has(s.weight)).all(a, self.filter(s, has(s.weight)).exists_one(b, b.weight == a.weight))", "weights must rise from step to step: put the smaller one first and leave out repeated ones")]
    [CelRule("self.filter(s, has(s.weight) || has(s.mirror)).map(s, has(s.weight) ? s.weight : 0).isSorted()", "a mirror shows the candidate requests before users get its answers: put it before the first weight")]
    public IReadOnlyList<RolloutStep>? Steps { get; init; }

    /// <summary>Tests of live traffic while a weight is held. On by default.</summary>
    public AnalysisSpec? Analysis { get; init; }

    /// <summary>How a candidate gets its GPUs. By default beside stable where there is room for all its replicas, else stable gives its own one by one.</summary>
    public CapacitySpec? Capacity { get; init; }

    /// <summary>Longest time that the candidate's first pod may take for each phase of its start; then the candidate is reverted. progressDeadline bounds all of it.</summary>
    public StartDeadlinesSpec? Deadlines { get; init; }

    /// <summary>
    /// Longest time without progress (pods not ready, a gate without verdict, too few requests) before the candidate is reverted, default 30m. A revert that waits for pods of
    /// the stable release is ended after the same time without a new one.
    /// </summary>
    [SchemaDefault("\"30m\"")]
    public Duration? ProgressDeadline { get; init; }

    /// <summary>
    /// What to do when a deadline has passed without a clear answer: a gate that is inconclusive or gives no verdict, too few requests, metrics that cannot be
    /// read, an approval that nobody gave. Revert (default) reverts and locks; Hold stays where it is, with Stalled=True and reason AwaitingDecision, until a
    /// person acts or the answer comes. A candidate whose pods do not come is reverted in any case.
    /// </summary>
    [OneOf(InconclusivePolicies.Revert, InconclusivePolicies.Hold)]
    public string? OnInconclusive { get; init; }

    /// <summary>
    /// How long a candidate that has gone through all steps keeps nearly all of the traffic before it is promoted, default 0s. Until then the old release keeps all its pods
    /// and the rest of the traffic, so everything that reverts a candidate still does, at once. A new release ends a bake early: the candidate is promoted, and the new one is tried against it.
    /// </summary>
    public Duration? Bake { get; init; }

    /// <summary>
    /// Share of requests for the candidate while it bakes, in per cent, 1 to 100, default 95; the weight of the step before holds where that is more. The rest goes to the old
    /// release, whom live tests compare with: 100 leaves them nothing to compare. An edit counts from the next bake on.
    /// </summary>
    [Bounds(Min = 1, Max = 100)]
    public int? BakeWeight { get; init; }

    /// <summary>
    /// How long the old release stays warm after a promotion, and the candidate's pods after a revert, default 30s. After it they stay while the engine has requests in flight,
    /// for up to engine.drainSeconds more.
    /// </summary>
    [SchemaDefault("\"30s\"")]
    public Duration? ScaleDownDelay { get; init; }

    /// <summary>True holds the rollout where it is. Reverts go on. No RolloutAction takes it back; a RolloutAction Pause does the same without a change of the spec.</summary>
    public bool? Paused { get; init; }
}

/// <summary>One step: gates, a mirror, a weight to hold, or an approval.</summary>
[CelRule("[has(self.gate), has(self.gates), has(self.mirror), has(self.weight), has(self.approve)].exists_one(one, one)", "a step is one thing: gate (the name of an EvalGate), gates (several names), mirror, weight (1 to 100) or approve: split it into several steps")]
[CelRule("has(self.weight) || has(self.mirror) || (!has(self.hold) && !has(self.minRequests))", "hold and minRequests belong to a step with a weight or a mirror")]
public sealed record RolloutStep
{
    /// <summary>Name of an EvalGate in the same namespace that the candidate must pass.</summary>
    [TextPattern(Patterns.ObjectName, Message = Patterns.ObjectNameMessage)]
    [Size(Min = 1, Max = 253)]
    public string? Gate { get; init; }

    /// <summary>
    /// Copies a share of stable's requests to the candidate. Users get stable's answers and wait for nothing; the candidate's are measured and dropped, and live
    /// tests compare both, so that a bad candidate is reverted before a user sees it. Comes before the first weight, with hold and minRequests as a weight has.
    /// </summary>
    public MirrorSpec? Mirror { get; init; }

    /// <summary>Names of EvalGates that run at the same time. The candidate must pass all of them; one that it fails reverts it at once.</summary>
    [TextPattern(Patterns.ObjectName)]
    [Size(Min = 1, Max = 8)]
    [ListType("set")]
    public IReadOnlyList<string>? Gates { get; init; }

    /// <summary>Waits for a person, at the weight that was reached, with live tests going on: a RolloutAction Approve moves it on.</summary>
    public ApproveSpec? Approve { get; init; }

    /// <summary>Share of requests for the candidate, in per cent, 1 to 100. Weights rise from step to step.</summary>
    [Bounds(Min = 1, Max = 100)]
    public int? Weight { get; init; }

    /// <summary>How long to hold the weight or the mirror at least, default 2m.</summary>
    public Duration? Hold { get; init; }

    /// <summary>Requests that the candidate must have got in this step before the next one, default 20.</summary>
    [Bounds(Min = 0, Max = 100_000_000)]
    public int? MinRequests { get; init; }

    /// <summary>The gates of the step, whether it names one or several.</summary>
    public IEnumerable<string> AllGates() => Gate is { } gate ? [gate] : Gates ?? [];
}

/// <summary>An approval that a person gives.</summary>
public sealed record ApproveSpec
{
    /// <summary>Longest time to wait, default 24h. After it, what onInconclusive says.</summary>
    [CelRule("duration(self) > duration('0s')", "must be longer than 0s, such as 24h")]
    public Duration? Timeout { get; init; }
}

/// <summary>Values of <see cref="RolloutSpec.OnInconclusive"/>.</summary>
public static class InconclusivePolicies
{
    public const string Revert = "Revert";
    public const string Hold = "Hold";
}

/// <summary>Which of stable's requests are copied to the candidate.</summary>
public sealed record MirrorSpec
{
    /// <summary>Share of stable's requests in per cent, 1 to 100.</summary>
    [Bounds(Min = 1, Max = 100)]
    public required int Percent { get; init; }

    /// <summary>Copies that each gateway has running at one time, default 8; beyond it a request is not copied, so a slow candidate is not buried.</summary>
    [SchemaDefault("8")]
    [Bounds(Min = 1, Max = 1000)]
    public int? MaxConcurrent { get; init; }
}

/// <summary>Tests of live traffic: candidate against the stable release at the same time.</summary>
public sealed record AnalysisSpec
{
    /// <summary>Chance that a release as good as stable is reverted by mistake, over the whole rollout and all tests together, default 1%.</summary>
    [SchemaDefault("\"1%\"")]
    [CelRule("!self.matches(r'^0+(\\.0+)?%$') && self != '100%'", "must be above 0% and below 100%, such as 1%")]
    public Percentage? FalseRevertProbability { get; init; }

    /// <summary>
    /// What completes a weight: BoundedTime (hold and minRequests, while no test fails) or Proven (besides, proof at the 5 % level that the candidate's error rate
    /// is less than 3 times stable's at up to 5 %, twice at up to 25 %, 1.5 times above). Where the proof does not come until the deadline, onInconclusive decides.
    /// Default BoundedTime.
    /// </summary>
    [SchemaDefault("\"BoundedTime\"")]
    [OneOf(PromotionPolicies.BoundedTime, PromotionPolicies.Proven)]
    public string? Promotion { get; init; }

    /// <summary>
    /// Requests of a new pod, as each gateway sees them, whose latencies count for neither track, default 10: an engine is slow
    /// while it fills its caches. Their errors count.
    /// </summary>
    [SchemaDefault("10")]
    [Bounds(Min = 0, Max = 10_000)]
    public int? WarmUpRequests { get; init; }

    /// <summary>How much worse than stable a candidate may be before a test counts it as worse.</summary>
    public ToleranceSpec? Tolerance { get; init; }

    /// <summary>Checks of what Prometheus or somebody else measures, beside the tests of what the gateway counts. None by default.</summary>
    [Size(Max = 10)]
    [ListType("map", "name")]
    public IReadOnlyList<CheckSpec>? Checks { get; init; }

    /// <summary>
    /// Absolute limits of the candidate. One that is broken for sure, by the candidate alone, reverts; one that stable breaks too holds the weight until the deadline.
    /// </summary>
    [Size(Max = 8)]
    public IReadOnlyList<LimitSpec>? Limits { get; init; }
}

/// <summary>Tolerated ratio candidate to stable, 1 for no tolerance.</summary>
public sealed record ToleranceSpec
{
    /// <summary>Ratio of error rates, default 1.</summary>
    [Bounds(Min = 1, Max = 10)]
    public double? Errors { get; init; }

    /// <summary>Ratio of the rates of slow first tokens, default 1.2.</summary>
    [Bounds(Min = 1, Max = 10)]
    public double? Ttft { get; init; }

    /// <summary>Ratio of the rates of slow output (time per output token), default 1.2.</summary>
    [Bounds(Min = 1, Max = 10)]
    public double? TimePerOutputToken { get; init; }

    /// <summary>Ratio of the rates of long answers, default 1.3.</summary>
    [Bounds(Min = 1, Max = 10)]
    public double? OutputTokens { get; init; }

    /// <summary>Ratio of the rates of costly requests, default 1.2.</summary>
    [Bounds(Min = 1, Max = 10)]
    public double? Cost { get; init; }

    /// <summary>Ratio of the rates of answers that a guardrail blocks, default 1.</summary>
    [Bounds(Min = 1, Max = 10)]
    public double? Blocked { get; init; }

    /// <summary>Ratio of the rates of negative feedback, default 1.</summary>
    [Bounds(Min = 1, Max = 10)]
    public double? Feedback { get; init; }
}

/// <summary>Values of <see cref="AnalysisSpec.Promotion"/>.</summary>
public static class PromotionPolicies
{
    public const string BoundedTime = "BoundedTime";

    public const string Proven = "Proven";
}

/// <summary>An absolute limit: a share of failed requests, or a latency that a quantile must not exceed.</summary>
[CelRule("(self.metric == 'errors') != has(self.quantile)", "quantile belongs to ttft and timePerOutputToken: set it there (such as 95), and leave it out for errors")]
[CelRule("(self.metric == 'errors') == self.max.endsWith('%')", "max is a percentage for errors (such as 2%) and a duration for ttft and timePerOutputToken (such as 2s or 80ms)")]
[CelRule("!self.max.matches('^(0+([.]0+)?(ms|s|m|h|%))+$') && self.max != '100%'", "max must be above 0, and below 100% for errors", FieldPath = ".max")]
public sealed record LimitSpec
{
    /// <summary>What is limited: the rate of failed requests, the time to the first token, or the time per output token.</summary>
    [OneOf(LimitMetrics.Errors, LimitMetrics.Ttft, LimitMetrics.TimePerOutputToken)]
    public required string Metric { get; init; }

    /// <summary>Quantile in per cent that must not exceed max, such as 95; for latencies.</summary>
    [Bounds(Min = 1, Max = 99)]
    public int? Quantile { get; init; }

    /// <summary>The limit: a percentage such as <c>2%</c> for errors, a duration such as <c>2s</c> or <c>80ms</c> for latencies.</summary>
    [TextPattern("^((100|[0-9]{1,2}([.][0-9]{1,4})?)%|([0-9]+([.][0-9]+)?(ms|s|m|h))+)$", Message = "write a percentage such as 2%, or a duration such as 2s or 80ms")]
    [Size(Min = 2, Max = 32)]
    public required string Max { get; init; }
}

/// <summary>Values of <see cref="LimitSpec.Metric"/>, and how a limit is counted.</summary>
public static class LimitMetrics
{
    public const string Errors = "errors";

    public const string Ttft = "ttft";

    public const string TimePerOutputToken = "timePerOutputToken";

    /// <summary>Seconds of a latency limit; null for errors.</summary>
    public static double? MaxSeconds(this LimitSpec limit) =>
        limit.Metric != Errors && Duration.TryParse(limit.Max, out var duration) ? duration.Value.TotalSeconds : null;

    /// <summary>Name of the counts in the gateways' evidence, such as <c>ttft:2</c> (seconds); null for errors, which are counted in any case.</summary>
    public static string? Key(this LimitSpec limit) =>
        limit.MaxSeconds() is { } seconds ? string.Create(CultureInfo.InvariantCulture, $"{limit.Metric}:{seconds:0.######}") : null;

    /// <summary>Largest share of requests that may break the limit, as a fraction of one: the error rate, or one less the quantile.</summary>
    public static double MaxShare(this LimitSpec limit) => limit.Metric == Errors
        ? Percentage.TryParse(limit.Max, out var percentage) ? percentage.Fraction : 1
        : 1 - ((limit.Quantile ?? 95) / 100.0);
}

/// <summary>How a candidate gets its GPUs.</summary>
[CelRule("!(has(self.maxSurgeGpus) && self.maxSurgeGpus == 0 && has(self.maxUnavailable) && self.maxUnavailable == 0 && !(has(self.allowDowntime) && self.allowDowntime))", "maxSurgeGpus and maxUnavailable are both 0, so no candidate could ever start: raise one of them")]
[CelRule("!(has(self.plan) && self.plan == 'Surge' && has(self.maxSurgeGpus) && self.maxSurgeGpus == 0)", "plan Surge needs GPUs beside stable's: raise maxSurgeGpus, or choose another plan")]
[CelRule("!(has(self.plan) && self.plan == 'TakeFromStable' && has(self.maxUnavailable) && self.maxUnavailable == 0)", "plan TakeFromStable needs a replica that stable may give: raise maxUnavailable, or choose another plan")]
[CelRule("!(has(self.plan) && self.plan == 'Recreate') || (has(self.allowDowntime) && self.allowDowntime)", "plan Recreate stops stable before the candidate starts: set allowDowntime: true if nobody has to be served meanwhile")]
public sealed record CapacitySpec
{
    /// <summary>
    /// Auto (the default): Surge where all replicas that promotion needs fit beside stable, else TakeFromStable where stable has two replicas or more, else Recreate
    /// where allowDowntime is set, else the rollout waits. Surge: beside stable; pods are asked for even where nothing is free, so that a node autoscaler adds nodes.
    /// TakeFromStable: stable gives its replicas one by one, never the last. Recreate: stable's pods go first. The choice is made when the rollout starts.
    /// </summary>
    [OneOf(CapacityPlans.Auto, CapacityPlans.Surge, CapacityPlans.TakeFromStable, CapacityPlans.Recreate)]
    public string? Plan { get; init; }

    /// <summary>Most GPUs in use besides stable's own. Default: as many as there are.</summary>
    [Bounds(Min = 0, Max = 100_000)]
    public int? MaxSurgeGpus { get; init; }

    /// <summary>Stable replicas that may be given up for the candidate before all steps are done, never the last one. Default: all but the last.</summary>
    [Bounds(Min = 0, Max = 1000)]
    public int? MaxUnavailable { get; init; }

    /// <summary>Whether nobody may be served for a while, from stable's pods going to the candidate's being promoted. Default false.</summary>
    public bool? AllowDowntime { get; init; }
}

/// <summary>Values of <see cref="CapacitySpec.Plan"/>.</summary>
public static class CapacityPlans
{
    public const string Auto = "Auto";
    public const string Surge = "Surge";
    public const string TakeFromStable = "TakeFromStable";
    public const string Recreate = "Recreate";
}

/// <summary>Longest time for each phase of a pod's start. The candidate's furthest pod tells the phase.</summary>
public sealed record StartDeadlinesSpec
{
    /// <summary>Until a pod has a node, default 10m.</summary>
    public Duration? Scheduling { get; init; }

    /// <summary>From there until its container runs: image, volumes; default 30m.</summary>
    public Duration? ImagePull { get; init; }

    /// <summary>From there until the engine is ready: weights, compilation; default engine.startupDeadline.</summary>
    public Duration? Load { get; init; }

    /// <summary>From there until it has answered its first request, default 5m.</summary>
    public Duration? WarmUp { get; init; }
}
