using LlmOps.Gateway.Errors;

namespace LlmOps.Gateway.Forwarding;

/// <summary>How one attempt at one endpoint ended.</summary>
internal enum AttemptOutcome
{
    /// <summary>The client has the whole answer.</summary>
    Answered,

    /// <summary>Nothing reached the client: another endpoint or release may answer.</summary>
    Failed,

    /// <summary>The engine refused the request (4xx other than 429); nothing reached the client.</summary>
    Refused,

    /// <summary>The answer broke off after its first byte had reached the client.</summary>
    BrokenOff,

    /// <summary>The client left.</summary>
    ClientGone,
}

/// <summary>Why an attempt failed.</summary>
internal enum FailureReason
{
    None,

    /// <summary>The release has no ready endpoint.</summary>
    NoEndpoint,

    /// <summary>No connection.</summary>
    Connect,

    /// <summary>Status 5xx.</summary>
    ServerError,

    /// <summary>Status 429: the engine's queue is full.</summary>
    TooManyRequests,

    /// <summary>Status 4xx other than 429.</summary>
    Refused,

    /// <summary>The API key of the engine is not known here.</summary>
    KeyUnavailable,

    /// <summary>The engine refused the API key that the gateway sent.</summary>
    KeyRefused,

    /// <summary>No first token, or no further one, in time.</summary>
    Timeout,

    /// <summary>The answer broke off, or ended with an error.</summary>
    Broken,

    /// <summary>The answer ended without content.</summary>
    Empty,

    /// <summary>A guardrail took all of the answer.</summary>
    Blocked,

    /// <summary>The release's prompt is not known here.</summary>
    Prompt,

    /// <summary>The release's prompt is not valid.</summary>
    Template,

    /// <summary>The request's variables do not fit the release's prompt.</summary>
    Variables,
}

/// <summary>How an attempt ended, with what would be answered if nobody else can.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Reason">Why it failed; also set where an answer that reached the client counts as failed.</param>
/// <param name="Answer">The engine's error answer, to pass on.</param>
/// <param name="Error">The gateway's error, where there is no <paramref name="Answer"/>.</param>
internal readonly record struct AttemptResult(AttemptOutcome Outcome, FailureReason Reason = FailureReason.None, EngineError? Answer = null, OpenAiError? Error = null)
{
    /// <summary>Whether the client has, or can get, nothing more.</summary>
    public bool IsFinal => Outcome is AttemptOutcome.Answered or AttemptOutcome.BrokenOff or AttemptOutcome.ClientGone;

    /// <summary>Whether another endpoint of the same release may do better.</summary>
    public bool IsWorthRetrying => Outcome == AttemptOutcome.Failed
        && Reason is FailureReason.Connect or FailureReason.ServerError or FailureReason.TooManyRequests or FailureReason.Broken or FailureReason.KeyRefused;

    /// <summary>Whether the client has a whole answer without fault.</summary>
    public bool IsSuccess => Outcome == AttemptOutcome.Answered && Reason == FailureReason.None;

    /// <summary>Whether the release's prompt could not be made for the request.</summary>
    public bool CouldNotRender => Reason is FailureReason.Template or FailureReason.Variables;

    /// <summary>Whether the engine refused the credentials.</summary>
    public bool IsUnauthorized => Reason == FailureReason.KeyRefused || Answer?.Status is StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden;

    /// <summary>Whether the attempt is an error in the evidence: what the engine did, not what client, guardrail or prompt variables did.</summary>
    public bool IsBadEvent => Reason is not (FailureReason.None or FailureReason.Refused or FailureReason.Variables or FailureReason.Blocked) && Outcome != AttemptOutcome.ClientGone;
}

/// <summary>An error answer of an engine, kept until it is known whether somebody else can answer.</summary>
internal sealed record EngineError(int Status, string? ContentType, string? RetryAfter, byte[] Body)
{
    /// <summary>What is kept of a body.</summary>
    public const int MaxBody = 64 * 1024;
}

internal static class FailureReasons
{
    /// <summary>The reason as a label of metrics.</summary>
    public static string Label(this FailureReason reason) => reason switch
    {
        FailureReason.NoEndpoint => "no_endpoint",
        FailureReason.Connect => "connect",
        FailureReason.ServerError => "status_5xx",
        FailureReason.TooManyRequests => "status_429",
        FailureReason.Refused => "status_4xx",
        FailureReason.KeyUnavailable => "key_unavailable",
        FailureReason.KeyRefused => "key_refused",
        FailureReason.Timeout => "timeout",
        FailureReason.Broken => "broken",
        FailureReason.Empty => "empty",
        FailureReason.Blocked => "blocked",
        FailureReason.Prompt => "prompt",
        FailureReason.Template => "template",
        FailureReason.Variables => "variables",
        _ => "none",
    };
}
