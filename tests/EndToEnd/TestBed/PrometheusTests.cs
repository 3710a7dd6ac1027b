using System.Net.Http.Json;
using LlmOps.Api;
using LlmOps.EngineEmulator;
using LlmOps.EngineEmulator.Behaviour;
using LlmOps.EngineEmulator.Catalog;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using LlmOps.LocalCluster.Processes;
using LlmOps.Operator.Engines;
using LlmOps.Operator.Gathering.Checks;
using LlmOps.Rollouts;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.EndToEnd.TestBed;

/// <summary>The built-in metrics of checks, asked of a real Prometheus that scrapes engines under load.</summary>
public sealed class PrometheusTests(ITestOutputHelper output) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly Release Stable = new("r1", "s1", "p1");
    private static readonly Release Candidate = new("r2", "s2", "p2");

    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(30) };

    public void Dispose() => http.Dispose();

    [PrometheusFact]
    public async Task Every_built_in_metric_of_vLLM_has_a_number_for_each_track_and_the_slow_candidate_is_told_from_stable()
    {
        await using var stable = await EmulateAsync(EngineKind.Vllm, ttftMs: 5);
        await using var candidate = await EmulateAsync(EngineKind.Vllm, ttftMs: 150);
        await using var prometheus = await ScrapeAsync(stable.Address, candidate.Address);

        var values = await MeasureAsync(prometheus, EngineTypes.VLlm, [(stable.Address, "org/model"), (candidate.Address, "org/model")]);

        Assert.Equal(CheckMetrics.All.Order(), values.Keys.Order());
        Assert.InRange(values[CheckMetrics.TimeToFirstToken].Candidate, 0.1, 1);
        Assert.Equal(Verdict.Fail, Judge(values[CheckMetrics.TimeToFirstToken], maxTimesStable: 3));
        Assert.Equal(Verdict.Pass, Judge(values[CheckMetrics.Errors], maxTimesStable: 3));
        Assert.Equal(0, values[CheckMetrics.Errors].Candidate);
    }

    [PrometheusFact]
    public async Task Every_built_in_metric_of_TGI_has_a_number_for_each_track()
    {
        await using var stable = await EmulateAsync(EngineKind.Tgi, ttftMs: 5);
        await using var candidate = await EmulateAsync(EngineKind.Tgi, ttftMs: 5);
        await using var prometheus = await ScrapeAsync(stable.Address, candidate.Address);

        var values = await MeasureAsync(prometheus, EngineTypes.Tgi, [(stable.Address, "tgi"), (candidate.Address, "tgi")]);

        Assert.Equal(EngineCatalog.Find(EngineTypes.Tgi)!.CheckQueries.Keys.Order(), values.Keys.Order());
        Assert.Equal(0, values[CheckMetrics.Errors].Candidate);
    }

    [PrometheusFact]
    public async Task Every_built_in_metric_of_the_real_llama_cpp_server_has_a_number()
    {
        Assert.True(RealEngine.Probe().IsAvailable, RealEngine.Probe().Reason);
        var engine = await RealEngine.PrepareAsync();
        var address = new Uri($"http://127.0.0.1:{LoopbackPorts.Take(1)[0]}");
        await using var server = await ChildProcess.StartAsync(new()
        {
            Executable = engine.Executable,
            Arguments = [.. engine.Arguments, "-m", engine.ModelPath, "--host", address.Host, "--port", $"{address.Port}", "--metrics", "-np", "1", "-c", "512", "--no-webui"],
            Environment = engine.Environment.ToDictionary(pair => pair.Key, pair => (string?)pair.Value),
            LogFile = Path.GetTempFileName(),
        });
        await Eventually.TrueAsync(async ct => (await http.GetAsync(new Uri(address, "/health"), ct)).IsSuccessStatusCode, Patience, () => server.LogTail());
        await using var prometheus = await ScrapeAsync(address, address);

        var values = await MeasureAsync(prometheus, EngineTypes.LlamaCpp, [(address, "tiny")]);

        Assert.Equal(EngineCatalog.Find(EngineTypes.LlamaCpp)!.CheckQueries.Keys.Order(), values.Keys.Order());
        Assert.InRange(values[CheckMetrics.TimePerOutputToken].Candidate, 1e-9, 10);
        File.Delete(server.LogFile);
    }

    [PrometheusFact]
    public async Task Errors_of_a_failing_candidate_are_their_share_of_its_requests()
    {
        await using var stable = await EmulateAsync(EngineKind.Vllm, ttftMs: 1);
        await using var candidate = await EmulateAsync(EngineKind.Vllm, ttftMs: 1, errorRate: 1);
        await using var prometheus = await ScrapeAsync(stable.Address, candidate.Address);

        var (failing, healthy) = (await MeasureAsync(prometheus, EngineTypes.VLlm, [(stable.Address, "org/model"), (candidate.Address, "org/model")], CheckMetrics.Errors))[CheckMetrics.Errors];

        Assert.Equal((1, 0), (Math.Round(failing, 3), healthy));
    }

    private static Verdict Judge((double Candidate, double Stable) values, double maxTimesStable) =>
        CheckJudge.Judge(new(null, null, maxTimesStable), Reading.Of(values.Candidate), Reading.Of(values.Stable)).Verdict;

    private static Task<EmulatorServer> EmulateAsync(EngineKind engine, double ttftMs, double errorRate = 0) => EmulatorServer.StartAsync(new EmulatorOptions
    {
        Engine = engine,
        Profile = new ModelProfile
        {
            Model = "org/model",
            TtftMs = new LatencyProfile { Median = ttftMs },
            TpotMs = new LatencyProfile { Median = 1 },
            Failures = new FailureProfile { Rate5xx = errorRate },
        },
    });

    /// <summary>A pod of each track, with the labels that a cluster's scrape configuration sets.</summary>
    private static Task<PrometheusServer> ScrapeAsync(Uri stable, Uri candidate) => PrometheusServer.StartAsync(
        [
            new(stable.Authority, new Dictionary<string, string> { ["namespace"] = "default", ["pod"] = "bot-s1-7d9f8b6c5-x2x4z" }),
            new(candidate.Authority, new Dictionary<string, string> { ["namespace"] = "default", ["pod"] = "bot-s2-5c6b7d8f9-q8w7e" }),
            // Another deployment's, which no query may take in.
            new(candidate.Authority, new Dictionary<string, string> { ["namespace"] = "default", ["pod"] = "bot-s2-other-5c6b7d8f9-q8w7e" }),
        ],
        TimeSpan.FromMilliseconds(500));

    /// <summary>Sends requests until every metric (or the given one) has a number for both tracks.</summary>
    private async Task<Dictionary<string, (double Candidate, double Stable)>> MeasureAsync(PrometheusServer prometheus, string engineType, (Uri Address, string Model)[] engines, params string[] metrics)
    {
        var names = metrics.Length > 0 ? metrics : [.. EngineCatalog.Find(engineType)!.CheckQueries.Keys];
        var source = new PrometheusSource(new(prometheus.Address, AllowSpecAddresses: false), new(http, null, TimeProvider.System));
        var checks = CheckBuilder.Build(Deployment(engineType, names), Candidate, Stable, _ => engineType, new CheckSources(source));
        var values = new Dictionary<string, (double, double)>();
        var silent = new Dictionary<string, string>();
        await Eventually.TrueAsync(
            async ct =>
            {
                await Task.WhenAll(engines.Select(engine => AskAsync(engine.Address, engine.Model, ct)));
                (values, silent) = ([], []);
                foreach (var check in checks)
                {
                    var (candidate, stable) = (await check.Candidate.Question!.AskAsync(check.MaxAge, ct), await check.Stable.Question!.AskAsync(check.MaxAge, ct));
                    if (candidate.Silence is null && stable.Silence is null)
                        values[check.Name] = (candidate.Value, stable.Value);
                    else
                        silent[check.Name] = $"{candidate.Problem} {stable.Problem}";
                }

                return silent.Count == 0;
            },
            Patience,
            () => $"numbers for {string.Join("; ", silent.Select(pair => $"{pair.Key}: {pair.Value}"))}\n{prometheus.LogTail}");
        foreach (var (name, (candidate, stable)) in values)
            output.WriteLine($"{engineType} {name}: candidate {candidate:0.####}, stable {stable:0.####}");
        return names.ToDictionary(metric => metric, metric => values[Dns(metric)]);
    }

    private static LlmDeployment Deployment(string engine, IEnumerable<string> metrics) => new()
    {
        Metadata = new ObjectMeta { Name = "bot", Namespace = "default" },
        Spec = new LlmDeploymentSpec
        {
            Model = new ModelSpec { Source = "hf://org/model" },
            Engine = new EngineSpec { Type = engine },
            Rollout = new RolloutSpec
            {
                Analysis = new AnalysisSpec { Checks = [.. metrics.Select(metric => new CheckSpec { Name = Dns(metric), Metric = metric, Max = 1, Window = TimeSpan.FromSeconds(10) })] },
            },
        },
    };

    private static string Dns(string metric) => string.Concat(metric.Select(letter => char.IsAsciiLetterUpper(letter) ? $"-{char.ToLowerInvariant(letter)}" : $"{letter}"));

    private async Task AskAsync(Uri engine, string model, CancellationToken ct)
    {
        using var answer = await http.PostAsJsonAsync(new Uri(engine, "/v1/chat/completions"), new { model, max_tokens = 8, messages = new[] { new { role = "user", content = "hello" } } }, ct);
    }
}
