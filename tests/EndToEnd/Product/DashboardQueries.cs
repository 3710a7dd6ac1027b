using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LlmOps.Demo.Cluster;
using LlmOps.Demo.Stories;
using LlmOps.LocalCluster;
using Xunit;

namespace LlmOps.EndToEnd.Product;

/// <summary>Queries of the chart's dashboards, asked of a Prometheus until each was answered with a number once.</summary>
internal sealed partial class DashboardQueries
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(30) };

    private readonly PrometheusServer prometheus;
    private readonly HashSet<Query> open;

    /// <param name="prometheus">Answers.</param>
    /// <param name="ns">Namespace of the LlmDeployment that the dashboards are to show.</param>
    /// <param name="chosen">Which of them.</param>
    public DashboardQueries(PrometheusServer prometheus, string ns, Predicate<Query> chosen)
    {
        this.prometheus = prometheus;
        open = [.. All(ns).Where(query => chosen(query))];
        Count = open.Count;
    }

    /// <summary>How many there are, answered or not.</summary>
    public int Count { get; }

    /// <summary>Those that were not answered, for a message.</summary>
    public string Open => string.Join("\n", open.Select(query => $"{query.Board} / {query.Panel}: {query.Expression}"));

    /// <summary>Strikes off those that are answered with at least one number; returns how many are left.</summary>
    public async Task<int> AskAsync(CancellationToken ct)
    {
        foreach (var query in open.ToList())
        {
            using var response = await Http.GetAsync(new Uri(prometheus.Address, $"/api/v1/query?query={Uri.EscapeDataString(query.Expression)}"), ct);
            var answer = (await response.Content.ReadFromJsonAsync<JsonNode>(ct))!;
            Assert.True((string?)answer["status"] == "success", $"{query.Board} / {query.Panel}: {query.Expression}: {answer["error"]}");
            if (answer["data"]!["result"]!.AsArray().Any(series => (string?)series!["value"]![1] is not ("NaN" or null)))
                open.Remove(query);
        }

        return open.Count;
    }

    /// <summary>Of all panels, without the zero that stands in for no series, since that would be an answer of its own.</summary>
    private static IEnumerable<Query> All(string ns) =>
        from file in Directory.GetFiles(Path.Combine(Helm.Chart, "files", "dashboards"), "*.json")
        from panel in JsonNode.Parse(File.ReadAllText(file))!["panels"]!.AsArray()
        from target in panel!["targets"]?.AsArray() ?? []
        let expression = StandIn().Replace((string)target!["expr"]!, string.Empty)
        select new Query(
            Path.GetFileName(file),
            (string)panel["title"]!,
            expression.Replace("$namespace", ns, StringComparison.Ordinal).Replace("$deployment", Samples.Deployment, StringComparison.Ordinal).Replace("$__rate_interval", "30s", StringComparison.Ordinal));

    [GeneratedRegex(@" or vector\(-?[0-9]+\)")]
    private static partial Regex StandIn();

    internal sealed record Query(string Board, string Panel, string Expression)
    {
        private static readonly string[] Troubles = ["llmops_gateway_retries_total", "informer_list_failures_total", "informer_watch_restarts_total", "code=~\"5..\""];

        /// <summary>Whether it tells of what users feel, or of an API server that is away.</summary>
        public bool IsTrouble => Troubles.Any(metric => Expression.Contains(metric, StringComparison.Ordinal));
    }
}
