using Microsoft.Extensions.Logging;

namespace LlmOps.Kubernetes;

/// <summary>Every log line of this project.</summary>
internal static partial class Log
{
    [LoggerMessage(EventId = 1, EventName = "InformerListed", Level = LogLevel.Debug, Message = "Listed {Kind}: {Count} objects at version {ResourceVersion}")]
    public static partial void Listed(ILogger logger, string kind, int count, string? resourceVersion);

    [LoggerMessage(EventId = 2, EventName = "InformerListFailed", Level = LogLevel.Warning, Message = "Cannot list {Kind}; next attempt in {WaitSeconds:0.0} s")]
    public static partial void ListFailed(ILogger logger, string kind, double waitSeconds, Exception e);

    [LoggerMessage(EventId = 3, EventName = "InformerWatchFailed", Level = LogLevel.Information, Message = "The watch of {Kind} broke")]
    public static partial void WatchFailed(ILogger logger, string kind, Exception e);

    [LoggerMessage(EventId = 4, EventName = "InformerWatchEnded", Level = LogLevel.Debug, Message = "The watch of {Kind} ended ({Reason}) at version {ResourceVersion}; goes on in {WaitSeconds:0.0} s")]
    public static partial void WatchEnded(ILogger logger, string kind, string reason, string? resourceVersion, double waitSeconds);

    [LoggerMessage(EventId = 5, EventName = "InformerCorruptLine", Level = LogLevel.Warning, Message = "The watch of {Kind} brought a line that is no event: {Error}")]
    public static partial void CorruptLine(ILogger logger, string kind, string? error);

    [LoggerMessage(EventId = 6, EventName = "InformerUndecodable", Level = LogLevel.Warning, Message = "{Kind} {Key} cannot be decoded and is skipped: {Error}")]
    public static partial void Undecodable(ILogger logger, string kind, ObjectKey key, string? error);

    [LoggerMessage(EventId = 7, EventName = "InformerHandlerFailed", Level = LogLevel.Error, Message = "A handler of changes of {Kind} failed for {Key}")]
    public static partial void HandlerFailed(ILogger logger, string kind, ObjectKey key, Exception e);

    [LoggerMessage(EventId = 8, EventName = "InformerStreamRefused", Level = LogLevel.Debug, Message = "The server does not stream lists of {Kind}, so they are read in pages: {Error}")]
    public static partial void StreamRefused(ILogger logger, string kind, string error);

    [LoggerMessage(EventId = 20, EventName = "ControllerStarted", Level = LogLevel.Information, Message = "Controller {Controller} started with {Workers} workers")]
    public static partial void ControllerStarted(ILogger logger, string controller, int workers);

    [LoggerMessage(EventId = 21, EventName = "ControllerStopped", Level = LogLevel.Information, Message = "Controller {Controller} stopped")]
    public static partial void ControllerStopped(ILogger logger, string controller);

    [LoggerMessage(EventId = 22, EventName = "ReconcileConflict", Level = LogLevel.Debug, Message = "Reconcile met a conflict and tries again: {Error}")]
    public static partial void ReconcileConflict(ILogger logger, string error);

    [LoggerMessage(EventId = 23, EventName = "ReconcileFailed", Level = LogLevel.Error, Message = "Reconcile failed (attempt {Attempt}) and tries again")]
    public static partial void ReconcileFailed(ILogger logger, int attempt, Exception e);

    [LoggerMessage(EventId = 24, EventName = "ReconcilePutOff", Level = LogLevel.Information, Message = "Reconcile was put off for {Seconds} s by the API server: {Error}")]
    public static partial void ReconcilePutOff(ILogger logger, double seconds, string error);

    [LoggerMessage(EventId = 30, EventName = "ElectionWaits", Level = LogLevel.Information, Message = "Waiting for lease {Lease} as {Identity}")]
    public static partial void ElectionWaits(ILogger logger, string lease, string identity);

    [LoggerMessage(EventId = 31, EventName = "LeaseAcquired", Level = LogLevel.Information, Message = "Holding lease {Lease} as {Identity}: leading")]
    public static partial void LeaseAcquired(ILogger logger, string lease, string identity);

    [LoggerMessage(EventId = 32, EventName = "LeaseTaken", Level = LogLevel.Warning, Message = "Lease {Lease} was taken by {Holder}")]
    public static partial void LeaseTaken(ILogger logger, string lease, string holder);

    [LoggerMessage(EventId = 33, EventName = "LeaseExpired", Level = LogLevel.Warning, Message = "Lease {Lease} could not be renewed within {DeadlineSeconds} s: leading no more")]
    public static partial void LeaseExpired(ILogger logger, string lease, double deadlineSeconds);

    [LoggerMessage(EventId = 34, EventName = "LeaseAttemptFailed", Level = LogLevel.Warning, Message = "Attempt on lease {Lease} failed: {Error}")]
    public static partial void LeaseAttemptFailed(ILogger logger, string lease, string error);

    [LoggerMessage(EventId = 35, EventName = "LeadershipEnded", Level = LogLevel.Information, Message = "Leading by lease {Lease} ended")]
    public static partial void LeadershipEnded(ILogger logger, string lease);

    [LoggerMessage(EventId = 36, EventName = "LeaseYielded", Level = LogLevel.Information, Message = "Giving lease {Lease} to another process, whose turn it is")]
    public static partial void LeaseYielded(ILogger logger, string lease);

    [LoggerMessage(EventId = 37, EventName = "ElectionHeldUp", Level = LogLevel.Warning, Message = "Lease {Lease} is free but not taken: {Obstacle}")]
    public static partial void ElectionHeldUp(ILogger logger, string lease, string obstacle);

    [LoggerMessage(EventId = 40, EventName = "EventNotWritten", Level = LogLevel.Warning, Message = "Event {Key} was not written")]
    public static partial void EventNotWritten(ILogger logger, ObjectKey key, Exception e);

    [LoggerMessage(EventId = 41, EventName = "ClockDiffers", Level = LogLevel.Warning, Message = "The API server's clock is {Seconds:0.#} s ahead of this machine's (negative: behind): times are taken by the API server's. Set the clock of whichever is wrong")]
    public static partial void ClockDiffers(ILogger logger, double seconds);
}
