using LlmOps.Kubernetes;
using OpenTelemetry;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace LlmOps.Operator.Hosting;

/// <summary>
/// Sends spans to a collector (OTLP) where <see cref="EndpointVariable"/> names one; else no span is made at all. The other variables of OpenTelemetry
/// (protocol, headers, sampler, resource attributes) mean what its specification says.
/// </summary>
internal sealed class Tracing : IDisposable
{
    /// <summary>Variable with the URL of the collector.</summary>
    public const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>The process has 4.5 s to end, and a collector that is gone must not use them up.</summary>
    private static readonly TimeSpan LongestFlush = TimeSpan.FromSeconds(1);

    private readonly TracerProvider provider;

    private Tracing(TracerProvider provider) => this.provider = provider;

    /// <summary>Why the endpoint cannot be used, in a sentence; null where it can or there is none.</summary>
    public static string? Problem =>
        Endpoint is not { } text || (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https")
            ? null
            : $"{EndpointVariable} is not a URL: set it to the collector's, such as http://collector.monitoring:4317, or leave it out";

    private static string? Endpoint => Environment.GetEnvironmentVariable(EndpointVariable) is { Length: > 0 } text ? text : null;

    /// <summary>Null where no endpoint is set.</summary>
    /// <param name="identity">Name of this process among operators.</param>
    public static Tracing? Start(string identity) =>
        Endpoint is null ? null : new Tracing(Sdk.CreateTracerProviderBuilder()
            .ConfigureResource(resource => resource.AddService("llmops-operator", serviceInstanceId: identity).AddEnvironmentVariableDetector())
            .AddSource(KubernetesTracing.SourceName)
            .AddOtlpExporter()
            .Build());

    public void Dispose()
    {
        provider.Shutdown((int)LongestFlush.TotalMilliseconds);
        provider.Dispose();
    }
}
