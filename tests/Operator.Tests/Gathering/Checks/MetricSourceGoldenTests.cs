using System.Net;
using System.Text;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering.Checks;
using LlmOps.Operator.Hosting;
using LlmOps.Rollouts;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.Operator.Tests.Gathering.Checks;

/// <summary>What goes over the wire for a check of each source, once for the candidate and once for stable. A new source adds its check here.</summary>
public sealed class MetricSourceGoldenTests
{
    private static readonly CheckSpec[] Checks =
    [
        new() { Name = "metric", Metric = CheckMetrics.TimeToFirstToken, MaxTimesStable = 1.5 },
        new() { Name = "prometheus", Prometheus = new() { Query = "sum(rate(refusals_total{release=\"{{release}}\",track=\"{{track}}\"}[{{window}}]))" }, Max = 0.1, Window = TimeSpan.FromMinutes(5) },
        new() { Name = "prometheus-elsewhere", Prometheus = new() { Query = "up{pod=~\"{{service}}-.*\"}", Address = "https://prometheus.example.com/tenant/" }, Min = 1 },
        new() { Name = "http", Http = new() { Url = "https://evals.example.com/api/quality?model={{namespace}}%2F{{deployment}}&release={{release}}&over={{window}}", Value = "/data/0/score" }, Min = 0.9 },
        new()
        {
            Name = "http-with-credentials",
            Http = new()
            {
                Url = "https://evals.example.com/api/{{track}}/{{servingHash}}",
                Value = "",
                Header = new() { Name = "Authorization", Scheme = "Basic", SecretKeyRef = new() { Name = "evals", Key = "basic" } },
            },
            MaxTimesStable = 2,
        },
    ];

    [Fact]
    public async Task A_check_of_each_source_sends_the_golden_requests()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "metric-token");
        using var wire = new Wire();
        using var http = new HttpClient(wire);
        var time = new ManualTime();
        var options = new OperatorOptions
        {
            PrometheusUrl = new("http://prometheus.monitoring.svc:9090"),
            PrometheusTokenFile = file,
            AllowPrometheusAddresses = true,
            AllowedCheckUrls = [new("https://evals.example.com/api")],
        };
        var secrets = new SecretTokens((key, _) => Task.FromResult<Secret?>(new() { Metadata = new() { Name = key.Name }, Data = new Dictionary<string, string> { ["basic"] = Convert.ToBase64String("cGs6c2s="u8) } }), time);
        var sources = CheckSources.Create(options, http, secrets, time);
        var deployment = Samples.Deployment();
        deployment = deployment with { Spec = deployment.Spec with { Rollout = new RolloutSpec { Analysis = new AnalysisSpec { Checks = Checks } } } };

        Assert.Empty(CheckBuilder.Problems(deployment, sources));
        foreach (var check in CheckBuilder.Build(deployment, new Release("r2", "s2", "p2"), new Release("r1", "s1", "p1"), _ => EngineTypes.VLlm, sources))
        {
            foreach (var (track, asked) in new[] { (Tracks.Candidate, check.Candidate), (Tracks.Stable, check.Stable) })
            {
                wire.Text.Append(System.Globalization.CultureInfo.InvariantCulture, $"# {check.Name}, {track}\n");
                await asked.Question!.AskAsync(check.MaxAge, CancellationToken.None);
            }
        }

        Golden.EqualText("check-requests.txt", wire.Text.ToString());
        File.Delete(file);
    }

    [Fact]
    public void A_check_of_no_source_or_of_several_is_a_problem_and_never_a_default()
    {
        using var http = new HttpClient();
        var sources = CheckSources.Create(new OperatorOptions { PrometheusUrl = new("http://prometheus:9090") }, http, new SecretTokens((_, _) => Task.FromResult<Secret?>(null), TimeProvider.System), TimeProvider.System);
        var scope = new QueryScope("default", "bot", "r2", "s2", "bot-s2", Tracks.Candidate, "2m", EngineTypes.VLlm);
        foreach (var check in new[] { new CheckSpec { Name = "none", Max = 1 }, Checks[0] with { Http = Checks[3].Http } })
        {
            var asked = sources.Phrase(check, scope);
            Assert.Equal((null, Verdict.ProviderError), (asked.Question, asked.Problem!.Silence));
            Assert.Contains("set exactly one", asked.Problem.Problem, StringComparison.Ordinal);
        }
    }

    /// <summary>Writes requests down as they are sent, headers in their order.</summary>
    private sealed class Wire : HttpMessageHandler
    {
        public StringBuilder Text { get; } = new();

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{request.Method} {request.RequestUri!.AbsoluteUri}\n");
            foreach (var header in request.Headers.Concat(request.Content?.Headers ?? Enumerable.Empty<KeyValuePair<string, IEnumerable<string>>>()).Where(header => header.Key != "Content-Length"))
                Text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{header.Key}: {string.Join(", ", header.Value)}\n");
            if (request.Content is { } content)
                Text.Append('\n').Append(await content.ReadAsStringAsync(cancellationToken)).Append('\n');
            Text.Append('\n');
            return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("1") };
        }
    }
}
