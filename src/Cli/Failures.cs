using System.Net;
using LlmOps.Kubernetes;

namespace LlmOps.Cli;

/// <summary>What went wrong, as one sentence that leads to what to do.</summary>
internal static class Failures
{
    /// <summary>The sentence and the exit code; null for a failure that is a defect of this program.</summary>
    public static (string Message, int ExitCode)? Explain(Exception failure) => failure switch
    {
        CliException e => (e.Message, e.ExitCode),
        KubernetesConfigurationException e => (e.Message, ExitCodes.CannotAsk),
        KubernetesException e => (Explain(e), ExitCodes.CannotAsk),
        IOException or UnauthorizedAccessException => (failure.Message, ExitCodes.CannotAsk),
        OperationCanceledException => ("interrupted", ExitCodes.Interrupted),
        _ => null,
    };

    private static string Explain(KubernetesException failure) => failure switch
    {
        { StatusCode: (int)HttpStatusCode.Unauthorized } => "the API server does not accept your credentials: log in again, or choose another --context",
        { IsForbidden: true } => $"you may not do that: {Said(failure)}",
        { IsNotServed: true } => "the cluster does not know the kinds of llmops.dev: install the operator's CRDs (make install), or choose another --context",
        { StatusCode: 0 } => WithoutRequest(failure.Message),
        _ => Said(failure),
    };

    /// <summary>The server's own words, without the request that they answer.</summary>
    public static string Said(KubernetesException failure) => failure.Status?.Message ?? WithoutRequest(failure.Message);

    private static string WithoutRequest(string message)
    {
        var colon = message.IndexOf(": ", StringComparison.Ordinal);
        return colon > 0 && message[..colon].Contains(" /", StringComparison.Ordinal) ? message[(colon + 2)..] : message;
    }
}
