using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using LlmOps.Operator.Tests.World;
using Microsoft.AspNetCore.Http;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Access;

/// <summary>
/// Secrets of the operator itself, looked for in all that it says: what it writes to the API server, events included, lines of its log with their exceptions, spans,
/// metrics, the last decision. The same in the end-to-end run, with the secrets of releases.
/// </summary>
public sealed class PlantedSecretTests(ITestOutputHelper output)
{
    private const string MetricToken = "planted-metric-token";
    private const string EngineKey = "planted-engine-key";
    private const string CheckToken = "planted-check-token";

    [Theory]
    [InlineData(401)]
    [InlineData(400)]
    [InlineData(200)]
    public async Task A_metric_source_that_repeats_the_credentials_that_it_was_sent_is_not_quoted(int status)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, MetricToken);
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == KubernetesTracing.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using var prometheus = await FakePrometheus.StartAsync();
        prometheus.Reply = _ => new((context, _) =>
        {
            context.Response.StatusCode = status;
            return context.Response.WriteAsync($$"""{"status":"error","error":"no use for {{context.Request.Headers.Authorization}}"}""");
        });
        await using var api = await FakeMetricApi.StartAsync();
        api.Reply = _ => PrometheusReply.Body($$"""{"score":"{{CheckToken}}","error":"no use for {{CheckToken}}"}""", status);
        await using var world = await TestWorld.StartAsync(output.WriteLine, withOperator: false);
        var ports = LoopbackPorts.Take(2);
        world.Options = options => options with
        {
            PrometheusUrl = prometheus.Address,
            PrometheusTokenFile = file,
            AllowedCheckUrls = [api.Address],
            BindAddress = IPAddress.Loopback,
            MetricsPort = ports[0],
            DebugPort = ports[1],
        };
        world.StartOperator();
        await world.ApplyAsync(new Secret
        {
            Metadata = new ObjectMeta { Name = "keys", Namespace = Samples.Namespace },
            Data = new Dictionary<string, string> { ["apiKey"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(EngineKey)), ["check"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(CheckToken)) },
        });
        world.Engine.Keys = [EngineKey];
        await world.ApplyAsync(Samples.AsApplied(Samples.Gate()));
        await world.ApplyAsync(WithSecrets("v1", api));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable: not null }, "the first release serves");
        await world.ApplyAsync(WithSecrets("v2", api));
        await world.UntilAsync(deployment => deployment.Status?.Rollout is { Reason: Reasons.WaitingForMetrics, Checks: [{ Verdict: Verdicts.ProviderError }, { Verdict: Verdicts.ProviderError }] }, "it waits for the metrics");

        Assert.Contains($"Bearer {MetricToken}", prometheus.Tokens);
        Assert.Contains(api.Requests, request => request.ApiKey == CheckToken);
        Assert.Contains(world.Engine.Credentials, sent => sent.Authorization == $"Bearer {EngineKey}");
        using var http = new HttpClient();
        var dump = await http.GetStringAsync(new Uri($"http://127.0.0.1:{ports[1]}/debug/decisions/{Samples.Namespace}/bot"));
        Assert.Contains("ProviderError", dump, StringComparison.OrdinalIgnoreCase);
        Search("the last decision", dump);
        Search("metrics", await http.GetStringAsync(new Uri($"http://127.0.0.1:{ports[0]}/metrics")));
        await TestWorld.UntilAsync(() => world.Server.FindAll("events.events.k8s.io", Samples.Namespace).Count > 0, "an event is there");
        foreach (var kind in world.OperatorWrites.Select(write => write.Request.GroupResource).Distinct())
        {
            foreach (var obj in world.Server.FindAll(kind, Samples.Namespace))
                Search(kind, obj.ToJsonString());
        }

        Assert.NotEmpty(world.Logger.Lines);
        foreach (var line in world.Logger.Lines)
            Search("the log", $"{line} {line.Exception} {string.Join(" ", line.Scopes)}");
        Assert.NotEmpty(spans);
        foreach (var span in spans)
            Search("a span", $"{span.DisplayName} {span.StatusDescription} {string.Join(" ", span.TagObjects)} {string.Join(" ", span.Events)}");
        File.Delete(file);
    }

    private static void Search(string where, string text)
    {
        foreach (var secret in new[] { MetricToken, EngineKey, CheckToken })
            Assert.False(text.Contains(secret, StringComparison.Ordinal) || text.Contains(Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)), StringComparison.Ordinal), $"{secret} is in {where}: {text}");
    }

    private static LlmDeployment WithSecrets(string revision, FakeMetricApi api)
    {
        var canary = Scenarios.CheckTests.Canary(revision);
        var quality = new CheckSpec
        {
            Name = "quality",
            Http = new HttpQuery { Url = $"{api.Address}{{{{track}}}}", Value = "/score", Header = new CredentialHeader { Name = "X-Api-Key", SecretKeyRef = new SecretKeyReference { Name = "keys", Key = "check" } } },
            Max = 1,
            Interval = TimeSpan.FromMilliseconds(200),
        };
        return canary with
        {
            Spec = canary.Spec with
            {
                Engine = canary.Spec.Engine with { ApiKeySecretRef = new SecretKeyReference { Name = "keys", Key = "apiKey" } },
                Rollout = canary.Spec.Rollout! with { Analysis = canary.Spec.Rollout.Analysis! with { Checks = [.. canary.Spec.Rollout.Analysis.Checks!, quality] } },
            },
        };
    }
}
