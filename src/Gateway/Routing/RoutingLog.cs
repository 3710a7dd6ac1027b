using LlmOps.Kubernetes;

namespace LlmOps.Gateway.Routing;

internal static partial class RoutingLog
{
    [LoggerMessage(EventName = "RouteChanged", Level = LogLevel.Information, Message = "{Deployment}: stable {Stable}, candidate {Candidate} at {WeightPercent} %")]
    public static partial void RouteChanged(ILogger logger, ObjectKey deployment, string? stable, string? candidate, int weightPercent);

    [LoggerMessage(EventName = "RouteGone", Level = LogLevel.Information, Message = "{Deployment}: gone")]
    public static partial void RouteGone(ILogger logger, ObjectKey deployment);

    [LoggerMessage(EventName = "Synced", Level = LogLevel.Information, Message = "Routes are in sync: {Models} models")]
    public static partial void Synced(ILogger logger, int models);

    [LoggerMessage(EventName = "RoutesFailed", Level = LogLevel.Critical, Message = "Routes are no longer kept up; the gateway lets what runs end, and ends")]
    public static partial void Failed(ILogger logger, Exception error);
}
