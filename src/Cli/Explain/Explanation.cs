namespace LlmOps.Cli.Explain;

/// <summary>Why a rollout is where it is, and what would have to happen for it to go on. The answer of <c>explain -o json</c>: fields are added, not changed.</summary>
internal sealed record Explanation
{
    public required string Name { get; init; }

    public required string Namespace { get; init; }

    /// <summary>Where it is, in a sentence.</summary>
    public required string Where { get; init; }

    /// <summary>Why, as a word of docs/reasons.md.</summary>
    public string? Reason { get; init; }

    /// <summary>Why, in the operator's words with the numbers.</summary>
    public string? Because { get; init; }

    /// <summary>Since when.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>What the decision went by: verdicts of gates, live tests, limits and checks.</summary>
    public IReadOnlyList<ExplainedVerdict> Verdicts { get; init; } = [];

    /// <summary>What was counted at the present weight; empty without traffic.</summary>
    public IReadOnlyList<ExplainedTrack> Traffic { get; init; } = [];

    /// <summary>What must hold for the next step, each with how far it is.</summary>
    public IReadOnlyList<Need> Needs { get; init; } = [];

    /// <summary>What comes next once all of it holds.</summary>
    public string? Next { get; init; }

    /// <summary>When something happens by itself if nothing moves.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>What happens then.</summary>
    public string? AtDeadline { get; init; }

    /// <summary>What a person can do, each a sentence or a command.</summary>
    public IReadOnlyList<string> Advice { get; init; } = [];
}

/// <summary>A verdict with its numbers.</summary>
internal sealed record ExplainedVerdict(string Name, string Verdict, string Message, DateTimeOffset? Time);

/// <summary>Counts of a track at the present weight.</summary>
internal sealed record ExplainedTrack(string Track, string Release, int Weight, long Requests, long Failed, long SlowFirstTokens);

/// <summary>Something that must hold.</summary>
/// <param name="What">What, in words.</param>
/// <param name="IsMet">Whether it does.</param>
/// <param name="Now">How far it is.</param>
internal sealed record Need(string What, bool IsMet, string? Now = null);
