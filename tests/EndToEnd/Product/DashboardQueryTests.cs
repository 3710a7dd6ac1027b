using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LlmOps.Demo.Cluster;
using LlmOps.Demo.Stories;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.EndToEnd.Product;

/// <summary>A real Prometheus that scrapes operator and gateways while one release is promoted and the next reverted, and every query of the chart's dashboards.</summary>
[Collection(ProductCollection.Name)]
public sealed partial class DashboardQueryTests(ProductFixture product, ITestOutputHelper output) : IDisposable
{
    /// <summary>Troubles that do not happen here: users get no errors of a bad candidate. That the metrics are there under this name is a test of the metrics page.</summary>
    private static readonly string[] Troubles = ["llmops_gateway_retries_total", "informer_list_failures_total", "informer_watch_restarts_total", "code=~\"5..\""];

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
        var open = Queries(scene.Namespace).ToHashSet();
        var all = open.Count;
        Assert.True(all > 50, $"{all} queries");

        await scene.ApplyAsync(new() { Revision = "v2", Spec = pricing, Steps = "[{mirror: {percent: 100, maxConcurrent: 1}, hold: 2s, minRequests: 5}, {weight: 50, hold: 8s, minRequests: 20}]" }, ct);
        await scene.UntilTriedAsync("v2", 50, ct);
        await AskAsync(prometheus, open, ct);
        var second = scene.Status.Rollout!.Id;
        await scene.UntilEndedAsync(second, ct);
        await scene.ApplyAsync(new() { Revision = "v4-unstable", Spec = pricing, Steps = "[{weight: 50, hold: 10m}]" }, ct);
        var tried = await scene.UntilTriedAsync("v4-unstable", 50, ct);
        foreach (var (gateway, session) in product.Installation.Gateways.SelectMany(gateway => Enumerable.Range(0, 20).Select(session => (gateway, session))))
        {
            using var rated = await http.PostAsJsonAsync(new Uri(gateway, "/v1/feedback"), new { model = $"{scene.Namespace}/{Samples.Deployment}", session = $"rater-{session}", rating = "positive" }, ct);
            rated.EnsureSuccessStatusCode();
        }

        await AskAsync(prometheus, open, ct);
        await scene.ChangeCandidateAsync(new JsonObject { ["failures"] = new JsonObject { ["rate5xx"] = 0.5 } }, ct);
        Assert.Equal("Reverted", (await scene.UntilEndedAsync(tried.Rollout!.Id, ct)).Outcome);

        await scene.ApplyAsync(new() { Revision = "v3", Spec = pricing, Steps = "[{approve: {}}, {weight: 50}]" }, ct);
        // Each needs two scrapes behind the event that it tells of.
        await Eventually.TrueAsync(async token => await AskAsync(prometheus, open, token) == 0, ProductFixture.Patience, () => $"not answered of {all}:\n{string.Join("\n", open.Select(query => $"{query.Board} / {query.Panel}: {query.Expression}"))}");
        output.WriteLine($"{all} queries were answered");
    }

    private async Task<List<string>> TargetsAsync(CancellationToken ct)
    {
        var operators = (await product.Client.ListAsync<Pod>(Installation.Namespace, ct: ct)).Items
            .Where(pod => pod.Metadata.Labels?.GetValueOrDefault("app.kubernetes.io/name") == "llmops-operator" && pod.Status is { PodIP: not null, Phase: "Running" });
        return [.. operators.Select(pod => $"{pod.Status!.PodIP}:8080"), .. product.Installation.GatewayAdmins.Select(admin => admin.Authority)];
    }

    /// <summary>Queries of all panels without the zero that stands in for no series, since that would be an answer of its own.</summary>
    private static IEnumerable<(string Board, string Panel, string Expression)> Queries(string ns) =>
        from file in Directory.GetFiles(Path.Combine(Helm.Chart, "files", "dashboards"), "*.json")
        from panel in JsonNode.Parse(File.ReadAllText(file))!["panels"]!.AsArray()
        from target in panel!["targets"]?.AsArray() ?? []
        let expression = StandIn().Replace((string)target!["expr"]!, string.Empty)
        where !Troubles.Any(metric => expression.Contains(metric, StringComparison.Ordinal))
        select (Path.GetFileName(file), (string)panel["title"]!, expression.Replace("$namespace", ns, StringComparison.Ordinal).Replace("$deployment", Samples.Deployment, StringComparison.Ordinal).Replace("$__rate_interval", "30s", StringComparison.Ordinal));

    /// <summary>Strikes off those that are answered with at least one number; returns how many are left.</summary>
    private async Task<int> AskAsync(PrometheusServer prometheus, HashSet<(string Board, string Panel, string Expression)> open, CancellationToken ct)
    {
        foreach (var query in open.ToList())
        {
            using var response = await http.GetAsync(new Uri(prometheus.Address, $"/api/v1/query?query={Uri.EscapeDataString(query.Expression)}"), ct);
            var answer = (await response.Content.ReadFromJsonAsync<JsonNode>(ct))!;
            Assert.True((string?)answer["status"] == "success", $"{query.Board} / {query.Panel}: {query.Expression}: {answer["error"]}");
            if (answer["data"]!["result"]!.AsArray().Any(series => (string?)series!["value"]![1] is not ("NaN" or null)))
                open.Remove(query);
        }

        return open.Count;
    }

    [GeneratedRegex(@" or vector\(-?[0-9]+\)")]
    private static partial Regex StandIn();
}
