using System.Security.Cryptography.X509Certificates;

namespace LlmOps.Kubernetes;

/// <summary>
/// Connections to a cluster. A client certificate is shown once for each of them, so another one that a credential plugin gives makes new ones; what runs on the old
/// ones goes on there, and they are closed when they are idle. Thread safe.
/// </summary>
/// <param name="handler">In place of connections, for tests; null for real ones.</param>
internal sealed class Connections(KubernetesClientConfiguration configuration, HttpMessageHandler? handler) : IDisposable
{
    private readonly Lock sync = new();
    private X509Certificate2? shown;
    private volatile HttpMessageInvoker? http = handler is null ? null : new(handler);

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage message, CancellationToken ct) => Current().SendAsync(message, ct);

    public void Dispose() => http?.Dispose();

    private HttpMessageInvoker Current()
    {
        var certificate = configuration.ClientCertificate ?? configuration.Plugin?.Certificate;
        lock (sync)
        {
            // None where a plugin's was refused just now: whoever asks next brings another.
            if (http is not null && (handler is not null || certificate is null || certificate.Equals(shown)))
                return http;
            shown = certificate;
            return http = new HttpMessageInvoker(HttpHandlers.Create(configuration, certificate));
        }
    }
}
