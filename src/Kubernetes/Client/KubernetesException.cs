using System.Net;

namespace LlmOps.Kubernetes;

/// <summary>
/// A request that the API server refused, or that never got an answer (<see cref="StatusCode"/> 0). The only exception,
/// besides cancellation and argument errors, that <see cref="KubernetesClient"/> throws.
/// </summary>
public sealed class KubernetesException : Exception
{
    /// <summary><see cref="Reason"/> when no connection could be made or it broke.</summary>
    public const string ConnectionFailedReason = "ConnectionFailed";

    /// <summary><see cref="Reason"/> when the answer took longer than <see cref="KubernetesClientConfiguration.RequestTimeout"/>.</summary>
    public const string RequestTimeoutReason = "RequestTimeout";

    /// <summary><see cref="Reason"/> when a watch was silent for longer than <see cref="WatchOptions.IdleTimeout"/>.</summary>
    public const string WatchIdleReason = "WatchIdle";

    /// <summary><see cref="Reason"/> when the answer is not the JSON that was asked for.</summary>
    public const string UndecodableReason = "Undecodable";

    /// <summary><see cref="Reason"/> when there is nothing to authenticate with: a token file or a credential plugin failed.</summary>
    public const string NoCredentialsReason = "NoCredentials";

    /// <summary><see cref="Reason"/> when a write was not sent because <see cref="KubernetesClientConfiguration.MayWrite"/> forbids it.</summary>
    public const string NotLeadingReason = "NotLeading";

    public KubernetesException(string message, int statusCode, string? reason, Status? status = null, TimeSpan? retryAfter = null, Exception? innerException = null)
        : base(message, innerException) =>
        (StatusCode, Reason, Status, RetryAfter) = (statusCode, reason, status, retryAfter);

    /// <summary>HTTP status; 0 where there was no answer.</summary>
    public int StatusCode { get; }

    /// <summary>The server's machine-readable reason, such as <c>Conflict</c>, or one of the constants here.</summary>
    public string? Reason { get; }

    /// <summary>The server's whole answer, where it sent one.</summary>
    public Status? Status { get; }

    /// <summary>How long the server asks to wait before a retry.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>The object was changed since it was read, a precondition failed, or another field manager owns a field.</summary>
    public bool IsConflict => StatusCode == (int)HttpStatusCode.Conflict && !IsAlreadyExists;

    /// <summary>The server says of the object that was asked for, or of its namespace, that it is not there.</summary>
    public bool IsNotFound => StatusCode == (int)HttpStatusCode.NotFound && Status?.Details?.Name is { Length: > 0 };

    /// <summary>
    /// The server does not know the kind, or who answered is no API server: nothing is said about the object. So it is without the CRD, and for a moment when an API
    /// server has just started.
    /// </summary>
    public bool IsNotServed => StatusCode == (int)HttpStatusCode.NotFound && !IsNotFound;

    public bool IsAlreadyExists => StatusCode == (int)HttpStatusCode.Conflict && Reason == "AlreadyExists";

    /// <summary>The object breaks the schema or a rule of its kind: retrying the same object is pointless.</summary>
    public bool IsInvalid => StatusCode is (int)HttpStatusCode.UnprocessableEntity or (int)HttpStatusCode.BadRequest;

    /// <summary>The resource version or page token is too old: list again.</summary>
    public bool IsExpired => StatusCode == (int)HttpStatusCode.Gone || Reason is "Expired" or "Gone";

    /// <summary>The write was not sent: this process does not lead any more.</summary>
    public bool IsNotLeading => Reason == NotLeadingReason;

    /// <summary>Of a write: it may have been done all the same, or be done yet, since it was sent and the server did not say that it refused it.</summary>
    public bool IsOutcomeUnknown =>
        StatusCode >= (int)HttpStatusCode.InternalServerError || Reason is ConnectionFailedReason or RequestTimeoutReason or UndecodableReason;

    public bool IsForbidden => StatusCode == (int)HttpStatusCode.Forbidden;

    /// <param name="because">What is known of the cause and the server did not say.</param>
    internal static KubernetesException From(Status status, string request, TimeSpan? retryAfter = null, string? because = null)
    {
        var code = status.Code.GetValueOrDefault();
        var wait = retryAfter ?? (status.Details?.RetryAfterSeconds is > 0 and var seconds ? TimeSpan.FromSeconds(seconds) : null);
        return new($"{request}: {status.Message ?? status.Reason ?? "failed"} ({code}){(because is null ? string.Empty : $": {because}")}", code, status.Reason, status, wait);
    }
}
