using LlmOps.Api;
using LlmOps.Operator.Gathering;
using LlmOps.Rollouts;
using Xunit;

namespace LlmOps.Operator.Tests.Gathering;

public sealed class PlanBuilderTests
{
    [Fact]
    public void A_spec_without_a_rollout_gets_three_weights_and_the_documented_defaults()
    {
        var plan = PlanBuilder.Build(Samples.Deployment(), null).Plan;
        Assert.Equal([new WeightStep(5, TimeSpan.FromMinutes(2), 20), new WeightStep(25, TimeSpan.FromMinutes(2), 20), new WeightStep(50, TimeSpan.FromMinutes(2), 20)], plan.Steps);
        Assert.Equal(new AnalysisPlan(0.01) { Tolerance = new(1, 1.2, 1.2, 1.3, 1.2, 1, 1) }, plan.Analysis);
        Assert.Equal((1, 0, TimeSpan.FromMinutes(30), TimeSpan.FromSeconds(30)), (plan.Replicas, plan.GpusPerReplica, plan.ProgressDeadline, plan.ScaleDownDelay));
    }

    [Fact]
    public void Limits_are_held_against_the_counts_that_gateways_name_in_seconds()
    {
        var deployment = Samples.Deployment();
        var analysis = new AnalysisSpec
        {
            Promotion = PromotionPolicies.Proven,
            Limits =
            [
                new() { Metric = LimitMetrics.Errors, Max = "2.5%" },
                new() { Metric = LimitMetrics.Ttft, Quantile = 95, Max = "2s" },
                new() { Metric = LimitMetrics.TimePerOutputToken, Quantile = 50, Max = "80ms" },
            ],
        };
        var plan = PlanBuilder.Build(deployment with { Spec = deployment.Spec with { Rollout = new() { Analysis = analysis } } }, null).Plan.Analysis;
        Assert.Equal(PromotionPolicy.Proven, plan.Promotion);
        Assert.Equal([(null, "limit errors ≤ 2.5%"), ("ttft:2", "limit ttft p95 ≤ 2s"), ("timePerOutputToken:0.08", "limit timePerOutputToken p50 ≤ 80ms")], plan.Limits.Select(limit => (limit.Key, limit.Text)));
        Assert.Equal([0.025, 0.05, 0.5], plan.Limits.Select(limit => Math.Round(limit.MaxShare, 9)));
    }

    [Fact]
    public void A_prompt_changes_the_prompt_half_of_the_release_only()
    {
        var without = PlanBuilder.Build(Samples.Deployment(), null).Plan.Desired!;
        var deployment = Samples.Deployment();
        var with = PlanBuilder.Build(deployment with { Spec = deployment.Spec with { Prompt = new PromptReference { Name = "support-1.0.0" } } }, Samples.Prompt()).Plan.Desired!;
        Assert.Equal(without.ServingHash, with.ServingHash);
        Assert.NotEqual(without.PromptHash, with.PromptHash);
        Assert.NotEqual(without.Hash, with.Hash);
    }

    [Fact]
    public void A_missing_prompt_and_one_that_is_being_deleted_give_no_release()
    {
        var deployment = Samples.Deployment();
        deployment = deployment with { Spec = deployment.Spec with { Prompt = new PromptReference { Name = "support-1.0.0" } } };
        var prompt = Samples.Prompt();
        Assert.Equal(Reasons.PromptNotFound, PlanBuilder.Build(deployment, null).Plan.UnresolvedReason);
        var deleting = PlanBuilder.Build(deployment, prompt with { Metadata = prompt.Metadata with { DeletionTimestamp = DateTimeOffset.UnixEpoch } });
        Assert.Null(deleting.Plan.Desired);
        Assert.Contains("is being deleted", deleting.Plan.UnresolvedMessage, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_engine_is_a_problem_and_no_default()
    {
        var outcome = PlanBuilder.Build(Samples.Deployment(engine: "Ollama"), null);
        Assert.Null(outcome.Desired);
        Assert.Equal("there is no engine Ollama: use one of TGI, llama.cpp, vLLM", outcome.Plan.UnresolvedMessage);
    }

    [Fact]
    public void A_TGI_release_is_served_as_tgi_because_TGI_knows_no_other_name() =>
        Assert.Equal("tgi", PlanBuilder.Build(Samples.Deployment(engine: EngineTypes.Tgi), null).Desired!.Record.Release.Model.ServedName);
}
