using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LlmOps.Demo.Cluster;
using LlmOps.Demo.Stories;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.EndToEnd.Product;

/// <summary>
/// A real Prometheus that scrapes operator and gateways while one release is promoted and the next reverted, and every query of the chart's dashboards but those of <c>DashboardTroubleTests</c>: no candidate
/// makes users get errors.
/// </summary>
[Collection(ProductCollection.Name)]
public sealed class DashboardQueryTests(ProductFixture product, ITestOutputHelper output) : IDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(30) };

    public void Dispose() => http.Dispose();

    [RealApiServerFact]
    public async Task Every_query_of_the_dashboards_is_answered_while_releases_come_and_go()
    {
        Assert.True(PrometheusServer.Problem is null, PrometheusServer.Problem);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        var ct = limit.Token;
        string[] pricing = ["pricing: {currency: EUR, inputPerMillion: 1, outputPerMillion: 2}"];
        await using var prometheus = await PrometheusServer.StartAsync([.. (await TargetsAsync(ct)).Select(address => new ScrapeTarget(address, new Dictionary<string, string>()))], TimeSpan.FromSeconds(1));
        await using var scene = await product.ServeAsync(new Wanted { Spec = pricing }, ct);
        await using var users = scene.Users(40);
        var queries = new DashboardQueries(prometheus, scene.Namespace, query => !query.IsTrouble);
        Assert.True(queries.Count > 50, $"{queries.Count} queries");

        await scene.ApplyAsync(new() { Revision = "v2", Spec = pricing, Steps = "[{mirror: {percent: 100, maxConcurrent: 1}, hold: 2s, minRequests: 5}, {weight: 50, hold: 8s, minRequests: 20}]" }, ct);
        await scene.UntilTriedAsync("v2", 50, ct);
        await queries.AskAsync(ct);
        var second = scene.Status.Rollout!.Id;
        await scene.UntilEndedAsync(second, ct);
        await scene.ApplyAsync(new() { Revision = "v4-unstable", Spec = pricing, Steps = "[{weight: 50, hold: 10m}]" }, ct);
        var tried = await scene.UntilTriedAsync("v4-unstable", 50, ct);
        foreach (var (gateway, session) in product.Installation.Gateways.SelectMany(gateway => Enumerable.Range(0, 20).Select(session => (gateway, session))))
        {
            using var rated = await http.PostAsJsonAsync(new Uri(gateway, "/v1/feedback"), new { model = $"{scene.Namespace}/{Samples.Deployment}", session = $"rater-{session}", rating = "positive" }, ct);
            rated.EnsureSuccessStatusCode();
        }

        await queries.AskAsync(ct);
        await scene.ChangeCandidateAsync(new JsonObject { ["failures"] = new JsonObject { ["rate5xx"] = 0.5 } }, ct);
        Assert.Equal("Reverted", (await scene.UntilEndedAsync(tried.Rollout!.Id, ct)).Outcome);

        await scene.ApplyAsync(new() { Revision = "v3", Spec = pricing, Steps = "[{approve: {}}, {weight: 50}]" }, ct);
        // Each needs two scrapes behind the event that it tells of.
        await Eventually.TrueAsync(async token => await queries.AskAsync(token) == 0, ProductFixture.Patience, () => $"not answered of {queries.Count}:\n{queries.Open}");
        output.WriteLine($"{queries.Count} queries were answered");
    }

    private async Task<List<string>> TargetsAsync(CancellationToken ct)
    {
        var operators = (await product.Client.ListAsync<Pod>(Installation.Namespace, ct: ct)).Items
            .Where(pod => pod.Metadata.Labels?.GetValueOrDefault("app.kubernetes.io/name") == "llmops-operator" && pod.Status is { PodIP: not null, Phase: "Running" });
        return [.. operators.Select(pod => $"{pod.Status!.PodIP}:8080"), .. product.Installation.GatewayAdmins.Select(admin => admin.Authority)];
    }
}
