using System.Net;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.EndToEnd.Faults;

/// <summary>The bed's own check of rights: it tells what a role lacks, and nothing else.</summary>
public sealed class AccountsTests(ITestOutputHelper output)
{
    [RealApiServerFact]
    public async Task What_an_api_server_refuses_before_it_knows_the_roles_is_no_refusal_and_what_a_role_lacks_is()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        var ct = limit.Token;
        await using var plane = await ControlPlane.StartAsync(ct: ct);
        using var administrator = new KubernetesClient(KubernetesClientConfiguration.Load(plane.KubeconfigPath));
        var accounts = new Accounts(plane, administrator);
        await accounts.CreateAsync(ct);
        using var client = new KubernetesClient(KubernetesClientConfiguration.Load(accounts.OperatorKubeconfig));

        // The moment is short: one start in three or so shows it.
        var (asked, early) = (0, 0);
        for (var start = 0; start < 10 && early == 0; start++)
        {
            await plane.KillApiServerAsync();
            var restart = plane.RestartApiServerAsync(ct);
            await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
            {
                while (!restart.IsCompleted)
                {
                    // Each of another namespace, for an access is recorded once.
                    if (await AskAsync(client, $"/api/v1/namespaces/n{Interlocked.Increment(ref asked)}/pods", ct) == HttpStatusCode.Forbidden)
                        Interlocked.Increment(ref early);
                }
            }));
            await restart;
        }

        output.WriteLine($"{early} requests were refused before the API server was ready");
        Assert.Equal(HttpStatusCode.OK, await AskAsync(client, "/api/v1/namespaces/default/pods", ct));
        Assert.Equal([], accounts.Refusals());

        Assert.Equal(HttpStatusCode.Forbidden, await AskAsync(client, "/api/v1/persistentvolumes/other", ct));
        Assert.Equal(["system:serviceaccount:llmops-system:llmops-operator get /persistentvolumes /other"], accounts.Refusals());
    }

    /// <summary>Null when nobody answers.</summary>
    private static async Task<HttpStatusCode?> AskAsync(KubernetesClient client, string path, CancellationToken ct)
    {
        try
        {
            using var answer = await client.RawAsync(HttpMethod.Get, path, null, ct);
            return answer.StatusCode;
        }
        catch (Exception e) when (e is KubernetesException or HttpRequestException)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, ct);
            return null;
        }
    }
}
