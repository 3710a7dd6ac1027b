using LlmOps.Kubernetes;
using Microsoft.Extensions.Logging;

namespace LlmOps.Operator;

/// <summary>Every log line of this project.</summary>
internal static partial class Log
{
    [LoggerMessage(EventId = 100, EventName = "RolloutDecided", Level = LogLevel.Information,
        Message = "{Kind} {Key} rollout {RolloutId} of release {Release}: {Phase}, step {Step}, weight {WeightPercent}%, asked for by {Actor}, verdicts [{Verdicts}]: {Happenings}")]
    public static partial void Decided(ILogger logger, string kind, ObjectKey key, string? rolloutId, string? release, string? phase, int? step, int? weightPercent, string? actor, string verdicts, string? happenings);

    [LoggerMessage(EventId = 101, EventName = "ApplyRefused", Level = LogLevel.Warning, Message = "An object cannot be written: {Error}")]
    public static partial void ApplyRefused(ILogger logger, string error);

    [LoggerMessage(EventId = 102, EventName = "EvaluationDecided", Level = LogLevel.Information, Message = "EvalRun {Key} of gate {Gate}: {Verdict}: {Message}")]
    public static partial void EvaluationDecided(ILogger logger, ObjectKey key, string gate, string verdict, string message);

    [LoggerMessage(EventId = 110, EventName = "OperatorStarting", Level = LogLevel.Information, Message = "Operator {Identity} starts against {Server}; gateways are behind Service {GatewayService}")]
    public static partial void Starting(ILogger logger, string identity, Uri server, ObjectKey gatewayService);

    [LoggerMessage(EventId = 111, EventName = "CachesSynced", Level = LogLevel.Information, Message = "All caches are filled after {Seconds:0.0} s")]
    public static partial void Synced(ILogger logger, double seconds);

    [LoggerMessage(EventId = 112, EventName = "OperatorStopped", Level = LogLevel.Information, Message = "Operator stopped")]
    public static partial void Stopped(ILogger logger);

    [LoggerMessage(EventId = 113, EventName = "OperatorFailed", Level = LogLevel.Critical, Message = "The operator cannot go on and ends")]
    public static partial void Failed(ILogger logger, Exception error);
}
