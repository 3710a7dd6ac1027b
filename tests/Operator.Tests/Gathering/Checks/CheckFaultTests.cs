using System.Net;
using System.Net.Sockets;
using LlmOps.Operator.Gathering.Checks;
using LlmOps.Operator.Tests.World;
using LlmOps.Rollouts;
using Xunit;

namespace LlmOps.Operator.Tests.Gathering.Checks;

/// <summary>Everything that a metric server can do wrong, over real HTTP, at every place where a check is asked: never a Pass, never a Fail, never a promotion, never a revert.</summary>
public sealed class CheckFaultTests
{
    private static readonly Dictionary<string, (Verdict Verdict, string Says, PrometheusReply Reply)> Faults = new()
    {
        ["refused"] = (Verdict.ProviderError, "cannot be reached", PrometheusReply.Value(1)),
        ["hang"] = (Verdict.ProviderError, "gave no answer in 5 s", PrometheusReply.Hang),
        ["HTTP 503"] = (Verdict.ProviderError, "answered HTTP 503", PrometheusReply.Body("upstream is down", 503)),
        ["HTTP 400 with an error"] = (Verdict.ProviderError, "answered HTTP 400: 1:5: parse error", PrometheusReply.Body("""{"status":"error","errorType":"bad_data","error":"1:5: parse error"}""", 400)),
        ["redirect"] = (Verdict.ProviderError, "answered HTTP 302", PrometheusReply.Body("", 302)),
        ["error with HTTP 200"] = (Verdict.ProviderError, "Prometheus says: query timed out", PrometheusReply.Body("""{"status":"error","error":"query timed out"}""")),
        ["not JSON"] = (Verdict.ProviderError, "not JSON", PrometheusReply.Body("<html>login</html>")),
        ["JSON that ends early"] = (Verdict.ProviderError, "cut off", PrometheusReply.Body("""{"status":"success","data":{"resultType":"vector","result":[""")),
        ["other JSON"] = (Verdict.ProviderError, "not that of Prometheus", PrometheusReply.Body("""{"status":"success","data":{}}""")),
        ["JSON of another kind"] = (Verdict.ProviderError, "not that of Prometheus", PrometheusReply.Body("[1]")),
        ["nothing"] = (Verdict.ProviderError, "not JSON", PrometheusReply.Body("")),
        ["connection cut"] = (Verdict.ProviderError, "broke the answer off", PrometheusReply.CutOff),
        ["too large"] = (Verdict.ProviderError, "more than 256 KiB", PrometheusReply.TooLarge),
        ["a range"] = (Verdict.ProviderError, "gives a matrix", PrometheusReply.Result("matrix", "[]")),
        ["a text"] = (Verdict.ProviderError, "gives a string", PrometheusReply.Result("string", """[1,"x"]""")),
        ["a histogram"] = (Verdict.ProviderError, "gives a histogram", PrometheusReply.Result("vector", """[{"metric":{},"histogram":[1,{}]}]""")),
        ["a word for a number"] = (Verdict.ProviderError, "not that of Prometheus", PrometheusReply.Text("many")),
        ["empty"] = (Verdict.NoData, "no series matches", PrometheusReply.Result("vector", "[]")),
        ["several series"] = (Verdict.NoData, "2 series and not one", PrometheusReply.TwoSeries),
        ["NaN"] = (Verdict.NoData, "the value is NaN", PrometheusReply.Text("NaN")),
        ["+Inf"] = (Verdict.NoData, "the value is +Inf", PrometheusReply.Text("+Inf")),
        ["-Inf"] = (Verdict.NoData, "the value is -Inf", PrometheusReply.Text("-Inf")),
        ["a number beyond all"] = (Verdict.NoData, "the value is 1e999", PrometheusReply.Text("1e999")),
        ["stale"] = (Verdict.NoData, "the sample is 181 s old, more than 180 s", PrometheusReply.Text("1", TimeSpan.FromSeconds(181))),
        ["from the future"] = (Verdict.NoData, "the sample is 600 s ahead of this clock", PrometheusReply.Text("1", TimeSpan.FromSeconds(-600))),
        ["from the end of time"] = (Verdict.NoData, "ahead of this clock", PrometheusReply.Result("scalar", """[1e300,"1"]""")),
    };

    public static TheoryData<string> Names => new(Faults.Keys);

    /// <summary>Both tracks are asked at the same address, so it cannot refuse stable alone.</summary>
    public static TheoryData<string> NamesOfAnswers => new(Faults.Keys.Where(name => name != "refused"));

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_fault_neither_passes_nor_fails_wherever_the_rollout_is(string fault)
    {
        await using var bed = await CheckBed.StartAsync();
        var (verdict, says, reply) = Faults[fault];
        bed.Prometheus.Reply = _ => reply;

        var sample = await SampleAsync(bed, fault, bed.Check(address: fault == "refused" ? Refusing() : null));

        Assert.Equal(verdict, sample.Verdict);
        Assert.Contains(says, sample.Message, StringComparison.Ordinal);
        CheckNothingMoves(sample, bed.Time.GetUtcNow());
    }

    [Theory]
    [MemberData(nameof(NamesOfAnswers))]
    public async Task A_fault_at_stable_excuses_a_candidate_that_breaks_its_bound_and_does_not_pass_it(string fault)
    {
        await using var bed = await CheckBed.StartAsync();
        var (verdict, _, reply) = Faults[fault];
        bed.Prometheus.Reply = query => query == "stable" ? reply : PrometheusReply.Value(3);

        var absolute = await SampleAsync(bed, fault, bed.Check());
        var relative = await SampleAsync(bed, fault, bed.Check(bounds: new(null, null, 2)));

        Assert.Equal(verdict, absolute.Verdict);
        Assert.Contains("candidate 3 is above 2, and whether stable is too cannot be told", absolute.Message, StringComparison.Ordinal);
        Assert.Equal(verdict, relative.Verdict);
        CheckNothingMoves(absolute, bed.Time.GetUtcNow());
    }

    [Fact]
    public async Task A_counter_that_is_read_as_it_is_and_went_back_says_nothing_and_a_rate_is_believed()
    {
        await using var bed = await CheckBed.StartAsync();
        var values = new Queue<double>([1.5, 0.5, 0.6]);
        bed.Prometheus.Reply = query => query.StartsWith("stable", StringComparison.Ordinal) ? PrometheusReply.Value(1) : PrometheusReply.Value(values.Dequeue());
        var check = bed.Check("errors_total{a=\"b\"}");

        Assert.Equal(Verdict.Pass, (await SampleAsync(bed, "", check)).Verdict);
        var reset = await SampleAsync(bed, "", check);
        Assert.Equal(Verdict.NoData, reset.Verdict);
        Assert.Contains("went back from 1.5 to 0.5", reset.Message, StringComparison.Ordinal);
        CheckNothingMoves(reset, bed.Time.GetUtcNow());
        Assert.Equal(Verdict.Pass, (await SampleAsync(bed, "", check)).Verdict);

        values = new Queue<double>([1.5, 0.5]);
        var rate = bed.Check("sum(rate(errors_total{a=\"b\"}[2m]))");
        Assert.Equal(Verdict.Pass, (await SampleAsync(bed, "", rate)).Verdict);
        Assert.Equal(Verdict.Pass, (await SampleAsync(bed, "", rate)).Verdict);
    }

    /// <summary>In a hold, at its end with enough requests, and with all pods ready to take over: the check reverts at its first failing sample, and passes would move on.</summary>
    private static void CheckNothingMoves(CheckObservation sample, DateTimeOffset now)
    {
        foreach (var (place, phase, step, held) in new[] { ("in the hold", RolloutPhase.Stepping, 0, 1.0), ("at its end", RolloutPhase.Stepping, 0, 10), ("at the promotion", RolloutPhase.Promoting, 1, 10) })
        {
            var before = State(phase, step, now - TimeSpan.FromMinutes(held));
            var after = RolloutEngine.Decide(Plan, before, Observe(sample), now).Next;
            Assert.True((after.CandidateWeightPercent, after.Current!.Phase, after.Current.StepIndex, after.Failed.Count) == (25, phase, step, 0), $"{place}: {after.Current.Reason}");

            // The same places with a verdict: the world is one in which something moves.
            var failed = RolloutEngine.Decide(Plan, before, Observe(sample with { Verdict = Verdict.Fail }), now).Next;
            Assert.Equal((RolloutPhase.Reverted, RolloutReasons.CheckFailed), (failed.Current!.Phase, failed.Current.Reason));
            var passed = RolloutEngine.Decide(Plan, before, Observe(sample with { Verdict = Verdict.Pass, At = now }), now).Next;
            Assert.True(held < 5 ? passed.Current!.StepIndex == 0 : passed.Current!.StepIndex == 1 && passed.Current.Reason != RolloutReasons.WaitingForMetrics, place);
        }
    }

    private static RolloutPlan Plan { get; } = new()
    {
        Desired = new("r2", "s2", "p"),
        Steps = [new WeightStep(25, TimeSpan.FromMinutes(5), 20)],
        Checks = [new("latency", 1, TimeSpan.FromMinutes(1))],
        Replicas = 4,
        Generation = 1,
    };

    private static RolloutState State(RolloutPhase phase, int step, DateTimeOffset since) => RolloutState.Initial with
    {
        Stable = new("r1", "s1", "p"),
        Candidate = new("r2", "s2", "p"),
        Current = new Rollout
        {
            Id = CheckBed.Rollout,
            ReleaseHash = "r2",
            Phase = phase,
            StepIndex = step,
            WeightPercent = 25,
            WeightEpoch = 1,
            MaxWeight = 25,
            StartedAt = since,
            StepStartedAt = since,
            HoldStartedAt = phase == RolloutPhase.Stepping ? since : null,
            Reason = RolloutReasons.Holding,
            Message = "holds",
        },
        ObservedGeneration = 1,
    };

    private static Observation Observe(CheckObservation sample) => new()
    {
        Pods = [new("s1", 4, 4, 4), new("s2", 4, 4, 4)],
        Evidence = new(null, [new("g", 1, 25, new(300, 0), new(100, 0))]),
        Checks = [sample],
        NewRolloutId = "ffffffff",
    };

    private static async Task<CheckObservation> SampleAsync(CheckBed bed, string fault, CheckDefinition check)
    {
        bed.Time.Advance(check.Interval);
        if (fault != "hang")
            return await bed.SampleAsync(check);

        // The clock goes on only once each query that hangs has begun.
        var hung = bed.Prometheus.Hung + new[] { "stable", "candidate" }.Count(query => bed.Prometheus.Reply(query) == PrometheusReply.Hang);
        return await bed.SampleAsync(check, async () =>
        {
            await CheckBed.UntilAsync(() => bed.Prometheus.Hung >= hung, "the queries hang");
            bed.Time.Advance(MetricHttp.Timeout);
        });
    }

    /// <summary>A port that was free a moment ago.</summary>
    private static Uri Refusing()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
    }
}
