using System.Collections.Concurrent;
using System.Net;
using LlmOps.Api;
using LlmOps.Gateway.Routing;
using LlmOps.Gateway.Tests.Fakes;
using LlmOps.Kubernetes;
using LlmOps.Testing;
using Microsoft.Extensions.Logging;

namespace LlmOps.Gateway.Tests.Routing;

/// <summary>Routes from a watched cluster.</summary>
public sealed class RouteInformersTests : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private readonly CancellationTokenSource stop = new();
    private InProcessApiServer server = null!;
    private KubernetesClient client = null!;

    public async Task InitializeAsync()
    {
        server = await InProcessApiServer.StartAsync(new InProcessApiServerOptions { Namespaces = ["team-b", "team-c"] });
        server.InstallCrds(Repository.Path("crds"));
        client = new KubernetesClient(server.Configuration);
    }

    public async Task DisposeAsync()
    {
        await stop.CancelAsync();
        client.Dispose();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task A_written_status_routes_the_next_requests_and_a_revert_takes_them_back()
    {
        await using var bed = await GatewayBed.StartAsync();
        bed.Gateway.Routes.Apply(Cluster.Deployment(), (LlmDeployment?)null);
        var written = Cluster.Deployment(name: "live", stable: Cluster.Release("r1", "stable", 0, prompt: "p1"), candidate: Cluster.Release("r2", "candidate", 100));
        await client.CreateAsync(Cluster.Prompt("p1", [new PromptMessage { Role = "system", Template = "be kind" }]), stop.Token);
        await client.CreateAsync(Slice("stable", bed.Stable.Address), stop.Token);
        await client.CreateAsync(Slice("candidate", bed.Candidate.Address), stop.Token);
        await client.CreateAsync(written with { Status = null }, stop.Token);
        using var informers = new RouteInformers(client, [], bed.Gateway.Routes, new TestLogger(), TimeProvider.System);
        var running = informers.RunAsync(stop.Token);

        await WriteStatusAsync(written);
        await AnswersAsync(bed, Tracks.Candidate);

        await WriteStatusAsync(Cluster.Deployment(name: "live", stable: Cluster.Release("r1", "stable", 100, prompt: "p1"), candidate: Cluster.Release("r2", "candidate", 0), epoch: 2));
        await AnswersAsync(bed, Tracks.Stable);
        Assert.Equal("be kind", bed.Stable.LastBody.GetProperty("messages")[0].GetProperty("content").GetString());

        await client.DeleteAsync<LlmDeployment>(new ObjectKey("default", "live"), ct: stop.Token);
        await Eventually.TrueAsync(async ct => (await bed.ChatAsync(GatewayBed.Body(model: "live"), ct: ct)).Status == 404, Soon, () => "the model is gone");
        await stop.CancelAsync();
        await running.WaitAsync(Soon);
    }

    [Fact]
    public async Task It_watches_the_endpoints_of_releases_alone_and_reads_all_by_streams()
    {
        var asked = new ConcurrentQueue<ApiRequest>();
        server.Faults.Choose(request =>
        {
            if (request.UserAgent == "gateway")
                asked.Enqueue(request);
            return null;
        });
        await using var bed = await GatewayBed.StartAsync();
        using var reader = new KubernetesClient(server.Configuration with { UserAgent = "gateway" });
        var loggers = new TestLogger();
        using var informers = new RouteInformers(reader, [], bed.Gateway.Routes, loggers, TimeProvider.System);
        var running = informers.RunAsync(stop.Token);
        await Eventually.TrueAsync(() => asked.Count >= 3, Soon, "all is asked for");

        Assert.All(asked, request => Assert.True(request is { Verb: "watch", IsStreamedList: true }, request.ToString()));
        Assert.Equal("kubernetes.io/service-name,app.kubernetes.io/managed-by=llmops-operator", asked.Single(request => request.Plural == "endpointslices").Selectors.Labels);
        await stop.CancelAsync();
        await running.WaitAsync(Soon);
    }

    [Fact]
    public async Task A_gateway_of_some_namespaces_does_not_see_the_others()
    {
        await client.CreateAsync(Cluster.Deployment() with { Status = null }, stop.Token);
        await client.CreateAsync(Cluster.Deployment(ns: "team-b") with { Status = null }, stop.Token);
        await client.CreateAsync(Cluster.Deployment(name: "other", ns: "team-c") with { Status = null }, stop.Token);
        await using var bed = await GatewayBed.StartAsync();
        bed.Gateway.Routes.Apply(Cluster.Deployment(), (LlmDeployment?)null);
        using var informers = new RouteInformers(client, ["team-b", "team-c"], bed.Gateway.Routes, new TestLogger(), TimeProvider.System);
        var running = informers.RunAsync(stop.Token);

        await Eventually.TrueAsync(() => bed.Gateway.Routes.Current.Find("team-b/bot").Route is not null && bed.Gateway.Routes.Current.Find("team-c/other").Route is not null, Soon, "the namespaces are read");

        Assert.Null(bed.Gateway.Routes.Current.Find("default/bot").Route);
        Assert.Equal("team-b", bed.Gateway.Routes.Current.Find("bot").Route!.Deployment.Namespace);
        Assert.Equal("team-c", bed.Gateway.Routes.Current.Find("other").Route!.Deployment.Namespace);
        await stop.CancelAsync();
        await running.WaitAsync(Soon);
    }

    [Fact]
    public async Task A_gateway_whose_routes_are_no_longer_kept_up_says_so_and_ends()
    {
        var loggers = new TestLogger(line => _ = line.Contains("Routes are in sync", StringComparison.Ordinal) ? throw new NotSupportedException("no room for the log") : line);
        await using var gateway = await GatewayServer.StartAsync(
            new GatewayOptions { Bind = IPAddress.Loopback, ClientPort = 0, AdminPort = 0, MeterName = $"test-{Guid.NewGuid():N}" }, new SecretTokens(client, TimeProvider.System), TimeProvider.System, loggers, stop.Token);
        using var informers = new RouteInformers(client, [], gateway.Routes, new TestLogger(), TimeProvider.System);

        Assert.False(await gateway.ServeAsync(informers.RunAsync, Task.Delay(Timeout.InfiniteTimeSpan, stop.Token)).WaitAsync(Soon));

        var said = Assert.Single(loggers.Lines, line => line.Level == LogLevel.Critical);
        Assert.Equal(("RoutesFailed", "no room for the log"), (said.EventName, said.Exception?.Message));
        using var http = new HttpClient();
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(new Uri(gateway.AdminAddress, "/healthz")));
    }

    private static EndpointSlice Slice(string service, Uri address) => Cluster.Slice(service, address);

    private Task<LlmDeployment> WriteStatusAsync(LlmDeployment deployment) =>
        client.ApplyStatusAsync(deployment with { Metadata = new ObjectMeta { Name = deployment.Metadata.Name, Namespace = deployment.Metadata.Namespace } }, "test", ct: stop.Token);

    private static Task AnswersAsync(GatewayBed bed, string track) => Eventually.TrueAsync(
        async ct => (await bed.ChatAsync(GatewayBed.Body(model: "live"), ct: ct)).Track == track, Soon, () => $"{track} answers");
}
