using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace LlmOps.Kubernetes.Tests;

/// <summary>Real TLS over loopback: the server wants a client certificate of its authority.</summary>
public sealed class TlsTests : IAsyncLifetime
{
    private static readonly ObjectKey Key = new("ns", "x");

    private readonly X509Certificate2 authority = Authority("CN=right");
    private readonly X509Certificate2 stranger = Authority("CN=stranger");
    private readonly List<string> protocols = [];
    private WebApplication? server;
    private volatile string? refused;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        using var certificate = Issue(authority, "CN=server", server: true);
        // Kestrel needs the key in a form that it can hand to OpenSSL more than once.
        var exported = X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http1AndHttp2;
            listen.UseHttps(exported, https =>
            {
                https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                https.ClientCertificateValidation = (client, chain, _) =>
                    client.Issuer == authority.Subject || chain!.ChainPolicy.ExtraStore.Any(sent => sent.Subject == client.Issuer && sent.Issuer == authority.Subject);
            });
        }));
        server = builder.Build();
        server.Run(async context =>
        {
            protocols.Add($"{context.Request.Protocol} {context.Connection.ClientCertificate?.Subject}");
            context.Response.ContentType = "application/json";
            // As an API server, which asks for a certificate in the handshake and looks at it with each request.
            if (context.Connection.ClientCertificate?.Subject == refused)
            {
                context.Response.StatusCode = 401;
                await context.Response.WriteAsync("""{"kind":"Status","apiVersion":"v1","status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}""");
                return;
            }

            await context.Response.WriteAsync("""{"metadata":{"name":"x","namespace":"ns"}}""");
        });
        await server.StartAsync();
    }

    public async Task DisposeAsync() => await server!.DisposeAsync();

    private static X509Certificate2 Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(2));
    }

    private static X509Certificate2 Issue(X509Certificate2 issuer, string name, bool server = false, bool isAuthority = false)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        if (isAuthority)
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        if (server)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddIpAddress(IPAddress.Loopback);
            names.AddDnsName("kubernetes.default");
            request.CertificateExtensions.Add(names.Build());
        }

        var now = TimeProvider.System.GetUtcNow();
        using var issued = request.Create(issuer, now.AddDays(-1), now.AddDays(1), RandomNumberGenerator.GetBytes(8));
        return issued.CopyWithPrivateKey(key);
    }

    private KubernetesClient Client(X509Certificate2 trust, X509Certificate2? client, string host = "127.0.0.1", string? serverName = null) => new(new()
    {
        Server = new UriBuilder(server!.Urls.Single()) { Host = host }.Uri,
        CertificateAuthorities = [trust],
        ClientCertificate = client,
        TlsServerName = serverName,
    });

    private async Task<string> FailureAsync(X509Certificate2 trust, X509Certificate2? client, string host = "127.0.0.1")
    {
        using var kubernetes = Client(trust, client, host);
        var e = await Assert.ThrowsAsync<KubernetesException>(() => kubernetes.GetAsync<ConfigMap>(Key, CancellationToken.None));
        Assert.Equal(KubernetesException.ConnectionFailedReason, e.Reason);
        return e.Message;
    }

    [Fact]
    public async Task A_client_certificate_of_the_right_authority_is_accepted_over_HTTP_2()
    {
        using var client = Client(authority, Issue(authority, "CN=operator"));
        Assert.NotNull(await client.GetAsync<ConfigMap>(Key, CancellationToken.None));
        Assert.Equal(["HTTP/2 CN=operator"], protocols);
    }

    [Fact]
    public async Task A_server_of_another_authority_is_refused() =>
        Assert.Contains("TLS", await FailureAsync(stranger, Issue(authority, "CN=operator")), StringComparison.Ordinal);

    [Fact]
    public async Task A_server_of_another_name_is_refused_although_its_authority_is_right() =>
        Assert.Contains("RemoteCertificateNameMismatch", await FailureAsync(authority, Issue(authority, "CN=operator"), "localhost"), StringComparison.Ordinal);

    [Fact]
    public async Task The_name_to_expect_can_be_given()
    {
        using var client = Client(authority, Issue(authority, "CN=operator"), serverName: "kubernetes.default");
        Assert.NotNull(await client.GetAsync<ConfigMap>(Key, CancellationToken.None));
    }

    [Fact]
    public async Task A_client_certificate_of_a_credential_plugin_is_used_and_a_renewed_one_on_new_connections()
    {
        var directory = Directory.CreateTempSubdirectory("plugin");
        try
        {
            var answer = Path.Combine(directory.FullName, "answer");
            var plugin = new CredentialPlugin(new() { Command = "cat", Arguments = [answer], ApiVersion = "client.authentication.k8s.io/v1" });
            using var client = new KubernetesClient(new() { Server = new(server!.Urls.Single()), CertificateAuthorities = [authority], Plugin = plugin });
            await AnswerAsync(answer, "CN=first");
            Assert.NotNull(await client.GetAsync<ConfigMap>(Key, CancellationToken.None));

            await AnswerAsync(answer, "CN=second");
            refused = "CN=first";
            Assert.NotNull(await client.GetAsync<ConfigMap>(Key, CancellationToken.None));
            Assert.Equal(["HTTP/2 CN=first", "HTTP/2 CN=first", "HTTP/2 CN=second"], protocols);

            refused = "CN=second";
            var e = await Assert.ThrowsAsync<KubernetesException>(() => client.GetAsync<ConfigMap>(Key, CancellationToken.None));
            Assert.Contains("does not accept the client certificate (subject CN=second, valid until ", e.Message, StringComparison.Ordinal);
            Assert.EndsWith("of the credential plugin cat", e.Message, StringComparison.Ordinal);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private async Task AnswerAsync(string file, string name)
    {
        using var certificate = Issue(authority, name);
        using var key = certificate.GetECDsaPrivateKey()!;
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(new
        {
            apiVersion = "client.authentication.k8s.io/v1",
            kind = "ExecCredential",
            status = new { clientCertificateData = certificate.ExportCertificatePem(), clientKeyData = key.ExportPkcs8PrivateKeyPem() },
        }));
    }

    [Fact]
    public async Task Certificates_between_the_client_and_its_authority_are_sent_along()
    {
        using var between = Issue(authority, "CN=between", isAuthority: true);
        using var client = new KubernetesClient(new()
        {
            Server = new(server!.Urls.Single()),
            CertificateAuthorities = [authority],
            ClientCertificate = Issue(between, "CN=operator"),
            ClientCertificateChain = [between],
        });
        Assert.NotNull(await client.GetAsync<ConfigMap>(Key, CancellationToken.None));
    }

    [Fact]
    public async Task A_server_of_any_authority_of_a_bundle_is_accepted()
    {
        using var client = new KubernetesClient(new() { Server = new(server!.Urls.Single()), CertificateAuthorities = [stranger, authority], ClientCertificate = Issue(authority, "CN=operator") });
        Assert.NotNull(await client.GetAsync<ConfigMap>(Key, CancellationToken.None));
    }

    [Fact]
    public async Task A_server_of_another_authority_is_accepted_where_the_check_is_switched_off()
    {
        using var client = new KubernetesClient(new()
        {
            Server = new UriBuilder(server!.Urls.Single()) { Host = "localhost" }.Uri,
            ClientCertificate = Issue(authority, "CN=operator"),
            InsecureSkipTlsVerify = true,
        });
        Assert.NotNull(await client.GetAsync<ConfigMap>(Key, CancellationToken.None));
    }

    [Fact]
    public async Task A_proxy_of_the_configuration_is_used_for_loopback_too()
    {
        using var proxy = new ConnectProxy();
        using var client = new KubernetesClient(new()
        {
            Server = new(server!.Urls.Single()),
            CertificateAuthorities = [authority],
            ClientCertificate = Issue(authority, "CN=operator"),
            Proxy = proxy.Address,
        });
        Assert.NotNull(await client.GetAsync<ConfigMap>(Key, CancellationToken.None));
        Assert.Equal([new Uri(server.Urls.Single()).Authority], proxy.Targets);
    }

    [Fact]
    public async Task A_proxy_gets_the_password_of_its_URL_and_messages_do_not()
    {
        using var proxy = new ConnectProxy("ada:p@ss");
        KubernetesClient Through(string user) => new(new()
        {
            Server = new(server!.Urls.Single()),
            CertificateAuthorities = [authority],
            ClientCertificate = Issue(authority, "CN=operator"),
            Proxy = new($"http://{user}@{proxy.Address.Authority}"),
        });
        using var client = Through("ada:p%40ss");
        Assert.NotNull(await client.GetAsync<ConfigMap>(Key, CancellationToken.None));

        using var refused = Through("ada:hidden");
        var e = await Assert.ThrowsAsync<KubernetesException>(() => refused.GetAsync<ConfigMap>(Key, CancellationToken.None));
        Assert.Contains("407", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", e.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_certificate_that_is_missing_or_wrong_is_told_as_that(bool wrong) =>
        Assert.Contains("client certificate", await FailureAsync(authority, wrong ? Issue(stranger, "CN=operator") : null), StringComparison.Ordinal);
}
