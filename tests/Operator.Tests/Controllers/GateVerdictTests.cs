using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Controllers;
using LlmOps.Rollouts;
using Xunit;

namespace LlmOps.Operator.Tests.Controllers;

public sealed class GateVerdictTests
{
    private static readonly EvalRun Run = new()
    {
        Metadata = new ObjectMeta { Name = "run", Namespace = Samples.Namespace },
        Spec = new EvalRunSpec
        {
            Gate = "quality",
            GateHash = "hash",
            Deployment = "bot",
            Rollout = "0a1b2c3d",
            Candidate = new EvalTarget { Release = "r2", Url = "http://bot", ServedName = "bot" },
            Baseline = new EvalTarget { Release = "r1", Url = "http://bot", ServedName = "bot" },
        },
    };

    private static readonly EvaluationReport Good = new()
    {
        Run = "run",
        Candidate = "r2",
        Baseline = "r1",
        Cases = 200,
        Metrics = [new MetricReport { Metric = "correct", Cases = 200, Passed = 190, BaselinePassed = 185, Wins = 8, Losses = 3 }],
    };

    [Fact]
    public void A_good_report_passes_with_an_outcome_for_each_criterion()
    {
        var verdict = Decide(Good);
        Assert.Equal((Verdict.Pass, Reasons.GatePassed), (verdict.Verdict, verdict.Reason));
        Assert.Equal(2, verdict.Outcome!.Criteria.Count);
    }

    [Fact]
    public void A_report_about_another_release_or_baseline_is_no_data()
    {
        Assert.Equal(Verdict.NoData, Decide(Good with { Candidate = "r3" }).Verdict);
        Assert.Equal(Verdict.NoData, Decide(Good with { Baseline = null }).Verdict);
        Assert.Equal(Verdict.NoData, Decide(Good with { Run = "other" }).Verdict);
    }

    [Theory]
    [InlineData(EvaluationContract.DatasetInvalid, Verdict.Inconclusive, Reasons.DatasetInvalid)]
    [InlineData(EvaluationContract.BudgetExceeded, Verdict.Inconclusive, Reasons.GateInconclusive)]
    [InlineData(EvaluationContract.PlanInvalid, Verdict.ProviderError, Reasons.EvaluationFailed)]
    public void A_problem_never_passes_whatever_the_counts_say(string problem, Verdict expected, string reason)
    {
        var verdict = Decide(Good with { Problem = new EvaluationProblem { Reason = problem, Message = "line 7" } });
        Assert.Equal((expected, reason), (verdict.Verdict, verdict.Reason));
        Assert.Contains("line 7", verdict.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Worse_answers_fail() =>
        Assert.Equal(Verdict.Fail, Decide(Good with { Metrics = [new MetricReport { Metric = "correct", Cases = 200, Passed = 80, BaselinePassed = 185, Wins = 0, Losses = 105 }] }).Verdict);

    private static RunVerdict Decide(EvaluationReport report) => GateVerdict.Decide(Run, Samples.Gate().Spec, report);
}
