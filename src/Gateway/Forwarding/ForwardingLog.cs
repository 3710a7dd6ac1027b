namespace LlmOps.Gateway.Forwarding;

internal static partial class ForwardingLog
{
    [LoggerMessage(EventName = "FellBack", Level = LogLevel.Debug, Message = "{Deployment}: candidate {Release} did not answer ({Reason}), stable does")]
    public static partial void FellBack(ILogger logger, string deployment, string release, FailureReason reason);

    [LoggerMessage(EventName = "RequestFailed", Level = LogLevel.Debug, Message = "{Deployment}: release {Release} did not answer ({Reason}), the client got {Code}")]
    public static partial void Failed(ILogger logger, string deployment, string release, FailureReason reason, int code);

    [LoggerMessage(EventName = "RequestCrashed", Level = LogLevel.Error, Message = "A request failed in the gateway itself")]
    public static partial void Crashed(ILogger logger, Exception exception);
}
