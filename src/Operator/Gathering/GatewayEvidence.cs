using System.Text.Json;
using System.Text.Json.Serialization;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Gathering;

/// <summary>What one gateway answers on <c>/internal/evidence</c>; the contract is in docs/architecture.md.</summary>
internal sealed record GatewayEvidence
{
    /// <summary>Identifies a start of the gateway process.</summary>
    public required string Process { get; init; }

    /// <summary>What is asked for four times a second by each rollout: found by its name, not looked for.</summary>
    private ILookup<(string Namespace, string Name, string Rollout), GatewayRollout>? byRollout;

    public IReadOnlyList<GatewayRollout> Rollouts { get; init; } = [];

    /// <summary>The rows of one rollout.</summary>
    public IEnumerable<EvidenceRow> Rows(string ns, string name, string rolloutId) =>
        from rollout in Of(ns, name, rolloutId)
        from epoch in rollout.Epochs
        select new EvidenceRow(Process, epoch.Epoch, epoch.Weight, epoch.Stable.ToCounts(), epoch.Candidate.ToCounts()) { Mirrored = epoch.Mirrored };

    /// <summary>What answers of one rollout were like lately.</summary>
    public IEnumerable<RecentAnswers> RecentAnswers(string ns, string name, string rolloutId) => Of(ns, name, rolloutId).Select(rollout => rollout.Recent).OfType<GatewayRecent>().Select(recent => recent.ToAnswers());

    private IEnumerable<GatewayRollout> Of(string ns, string name, string rolloutId) =>
        (byRollout ??= Rollouts.ToLookup(rollout => (rollout.Namespace, rollout.Name, rollout.Rollout)))[(ns, name, rolloutId)];
}

internal sealed record GatewayRollout
{
    public required string Namespace { get; init; }

    public required string Name { get; init; }

    public required string Rollout { get; init; }

    public IReadOnlyList<GatewayEpoch> Epochs { get; init; } = [];

    public GatewayRecent? Recent { get; init; }
}

/// <summary>What answers were like lately.</summary>
internal sealed record GatewayRecent
{
    public GatewayRecentTrack? Stable { get; init; }

    public GatewayRecentTrack? Candidate { get; init; }

    public RecentAnswers ToAnswers() => new(Stable?.ToAnswers() ?? new(), Candidate?.ToAnswers() ?? new());
}

internal sealed record GatewayRecentTrack
{
    public AnswerQuantiles? TtftSeconds { get; init; }

    public AnswerQuantiles? TimePerOutputTokenSeconds { get; init; }

    public AnswerQuantiles? OutputTokens { get; init; }

    public TrackAnswers ToAnswers() => new(TtftSeconds, TimePerOutputTokenSeconds, OutputTokens);
}

internal sealed record GatewayEpoch
{
    public required int Epoch { get; init; }

    public required int Weight { get; init; }

    public bool Mirrored { get; init; }

    public required GatewayTrack Stable { get; init; }

    public required GatewayTrack Candidate { get; init; }
}

/// <summary>Counts of one track. What a gateway of an older version does not send is 0 or empty.</summary>
internal sealed record GatewayTrack
{
    public long Requests { get; init; }

    public long Units { get; init; }

    public long Errors { get; init; }

    public IReadOnlyList<long>? SlowTtft { get; init; }

    public IReadOnlyList<long>? SlowTimePerOutputToken { get; init; }

    public IReadOnlyList<long>? LongOutput { get; init; }

    public IReadOnlyList<long>? Costly { get; init; }

    public long Blocked { get; init; }

    public long NegativeFeedback { get; init; }

    public IReadOnlyList<GatewayOverLimit>? OverLimit { get; init; }

    public long RenderFailures { get; init; }

    public long Unauthorized { get; init; }

    public TrackCounts ToCounts() => new(Requests, Errors, Counts(SlowTtft))
    {
        Units = Units,
        SlowTimePerOutputToken = Counts(SlowTimePerOutputToken),
        LongOutput = Counts(LongOutput),
        Costly = Counts(Costly),
        Blocked = Blocked,
        NegativeFeedback = NegativeFeedback,
        OverLimit = (OverLimit ?? []).Select(limit => new OverLimit(limit.Key, limit.Over, limit.Of)).ToEquatableArray(),
        RenderFailures = RenderFailures,
        Unauthorized = Unauthorized,
    };

    private static EquatableArray<long> Counts(IReadOnlyList<long>? counts) => (counts ?? []).ToEquatableArray();
}

/// <summary>How many requests broke one absolute limit.</summary>
internal sealed record GatewayOverLimit
{
    public required string Key { get; init; }

    public long Over { get; init; }

    public long Of { get; init; }
}

/// <summary>JSON contract of the gateway's evidence.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(GatewayEvidence))]
internal sealed partial class GatewayEvidenceJson : JsonSerializerContext;
