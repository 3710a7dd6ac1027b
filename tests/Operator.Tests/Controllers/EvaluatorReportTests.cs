using System.Text.Json;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Controllers;
using Xunit;

namespace LlmOps.Operator.Tests.Controllers;

public sealed class EvaluatorReportTests
{
    private static readonly Job Job = new() { Metadata = new() { Name = "bot-0", Namespace = "default", Uid = "uid-job" } };

    private static readonly JobCondition Complete = new() { Type = "Complete", Status = "True" };

    private static readonly string Json = JsonSerializer.Serialize(
        new EvaluationReport { Run = "bot-0", Candidate = "c", Cases = 3, Metrics = [], StartedAt = DateTimeOffset.UnixEpoch, FinishedAt = DateTimeOffset.UnixEpoch }, ApiJson.Default.EvaluationReport);

    [Fact]
    public void A_report_counts_once_a_pod_of_the_job_has_told_its_digest()
    {
        Assert.Null(EvaluatorReport.Find(Map(Json), Job, []));
        Assert.Null(EvaluatorReport.Find(Map(Json), Job, [Pod("uid-job", null)]));
        Assert.Null(EvaluatorReport.Find(null, Job, [Pod("uid-job", EvaluationContract.DigestOf(Json))]));
        Assert.Null(EvaluatorReport.Find(Map(null), Job, [Pod("uid-job", EvaluationContract.DigestOf(Json))]));
        Assert.Equal(3, EvaluatorReport.Find(Map(Json), Job, [Pod("uid-job", EvaluationContract.DigestOf(Json))])!.Cases);
    }

    [Fact]
    public void The_pod_of_an_earlier_attempt_may_have_written_it()
    {
        var report = EvaluatorReport.Find(Map(Json), Job, [Pod("uid-job", "out of memory"), Pod("uid-job", EvaluationContract.DigestOf(Json) + "\n")]);
        Assert.Equal(3, report!.Cases);
    }

    [Fact]
    public void Neither_a_changed_report_counts_nor_what_the_pod_of_somebody_else_says()
    {
        Assert.Null(EvaluatorReport.Find(Map(Json.Replace("3", "4", StringComparison.Ordinal)), Job, [Pod("uid-job", EvaluationContract.DigestOf(Json))]));
        Assert.Null(EvaluatorReport.Find(Map(Json), Job, [Pod("uid-other", EvaluationContract.DigestOf(Json)), Pod(null, EvaluationContract.DigestOf(Json))]));
    }

    [Theory]
    [InlineData(null, "uid-job", "{}", "wrote no report: it ended without one; its container ended with code 0: sha256:")]
    [InlineData("{\"forged\":true}", "uid-job", "{}", "somebody else wrote or changed it")]
    [InlineData("{}", "uid-job", "{}", "the evaluator's image is not of this operator's version")]
    [InlineData("{}", "uid-other", "{}", "its pods, which say so, are gone")]
    public void What_is_told_where_there_is_none(string? report, string owner, string told, string message) =>
        Assert.Contains(message, EvaluatorReport.WhyNone(Map(report), Job, Complete, [Pod(owner, EvaluationContract.DigestOf(told))]), StringComparison.Ordinal);

    [Fact]
    public void A_job_that_failed_is_told_with_what_its_last_container_said()
    {
        var failed = new JobCondition { Type = "Failed", Status = "True", Reason = "BackoffLimitExceeded", Message = "Job has reached the specified backoff limit" };
        Assert.Equal(
            "the evaluator Job bot-0 wrote no report: BackoffLimitExceeded: Job has reached the specified backoff limit; its container ended with code 0: no memory. See kubectl logs job/bot-0",
            EvaluatorReport.WhyNone(Map(null), Job, failed, [Pod("uid-job", "no memory")]));
    }

    private static ConfigMap Map(string? report) => new()
    {
        Metadata = new() { Name = "bot-0-report", Namespace = "default" },
        Data = report is null ? null : new Dictionary<string, string> { [EvaluationContract.ReportKey] = report },
    };

    /// <param name="owner">Uid of its controller; null for none.</param>
    /// <param name="said">What its container said at its end; null while it runs.</param>
    private static Pod Pod(string? owner, string? said) => new()
    {
        Metadata = new() { OwnerReferences = owner is null ? null : [new OwnerReference { ApiVersion = "batch/v1", Kind = "Job", Name = "bot-0", Uid = owner, Controller = true }] },
        Status = new()
        {
            ContainerStatuses = [new() { Name = "evaluator", State = said is null ? new() { Running = new() } : new() { Terminated = new() { Message = said } } }],
        },
    };
}
