using LlmOps.Api.Schema;

namespace LlmOps.Api;

/// <summary>What the answers of both tracks were like in the last 5 to 10 minutes, by the release that answered. Over all gateways: the mean of their quantiles, weighted by their answers.</summary>
public sealed record RecentAnswersStatus
{
    /// <summary>Answers of the stable release.</summary>
    public TrackAnswersStatus? Stable { get; init; }

    /// <summary>Answers of the candidate, those to copied requests included.</summary>
    public TrackAnswersStatus? Candidate { get; init; }
}

/// <summary>What the answers of one track were like. A field is absent while no answer told it.</summary>
public sealed record TrackAnswersStatus
{
    /// <summary>Seconds to the first token, of streamed answers.</summary>
    public QuantilesStatus? Ttft { get; init; }

    /// <summary>Seconds per output token after the first, of streamed answers.</summary>
    public QuantilesStatus? TimePerOutputToken { get; init; }

    /// <summary>Output tokens of an answer.</summary>
    public QuantilesStatus? OutputTokens { get; init; }
}

/// <summary>Quantiles of some answers, at most 5 % off.</summary>
public sealed record QuantilesStatus
{
    /// <summary>Answers that they are of.</summary>
    [Bounds(Min = 0)]
    public required long Answers { get; init; }

    /// <summary>Median: half of the answers are below.</summary>
    [Bounds(Min = 0)]
    public required double P50 { get; init; }

    /// <summary>95th percentile: one answer in twenty is above.</summary>
    [Bounds(Min = 0)]
    public required double P95 { get; init; }
}
