using System.Buffers;
using System.Text;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using LlmOps.Operator.Metrics;
using LlmOps.Rollouts;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.Operator.Tests.Metrics;

/// <summary>What a scrape shows of rollouts.</summary>
public sealed class RolloutMetricsTests : IDisposable
{
    private readonly string meter = $"Test.{Guid.NewGuid()}";
    private readonly ManualTime time = new();
    private readonly PrometheusExporter exporter;
    private readonly RolloutMetrics metrics;
    private IReadOnlyList<LlmDeployment> deployments = [];

    public RolloutMetricsTests()
    {
        exporter = new PrometheusExporter(new() { Meters = [meter] });
        metrics = new RolloutMetrics(() => deployments, time, meter);
    }

    public void Dispose()
    {
        metrics.Dispose();
        exporter.Dispose();
    }

    [Fact]
    public void A_rollout_that_runs_has_its_series_and_they_end_with_it()
    {
        var deployment = Samples.Deployment();
        deployments = [deployment with { Status = Running() }];
        var text = Scrape();
        Assert.Contains("llmops_rollout_weight_percent{name=\"bot\",namespace=\"default\"} 25\n", text, StringComparison.Ordinal);
        Assert.Contains("llmops_rollout_step{name=\"bot\",namespace=\"default\"} 2\n", text, StringComparison.Ordinal);
        Assert.Contains("llmops_rollout_candidate_requests{name=\"bot\",namespace=\"default\"} 120\n", text, StringComparison.Ordinal);
        Assert.Contains("llmops_rollout_waiting_seconds{name=\"bot\",namespace=\"default\",reason=\"Holding\"} 90\n", text, StringComparison.Ordinal);
        Assert.Contains("llmops_rollout_running{phase=\"Stepping\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("llmops_rollout_running{phase=\"Starting\"} 0\n", text, StringComparison.Ordinal);

        deployments = [];
        Assert.DoesNotContain("name=\"bot\"", Scrape(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_rollout_is_overdue_from_its_deadline_on_and_never_where_it_has_none()
    {
        var status = Running();
        LlmDeployment Until(double? seconds) => Samples.Deployment() with { Status = status with { Rollout = status.Rollout! with { Deadline = seconds is { } s ? time.GetUtcNow().AddSeconds(s) : null } } };
        deployments = [Until(30)];
        Assert.Contains("llmops_rollout_overdue_seconds{name=\"bot\",namespace=\"default\",reason=\"Holding\"} 0\n", Scrape(), StringComparison.Ordinal);
        deployments = [Until(-30)];
        Assert.Contains("llmops_rollout_overdue_seconds{name=\"bot\",namespace=\"default\",reason=\"Holding\"} 30\n", Scrape(), StringComparison.Ordinal);
        deployments = [Until(null)];
        Assert.DoesNotContain("llmops_rollout_overdue_seconds{", Scrape(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_revert_counts_its_outcome_its_verdict_and_both_its_times()
    {
        var (before, decision) = Reverted();
        metrics.Decided(before, decision, TimeSpan.FromMilliseconds(20));
        var text = Scrape();
        Assert.Contains("llmops_rollout_outcomes_total{outcome=\"Reverted\",reason=\"LiveTestFailed\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("llmops_rollout_verdicts_total{kind=\"live\",verdict=\"Fail\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("llmops_rollout_time_to_detect_seconds_sum 21\n", text, StringComparison.Ordinal);
        Assert.Contains("llmops_rollout_time_to_revert_seconds_bucket{le=\"0.025\"} 1\n", text, StringComparison.Ordinal);
    }

    internal static (RolloutState Before, Decision Decision) Reverted()
    {
        var before = RolloutState.Initial with { Current = new Rollout { Id = "1", ReleaseHash = "b", Phase = RolloutPhase.Stepping, StartedAt = default, StepStartedAt = default, Reason = "", Message = "" } };
        var next = before with
        {
            Current = before.Current! with { Phase = RolloutPhase.Reverted, Verdicts = [new(1, "live/errors", Verdict.Fail, "numbers", default)] },
            History = [new("1", "b", RolloutPhase.Reverted, Reasons.LiveTestFailed, "numbers", default, default, 5, 220, TimeSpan.FromSeconds(21), TimeSpan.Zero)],
        };
        return (before, new Decision { Next = next, Pods = [], Reason = Reasons.LiveTestFailed, Message = "numbers", Transitions = [new(RolloutPhase.Stepping, RolloutPhase.Reverted, Reasons.LiveTestFailed)] });
    }

    private LlmDeploymentStatus Running() => Running(time);

    internal static LlmDeploymentStatus Running(TimeProvider time) => new()
    {
        Candidate = new ReleaseStatus { Release = "b", ServingHash = "s", PromptHash = "p", Service = "bot-s", Weight = 25 },
        Rollout = new RolloutStatus
        {
            Id = "1",
            Release = "b",
            Phase = "Stepping",
            Step = 2,
            Reason = Reasons.Holding,
            ReasonSince = time.GetUtcNow() - TimeSpan.FromSeconds(90),
            Evidence =
            [
                new EvidenceStatus { Process = "g", Epoch = 1, Weight = 5, Stable = new TrackEvidence(), Candidate = new TrackEvidence { Requests = 120 } },
                new EvidenceStatus { Process = "g", Epoch = 0, Weight = 0, Mirrored = true, Stable = new TrackEvidence(), Candidate = new TrackEvidence { Requests = 999 } },
            ],
        },
    };

    private string Scrape()
    {
        var buffer = new ArrayBufferWriter<byte>();
        exporter.Write(buffer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
