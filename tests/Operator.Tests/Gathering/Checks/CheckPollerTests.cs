using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering.Checks;
using LlmOps.Operator.Tests.World;
using LlmOps.Rollouts;
using Xunit;

namespace LlmOps.Operator.Tests.Gathering.Checks;

public sealed class CheckPollerTests
{
    [Fact]
    public async Task A_sample_is_taken_at_once_and_then_after_each_interval()
    {
        await using var bed = await CheckBed.StartAsync();
        var first = await bed.SampleAsync(bed.Check());
        Assert.Equal((Verdict.Pass, CheckBed.Rollout, bed.Time.GetUtcNow()), (first.Verdict, first.RolloutId, first.At));

        bed.Time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(first, bed.Observe(bed.Check()));
        Assert.Equal(2, bed.Prometheus.Queries.Count);
        bed.Time.Advance(TimeSpan.FromSeconds(1));
        var second = await bed.SampleAsync(bed.Check());

        Assert.NotEqual(first.SampleId, second.SampleId);
        Assert.Equal(first.At.AddSeconds(30), second.At);
        Assert.Equal(["candidate", "candidate", "stable", "stable"], bed.Prometheus.Queries.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_query_that_hangs_blocks_nobody_and_is_not_asked_a_second_time_meanwhile()
    {
        await using var bed = await CheckBed.StartAsync();
        bed.Prometheus.Reply = _ => PrometheusReply.Hang;
        // Returns although nothing answers, and the clock stands still.
        Assert.Null(bed.Observe(bed.Check()));
        await CheckBed.UntilAsync(() => bed.Prometheus.Pending == 2, "both tracks hang");
        bed.Time.Advance(TimeSpan.FromSeconds(4));
        Assert.Null(bed.Observe(bed.Check()));
        Assert.Equal(2, bed.Prometheus.Queries.Count);
    }

    [Fact]
    public async Task Another_rollout_another_definition_and_a_pause_without_traffic_begin_without_a_sample()
    {
        await using var bed = await CheckBed.StartAsync();
        await bed.SampleAsync(bed.Check());
        Assert.Null(bed.Observe(bed.Check(), rollout: "ffffffff"));
        Assert.Null(bed.Observe(bed.Check(bounds: new(3, null, null))));
        await CheckBed.UntilAsync(() => bed.Wakes == 3, "samples of all three");

        Assert.NotNull(bed.Observe(bed.Check(bounds: new(3, null, null))));
        bed.Poller.Forget(CheckBed.Bot);
        Assert.Null(bed.Observe(bed.Check(bounds: new(3, null, null))));
    }

    [Fact]
    public async Task A_check_that_cannot_be_run_says_why_and_asks_nobody()
    {
        await using var bed = await CheckBed.StartAsync();
        var seen = bed.Observe(bed.Check() with { Candidate = TrackQuestion.Error("the operator knows no Prometheus") });
        Assert.Equal((Verdict.ProviderError, "the operator knows no Prometheus"), (seen!.Verdict, seen.Message));
        Assert.Equal(seen, bed.Observe(bed.Check() with { Candidate = TrackQuestion.Error("the operator knows no Prometheus") }));
        Assert.Empty(bed.Prometheus.Queries);
    }

    [Fact]
    public async Task The_token_goes_to_the_operators_own_Prometheus_alone_and_into_no_message()
    {
        await using var bed = await CheckBed.StartAsync(BearerToken.FromValue("s3cret"));
        bed.Prometheus.Reply = _ => PrometheusReply.Body("no", 401);
        var sample = await bed.SampleAsync(bed.Check());
        Assert.Equal(["Bearer s3cret", "Bearer s3cret"], bed.Prometheus.Tokens);
        Assert.DoesNotContain("s3cret", sample.Message, StringComparison.Ordinal);

        await using var other = await FakePrometheus.StartAsync(bed.Time);
        await bed.SampleAsync(bed.Check(address: other.Address));
        Assert.Equal([string.Empty, string.Empty], other.Tokens);
    }

    [Fact]
    public async Task A_token_file_that_cannot_be_read_is_an_error_of_the_source()
    {
        await using var bed = await CheckBed.StartAsync(BearerToken.FromFile("/nowhere/token"));
        var sample = await bed.SampleAsync(bed.Check());
        Assert.Equal(Verdict.ProviderError, sample.Verdict);
        Assert.Contains("token file", sample.Message, StringComparison.Ordinal);
        Assert.Empty(bed.Prometheus.Queries);
    }
}
