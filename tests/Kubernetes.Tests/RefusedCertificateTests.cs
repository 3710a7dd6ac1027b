using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LlmOps.Kubernetes.Tests.Conformance;
using Xunit;

namespace LlmOps.Kubernetes.Tests;

/// <summary>What the real API server says of client certificates that it does not accept: nothing in the handshake, then 401 and one word.</summary>
[RequiresRealApiServer]
public sealed class RefusedCertificateTests(RealCluster cluster) : IClassFixture<RealCluster>
{
    [ConformanceFact]
    public async Task A_certificate_of_somebody_else_is_told_with_its_name_and_date() =>
        Assert.Contains("Unauthorized (401): it does not accept the client certificate (subject CN=stranger, valid until 20", await MessageAsync(1), StringComparison.Ordinal);

    [ConformanceFact]
    public async Task A_certificate_that_has_expired_is_told_as_that() =>
        Assert.Contains("does not accept the client certificate (subject CN=stranger, expired at 20", await MessageAsync(-1), StringComparison.Ordinal);

    private async Task<string> MessageAsync(int days)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = new CertificateRequest("CN=stranger", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-2), now.AddDays(days));
        using var client = new KubernetesClient(cluster.Client.Configuration with { ClientCertificate = certificate, Token = null });
        return (await Assert.ThrowsAsync<KubernetesException>(() => client.ListAsync<Namespace>())).Message;
    }
}
