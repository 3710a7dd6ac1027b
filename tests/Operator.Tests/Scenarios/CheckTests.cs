using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Hosting;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Scenarios;

/// <summary>What a Prometheus, or the API of a check, says or does not say about a candidate with traffic.</summary>
public sealed class CheckTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_candidate_whose_check_fails_three_times_is_reverted_and_the_numbers_are_kept()
    {
        await using var prometheus = await FakePrometheus.StartAsync();
        prometheus.Reply = query => PrometheusReply.Value(query.Contains("candidate", StringComparison.Ordinal) ? 3 : 1);
        await using var world = await ServingAsync(prometheus);
        await world.ApplyAsync(Canary("v2"));
        var reverted = await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1 }, "v2 is reverted");

        Assert.Equal(Reasons.CheckFailed, reverted.Status!.FailedReleases![0].Reason);
        Assert.Contains("failed 3 times in a row: candidate 3 is above 2, stable 1 is not", reverted.Status.FailedReleases[0].Message, StringComparison.Ordinal);
        Assert.Contains(reverted.Status.Rollout!.Verdicts!, verdict => verdict is { Name: "check/latency", Verdict: Verdicts.Fail });
        Assert.Equal((Verdicts.Fail, 3), (reverted.Status.Rollout.Checks![0].Verdict, reverted.Status.Rollout.Checks[0].Failures));
        Assert.Equal(100, reverted.Status.Stable!.Weight);
    }

    [Fact]
    public async Task A_candidate_that_an_API_finds_worse_is_reverted_and_the_API_gets_the_credentials_of_its_Secret()
    {
        await using var api = await FakeMetricApi.StartAsync();
        api.Reply = target => PrometheusReply.Body(target.Contains("/candidate?", StringComparison.Ordinal) ? """{"data":[{"score":"0.4"}]}""" : """{"data":[{"score":0.9}]}""");
        await using var world = await ServingAsync(options => options with { AllowedCheckUrls = [new(api.Address, "/quality")] });
        await world.ApplyAsync(new Secret
        {
            Metadata = new ObjectMeta { Name = "evals", Namespace = Samples.Namespace },
            Data = new Dictionary<string, string> { ["token"] = Convert.ToBase64String("s3cret"u8) },
        });
        await world.ApplyAsync(Checked("v2", Quality(api) with { Min = 0.8 }));
        var reverted = await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1 }, "v2 is reverted");

        Assert.Equal(Reasons.CheckFailed, reverted.Status!.FailedReleases![0].Reason);
        Assert.Contains("failed 3 times in a row: candidate 0.4 is below 0.8, stable 0.9 is not", reverted.Status.FailedReleases[0].Message, StringComparison.Ordinal);
        Assert.All(api.Requests, request => Assert.Equal("Bearer s3cret", request.Authorization));
        Assert.Contains(api.Requests, request => request.Target == $"/quality/candidate?release={reverted.Status.FailedReleases[0].Release}");
        Assert.Contains(api.Requests, request => request.Target == $"/quality/stable?release={reverted.Status.Stable!.Release}");
    }

    [Fact]
    public async Task An_API_that_has_no_number_yet_holds_the_weight_and_one_that_nobody_allowed_is_a_condition()
    {
        await using var api = await FakeMetricApi.StartAsync();
        api.Reply = _ => PrometheusReply.Body("""{"data":[]}""");
        await using var world = await ServingAsync(options => options with { AllowedCheckUrls = [api.Address] });
        var quality = Quality(api);
        quality = quality with { Min = 0.8, Http = quality.Http! with { Header = null } };
        await world.ApplyAsync(Checked("v2", quality));
        var held = await world.UntilAsync(deployment => deployment.Status?.Rollout is { Reason: Reasons.WaitingForMetrics, Checks: [{ Verdict: Verdicts.NoData }] }, "it waits for the number");
        Assert.Contains("the answer has nothing at /data/0/score", held.Status!.Rollout!.Checks![0].Message, StringComparison.Ordinal);

        api.Reply = _ => PrometheusReply.Body("""{"data":[{"score":0.9}]}""");
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2" }, "v2 is stable");

        await world.ApplyAsync(Checked("v2", quality with { Http = quality.Http with { Url = "http://169.254.169.254/{{track}}" } }));
        var stalled = await world.UntilAsync(deployment => deployment.Status?.Conditions?.Any(condition => condition is { Type: ConditionTypes.Stalled, Status: "True" }) == true, "it says so");
        CanaryTests.AssertCondition(stalled, ConditionTypes.Stalled, "True", Reasons.CheckInvalid);
        Assert.Contains("--allow-check-url", stalled.Status!.Conditions!.First(condition => condition.Type == ConditionTypes.Stalled).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_Prometheus_that_is_down_holds_the_weight_and_says_so_and_the_rollout_goes_on_once_it_is_back()
    {
        await using var prometheus = await FakePrometheus.StartAsync();
        prometheus.Reply = _ => PrometheusReply.Body("down", 503);
        await using var world = await ServingAsync(prometheus);
        await world.ApplyAsync(Canary("v2"));
        var held = await world.UntilAsync(deployment => deployment.Status?.Rollout is { Reason: Reasons.WaitingForMetrics, Checks: [{ Verdict: Verdicts.ProviderError }] }, "it waits for the metrics");
        Assert.Equal(25, held.Status!.Candidate!.Weight);
        Assert.NotNull(held.Status.Rollout!.Deadline);
        CanaryTests.AssertCondition(held, ConditionTypes.MetricsAvailable, "False", Reasons.MetricsUnavailable);
        Assert.Contains("check latency: candidate: ", held.Status.Conditions!.First(condition => condition.Type == ConditionTypes.MetricsAvailable).Message, StringComparison.Ordinal);

        prometheus.Reply = _ => PrometheusReply.Result("vector", "[]");
        var silent = await world.UntilAsync(deployment => deployment.Status?.Rollout?.Message?.Contains("no series", StringComparison.Ordinal) == true, "there is no data");
        CanaryTests.AssertCondition(silent, ConditionTypes.MetricsAvailable, "Unknown", Reasons.NoMetricData);

        prometheus.Reply = _ => PrometheusReply.Value(1);
        var promoted = await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2" }, "v2 is stable");
        CanaryTests.AssertCondition(promoted, ConditionTypes.MetricsAvailable, "Unknown", Reasons.NothingMeasured);
        Assert.Equal(2, promoted.Status!.Rollout!.Verdicts!.Count(verdict => verdict is { Name: "check/latency", Verdict: Verdicts.Pass }));
    }

    [Fact]
    public async Task Failing_samples_are_counted_on_by_the_next_operator()
    {
        await using var prometheus = await FakePrometheus.StartAsync();
        var failing = 2;
        prometheus.Reply = query => query.Contains("candidate", StringComparison.Ordinal)
            ? Interlocked.Decrement(ref failing) >= 0 ? PrometheusReply.Value(3) : PrometheusReply.Result("vector", "[]")
            : PrometheusReply.Value(1);
        await using var world = await ServingAsync(prometheus);
        await world.ApplyAsync(Canary("v2"));
        await world.UntilAsync(deployment => deployment.Status?.Rollout?.Checks is [{ Failures: 2, Verdict: Verdicts.NoData }], "two samples failed");
        await world.StopOperatorAsync();

        failing = 1;
        world.StartOperator();
        var reverted = await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1 }, "the third one reverts");
        Assert.Equal(Reasons.CheckFailed, reverted.Status!.FailedReleases![0].Reason);
    }

    [Fact]
    public async Task Checks_are_sampled_while_only_copies_of_requests_reach_the_candidate()
    {
        await using var prometheus = await FakePrometheus.StartAsync();
        prometheus.Reply = query => PrometheusReply.Value(query.Contains("candidate", StringComparison.Ordinal) ? 3 : 1);
        await using var world = await ServingAsync(prometheus);
        var canary = Canary("v2");
        RolloutStep[] steps = [new() { Mirror = new MirrorSpec { Percent = 20 }, Hold = TimeSpan.FromSeconds(30), MinRequests = 20 }, new() { Weight = 50 }];
        await world.ApplyAsync(canary with { Spec = canary.Spec with { Rollout = canary.Spec.Rollout! with { Steps = steps } } });
        var reverted = await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1 }, "v2 is reverted");

        Assert.Equal(Reasons.CheckFailed, reverted.Status!.FailedReleases![0].Reason);
        Assert.Equal((0, 0), (reverted.Status.History![0].MaxWeight, reverted.Status.History[0].CandidateRequests));
    }

    [Fact]
    public async Task A_Prometheus_that_hangs_does_not_delay_a_revert()
    {
        await using var prometheus = await FakePrometheus.StartAsync();
        prometheus.Reply = _ => PrometheusReply.Hang;
        await using var world = await ServingAsync(prometheus);
        await world.StopOperatorAsync();
        // From here on the operator's clock moves 20 ms a look: whatever waits for a query waits for its 5 s on that clock.
        var time = new ManualTime(TimeProvider.System.GetUtcNow());
        world.StartOperator(time);
        await world.ApplyAsync(Canary("v2"));
        await world.UntilAsync(deployment => Tick(time) && deployment.Status?.Candidate?.Weight == 25 && prometheus.Pending == 2, "v2 has traffic and the queries for both tracks hang");
        var asked = prometheus.Queries.Count;

        var since = time.GetUtcNow();
        world.Gateway.CandidateErrorRate = 0.3;
        var reverted = await world.UntilAsync(deployment => Tick(time) && deployment.Status is { Candidate: null, FailedReleases.Count: 1 }, "v2 is reverted");
        Assert.Equal(Reasons.LiveTestFailed, reverted.Status!.FailedReleases![0].Reason);
        Assert.Equal(asked, prometheus.Queries.Count);
        var took = time.GetUtcNow() - since;
        output.WriteLine($"reverted after {took.TotalSeconds:0.00} s on the operator's clock");
        Assert.True(took < TimeSpan.FromSeconds(4), $"took {took.TotalSeconds:0.0} s");
    }

    [Fact]
    public async Task A_check_that_cannot_be_run_is_a_condition_before_anything_is_tried()
    {
        await using var world = await TestWorld.StartAsync(output.WriteLine);
        await world.ApplyAsync(Samples.AsApplied(Samples.Gate()));
        await world.ApplyAsync(Canary("v1"));
        var stalled = await world.UntilAsync(
            deployment => deployment.Status?.Conditions?.Any(condition => condition is { Type: ConditionTypes.Stalled, Status: "True" }) == true && deployment.Status.Stable is not null, "it says so");
        CanaryTests.AssertCondition(stalled, ConditionTypes.Stalled, "True", Reasons.CheckInvalid);
        CanaryTests.AssertCondition(stalled, ConditionTypes.MetricsAvailable, "False", Reasons.CheckInvalid);
        Assert.Contains("--prometheus-url", stalled.Status!.Conditions!.First(condition => condition.Type == ConditionTypes.Stalled).Message, StringComparison.Ordinal);
    }

    private static bool Tick(ManualTime time)
    {
        time.Advance(TimeSpan.FromMilliseconds(20));
        return true;
    }

    private Task<TestWorld> ServingAsync(FakePrometheus prometheus) => ServingAsync(options => options with { PrometheusUrl = prometheus.Address }, Canary("v1"));

    private async Task<TestWorld> ServingAsync(Func<OperatorOptions, OperatorOptions> options, LlmDeployment? first = null)
    {
        var world = await TestWorld.StartAsync(output.WriteLine, withOperator: false);
        world.Options = options;
        world.StartOperator();
        await world.ApplyAsync(Samples.AsApplied(Samples.Gate()));
        await world.ApplyAsync(first ?? Samples.Canary("v1"));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable: not null }, "the first release serves");
        return world;
    }

    private static CheckSpec Quality(FakeMetricApi api) => new()
    {
        Name = "quality",
        Http = new HttpQuery
        {
            Url = $"{api.Address}quality/{{{{track}}}}?release={{{{release}}}}",
            Value = "/data/0/score",
            Header = new CredentialHeader { Name = "Authorization", Scheme = "Bearer", SecretKeyRef = new SecretKeyReference { Name = "evals", Key = "token" } },
        },
        Interval = TimeSpan.FromMilliseconds(200),
    };

    /// <summary>Sampled faster than the real API server would let a user ask for.</summary>
    internal static LlmDeployment Canary(string revision)
    {
        var check = new CheckSpec
        {
            Name = "latency",
            Prometheus = new PrometheusQuery { Query = "latency{track=\"{{track}}\"}" },
            Max = 2,
            Interval = TimeSpan.FromMilliseconds(200),
        };
        return Checked(revision, check);
    }

    internal static LlmDeployment Checked(string revision, params IReadOnlyList<CheckSpec> checks)
    {
        var canary = Samples.Canary(revision);
        return canary with { Spec = canary.Spec with { Rollout = canary.Spec.Rollout! with { Analysis = new AnalysisSpec { Checks = checks } } } };
    }
}
