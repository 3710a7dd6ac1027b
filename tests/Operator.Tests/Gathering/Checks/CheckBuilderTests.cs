using LlmOps.Api;
using LlmOps.Operator.Engines;
using LlmOps.Operator.Gathering.Checks;
using LlmOps.Rollouts;
using Xunit;

namespace LlmOps.Operator.Tests.Gathering.Checks;

public sealed class CheckBuilderTests
{
    private static readonly Release Stable = new("r1", "s1", "p1");
    private static readonly Release Candidate = new("r2", "s2", "p2");
    private static readonly PrometheusPolicy Own = new(new Uri("http://prometheus:9090"), AllowSpecAddresses: false);
    private static readonly PrometheusClient Nobody = new(new HttpClient(), null, TimeProvider.System);

    [Fact]
    public void Placeholders_are_filled_in_for_each_track()
    {
        var check = Define(new CheckSpec
        {
            Name = "all",
            Prometheus = new PrometheusQuery { Query = "{{release}} {{servingHash}} {{track}} {{service}} {{namespace}} {{deployment}} [{{window}}] {{release}}" },
            Max = 1,
            Window = TimeSpan.FromSeconds(90),
        });
        Assert.Equal("r2 s2 candidate bot-s2 default bot [1m30s] r2", Query(check.Candidate));
        Assert.Equal("r1 s1 stable bot-s1 default bot [1m30s] r1", Query(check.Stable));
    }

    [Fact]
    public void Defaults_are_the_documented_ones()
    {
        var deployment = With(new CheckSpec { Name = "queue", Metric = CheckMetrics.QueueDepth, Max = 1 });
        Assert.Equal(new CheckPlan("queue", 3, TimeSpan.FromSeconds(70)), Assert.Single(CheckBuilder.Plan(deployment.Spec)));
        var check = Assert.Single(Build(deployment, Own));
        Assert.Equal((TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(180)), (check.Interval, check.MaxAge));
        Assert.Equal(new PrometheusTarget(new Uri("http://prometheus:9090"), WithToken: true), Target(check));
        Assert.Equal("""avg(avg_over_time(vllm:num_requests_waiting{namespace="default",pod=~"bot-s2-[a-z0-9]+-[a-z0-9]+"}[2m]))""", Query(check.Candidate));
    }

    [Fact]
    public void Each_track_is_asked_in_the_words_of_its_own_engine()
    {
        var deployment = With(new CheckSpec { Name = "queue", Metric = CheckMetrics.QueueDepth, Max = 1 });
        var check = CheckBuilder.Build(deployment, Candidate, Stable, release => release == Stable ? EngineTypes.Tgi : EngineTypes.VLlm, Sources(Own)).Single();
        Assert.Contains("vllm:num_requests_waiting", Query(check.Candidate), StringComparison.Ordinal);
        Assert.Contains("tgi_queue_size", Query(check.Stable), StringComparison.Ordinal);
    }

    [Fact]
    public void A_metric_that_the_engine_does_not_have_is_a_problem_and_never_another_metric()
    {
        var deployment = With(new CheckSpec { Name = "kv", Metric = CheckMetrics.KvCacheUsage, Max = 0.9 }, EngineTypes.Tgi);
        var problem = Assert.Single(CheckBuilder.Problems(deployment, Sources(Own)));
        Assert.Equal("check kv: TGI does not measure kvCacheUsage: use one of queueDepth, runningRequests, timePerOutputToken, requestLatency, errors, or a query of your own", problem);

        var unsupported = CheckBuilder.Build(deployment, Candidate, Stable, _ => EngineTypes.Tgi, Sources(Own)).Single();
        Assert.Equal(Verdict.NoData, unsupported.Candidate.Problem!.Silence);
        // A candidate on an engine that has it is measured, and not failed for what stable cannot say.
        var half = CheckBuilder.Build(deployment, Candidate, Stable, release => release == Stable ? EngineTypes.Tgi : EngineTypes.VLlm, Sources(Own)).Single();
        Assert.NotNull(half.Candidate.Question);
        Assert.Equal(TrackQuestion.NoData("TGI does not measure kvCacheUsage: use one of queueDepth, runningRequests, timePerOutputToken, requestLatency, errors, or a query of your own"), half.Stable);
    }

    [Fact]
    public void No_Prometheus_a_refused_address_and_an_unknown_placeholder_are_problems_that_say_what_to_do()
    {
        var own = new CheckSpec { Name = "a", Metric = CheckMetrics.QueueDepth, Max = 1 };
        var elsewhere = new CheckSpec { Name = "b", Prometheus = new PrometheusQuery { Query = "x{a=\"{{release}}\"}", Address = "http://other:9090/base/" }, Max = 1 };
        var unknown = new CheckSpec { Name = "c", Prometheus = new PrometheusQuery { Query = "x{a=\"{{relase}}\"}" }, Max = 1 };

        Assert.Contains("start it with --prometheus-url", Assert.Single(CheckBuilder.Problems(With(own), Sources(PrometheusPolicy.None))), StringComparison.Ordinal);
        Assert.Contains("prometheus.address is refused", Assert.Single(CheckBuilder.Problems(With(elsewhere), Sources(Own))), StringComparison.Ordinal);
        Assert.Contains("{{relase}}, which does not exist", Assert.Single(CheckBuilder.Problems(With(unknown), Sources(Own))), StringComparison.Ordinal);
        Assert.Equal(Verdict.ProviderError, Build(With(elsewhere), Own).Single().Candidate.Problem!.Silence);

        Assert.Empty(CheckBuilder.Problems(With(elsewhere), Sources(Own with { AllowSpecAddresses = true })));
        Assert.Equal(new PrometheusTarget(new Uri("http://other:9090/base/"), WithToken: false), Target(Build(With(elsewhere), Own with { AllowSpecAddresses = true }).Single()));
    }

    [Theory]
    [InlineData("errors_total", true)]
    [InlineData("sum(vllm:request_success_total{finished_reason=\"error\"})", true)]
    [InlineData("errors_total offset 5m", true)]
    [InlineData("errors_total{a=\"[x]\"}", true)]
    [InlineData("sum(rate(errors_total[5m]))", false)]
    [InlineData("sum(rate(errors_total{a=\"}\",b=\"c\"} [5m]))", false)]
    [InlineData("errors_total:rate5m", false)]
    [InlineData("queue_size", false)]
    [InlineData("histogram_quantile(0.9, sum by (le) (rate(seconds_bucket{a=\"b\"}[1m])))", false)]
    public void A_query_that_reads_a_counter_as_it_is_is_known(string query, bool isRaw) => Assert.Equal(isRaw, QueryTemplate.ReadsRawCounter(query));

    [Fact]
    public void Built_in_metrics_are_those_of_the_semantic_table()
    {
        Assert.Equal(CheckMetrics.All.Order(), EngineCatalog.Find(EngineTypes.VLlm)!.CheckQueries.Keys.Order());
        Assert.Equal(["errors", "queueDepth", "requestLatency", "runningRequests", "timePerOutputToken"], EngineCatalog.Find(EngineTypes.Tgi)!.CheckQueries.Keys.Order());
        Assert.Equal(["queueDepth", "runningRequests", "timePerOutputToken"], EngineCatalog.Find(EngineTypes.LlamaCpp)!.CheckQueries.Keys.Order());
        foreach (var query in new[] { EngineTypes.VLlm, EngineTypes.Tgi, EngineTypes.LlamaCpp }.SelectMany(type => EngineCatalog.Find(type)!.CheckQueries.Values))
        {
            Assert.False(QueryTemplate.ReadsRawCounter(query), query);
            Assert.Contains("{{service}}", query, StringComparison.Ordinal);
            Assert.Contains("{{namespace}}", query, StringComparison.Ordinal);
            Assert.Contains("[{{window}}]", query, StringComparison.Ordinal);
        }
    }

    private static CheckDefinition Define(CheckSpec check) => Build(With(check), Own).Single();

    private static IReadOnlyList<CheckDefinition> Build(LlmDeployment deployment, PrometheusPolicy policy) => CheckBuilder.Build(deployment, Candidate, Stable, _ => EngineTypes.VLlm, Sources(policy));

    private static CheckSources Sources(PrometheusPolicy policy) => new(new PrometheusSource(policy, Nobody));

    private static string Query(TrackQuestion track) => Assert.IsType<PrometheusQuestion>(track.Question).Query;

    private static PrometheusTarget Target(CheckDefinition check) => Assert.IsType<PrometheusQuestion>(check.Candidate.Question).Target;

    private static LlmDeployment With(CheckSpec check, string engine = EngineTypes.VLlm)
    {
        var deployment = Samples.Deployment(engine: engine);
        return deployment with { Spec = deployment.Spec with { Rollout = new RolloutSpec { Analysis = new AnalysisSpec { Checks = [check] } } } };
    }
}
