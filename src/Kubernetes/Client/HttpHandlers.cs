using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace LlmOps.Kubernetes;

/// <summary>The HTTP handler for a cluster.</summary>
internal static class HttpHandlers
{
    /// <param name="certificate">The client certificate to show; null for none.</param>
    public static SocketsHttpHandler Create(KubernetesClientConfiguration configuration, X509Certificate2? certificate)
    {
        var handler = new SocketsHttpHandler
        {
            // A Go server takes 250 streams a connection; the 251st watch would wait for ever on a single one.
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            // Notices a peer that is gone without a word, below a watch that would be silent anyway.
            KeepAlivePingDelay = TimeSpan.FromSeconds(30),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(15),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            // Follows a name that moves to another address. Running watches are not cut.
            PooledConnectionLifetime = TimeSpan.FromMinutes(15),
            AllowAutoRedirect = false,
            UseCookies = false,
            // Spans of requests are ours: one that nobody collects must not come between them and the server's.
            ActivityHeadersPropagator = null,
            UseProxy = configuration.Proxy is not null || !configuration.Server.IsLoopback,
        };
        if (configuration.Proxy is { } proxy)
            handler.Proxy = ProxyOf(proxy);
        Authenticate(handler, configuration, certificate);
        return handler;
    }

    /// <summary>The password apart from the address: the address is in messages.</summary>
    private static WebProxy ProxyOf(Uri proxy)
    {
        var address = new UriBuilder(proxy) { UserName = string.Empty, Password = string.Empty }.Uri;
        var user = proxy.UserInfo.Split(':', 2);
        return new WebProxy(address)
        {
            Credentials = user[0].Length == 0 ? null : new NetworkCredential(Uri.UnescapeDataString(user[0]), Uri.UnescapeDataString(user.ElementAtOrDefault(1) ?? string.Empty)),
        };
    }

    [System.Diagnostics.CodeAnalysis.SuppressMessage("Security", "CA5359:Do Not Disable Certificate Validation", Justification = "Only where whoever started the program asked for it.")]
    private static void Authenticate(SocketsHttpHandler handler, KubernetesClientConfiguration configuration, X509Certificate2? certificate)
    {
        if (configuration.CertificateAuthorities is { } authorities)
            handler.SslOptions.CertificateChainPolicy = OnlyTrust(authorities);
        if (certificate is not null)
            handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(certificate, configuration.ClientCertificateChain, offline: true);
        if (configuration.InsecureSkipTlsVerify)
            handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
    }

    /// <summary>A chain policy and not a callback: it leaves the check of the name to the framework.</summary>
    private static X509ChainPolicy OnlyTrust(X509Certificate2Collection authorities)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }

    /// <summary>HTTP/2 over TLS where the server speaks it; plain servers speak HTTP/1.1.</summary>
    public static Version VersionFor(Uri server) =>
        server.Scheme == Uri.UriSchemeHttps ? HttpVersion.Version20 : HttpVersion.Version11;
}
