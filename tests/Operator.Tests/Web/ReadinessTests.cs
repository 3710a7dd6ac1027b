using System.Net;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Web;

/// <summary>When the operator says that it is ready.</summary>
public sealed class ReadinessTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("nodes")]
    [InlineData("httproutes.gateway.networking.k8s.io")]
    [InlineData("virtualservices.networking.istio.io")]
    public async Task A_stand_by_is_ready_once_all_its_caches_are_filled_and_not_before(string last)
    {
        await using var world = await TestWorld.StartAsync(output.WriteLine, withOperator: false, withRouter: true);
        await world.Client.CreateAsync(
            new Lease
            {
                Metadata = new ObjectMeta { Name = "llmops-operator", Namespace = "llmops-system" },
                Spec = new LeaseSpec { HolderIdentity = "another", LeaseDurationSeconds = 3600, AcquireTime = DateTimeOffset.UtcNow, RenewTime = DateTimeOffset.UtcNow },
            },
            CancellationToken.None);
        var port = LoopbackPorts.Take(1)[0];
        world.Options = options => options with { LeaderElect = true, BindAddress = IPAddress.Loopback, HealthPort = port };
        var gate = new FaultGate();
        world.Server.Faults.When(request => request is { Verb: "list" or "watch" } && request.GroupResource == last && TestWorld.IsFromOperator(request), FaultEffect.HangBefore(gate));
        // Its time stands, so that it does not lose patience with what is late.
        world.StartOperator(new ManualTime());

        using var http = new HttpClient();
        async Task<(HttpStatusCode Status, string Text)> GetAsync(string path)
        {
            using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{port}{path}"));
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }

        await gate.Reached;
        await TestWorld.UntilAsync(() => world.Server.Requests.Count("watch", "llmdeployments.llmops.dev") > 0 && world.Server.Requests.Count("watch", "pods") > 1, "the other caches are being filled");
        await Eventually.TrueAsync(async _ => await GetAsync("/healthz") == (HttpStatusCode.OK, "ok\n"), TimeSpan.FromSeconds(60), () => "it answers");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "caches are being filled\n"), await GetAsync("/readyz"));

        gate.Release();
        await Eventually.TrueAsync(async _ => (await GetAsync("/readyz")).Status == HttpStatusCode.OK, TimeSpan.FromSeconds(60), () => "it is ready");
        Assert.Empty(world.OperatorWrites);
    }
}
