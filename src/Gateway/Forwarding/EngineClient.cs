using System.Net;

namespace LlmOps.Gateway.Forwarding;

/// <summary>The HTTP client that talks to engines.</summary>
internal static class EngineClient
{
    // uvicorn, which vLLM and SGLang run on, closes idle connections after 5 s: closing first avoids sending into a closed one.
    private static readonly TimeSpan IdleConnection = TimeSpan.FromSeconds(4);

    public static HttpMessageInvoker Create(GatewayOptions options) => new(new SocketsHttpHandler
    {
        ConnectTimeout = options.ConnectTimeout,
        PooledConnectionIdleTimeout = IdleConnection,
        AutomaticDecompression = DecompressionMethods.None,
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        // Trace headers pass as the client sent them.
        ActivityHeadersPropagator = null,
    });
}
