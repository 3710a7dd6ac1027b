using System.Net;
using System.Security.Cryptography.X509Certificates;
using LlmOps.LocalCluster;
using Xunit;

namespace LlmOps.EndToEnd.TestBed;

public sealed class ControlPlaneTests
{
    [Fact]
    public async Task Api_server_keeps_its_data_and_its_port_over_a_crash()
    {
        await using var plane = await ControlPlane.StartAsync();
        using var client = Client(plane);
        using var created = await client.PostAsync(
            new Uri(plane.Server, "/api/v1/namespaces/default/configmaps"),
            new StringContent("""{"metadata":{"name":"kept"}}""", null, "application/json"));
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        var (server, pid) = (plane.Server, plane.ApiServerPid);

        await plane.KillApiServerAsync();
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri(plane.Server, "/readyz")));
        await plane.RestartApiServerAsync();

        Assert.Equal(server, plane.Server);
        Assert.NotEqual(pid, plane.ApiServerPid);
        using var kept = await client.GetAsync(new Uri(plane.Server, "/api/v1/namespaces/default/configmaps/kept"));
        Assert.Equal(HttpStatusCode.OK, kept.StatusCode);
    }

    [Fact]
    public async Task Nothing_is_left_behind_after_a_dispose()
    {
        var plane = await ControlPlane.StartAsync();
        int[] processes = [plane.ApiServerPid, plane.EtcdPid];
        Assert.All(processes, pid => Assert.True(Directory.Exists($"/proc/{pid}")));

        await plane.DisposeAsync();

        Assert.All(processes, pid => Assert.False(Directory.Exists($"/proc/{pid}")));
        Assert.False(Directory.Exists(plane.DataDirectory));
    }

    private static HttpClient Client(ControlPlane plane)
    {
        var pki = Path.Combine(plane.DataDirectory, "pki");
        var handler = new SocketsHttpHandler { UseProxy = false };
        handler.SslOptions.ClientCertificates = [X509Certificate2.CreateFromPemFile(Path.Combine(pki, "admin.crt"), Path.Combine(pki, "admin.key"))];
        handler.SslOptions.CertificateChainPolicy = new()
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            CustomTrustStore = { X509CertificateLoader.LoadCertificateFromFile(Path.Combine(pki, "ca.crt")) },
        };
        return new HttpClient(handler);
    }
}
