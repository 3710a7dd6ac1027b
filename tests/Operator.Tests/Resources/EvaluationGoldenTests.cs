using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Engines;
using LlmOps.Operator.Resources;
using Xunit;

namespace LlmOps.Operator.Tests.Resources;

public sealed class EvaluationGoldenTests
{
    [Fact]
    public void An_EvalRun_becomes_the_golden_Job_with_a_right_to_its_own_report_only()
    {
        var run = EvaluationResources.Run(Samples.Deployment(), "bot-0a1b2c3d-0", new EvalRunSpec
        {
            Gate = "quality",
            GateHash = "0123456789",
            Deployment = "bot",
            Rollout = "0a1b2c3d",
            Candidate = new EvalTarget { Release = "abcdef0123", Url = "http://bot-3f2a.default.svc:8000", ServedName = "bot", ApiKeySecretRef = new SecretKeyReference { Name = "engine-key", Key = "apiKey" } },
            Baseline = new EvalTarget { Release = "fedcba3210", Url = "http://bot-2e19.default.svc:8000", ServedName = "bot", ApiKeySecretRef = new SecretKeyReference { Name = "old-key", Key = "apiKey" } },
            Judges = [Judge("faithful", null), Judge("polite", new SecretKeyReference { Name = "judge-key", Key = "apiKey" })],
        }) with
        { Metadata = new ObjectMeta { Name = "bot-0a1b2c3d-0", Namespace = "default", Uid = "uid-run" } };
        var gate = Samples.Gate().Spec;
        var plan = new EvaluationPlan { Run = run.Metadata.Name!, Gate = gate, Candidate = new EvaluationTarget { Release = "abcdef0123", Url = run.Spec.Candidate.Url, ServedName = "bot" } };
        Golden.Equal("evaluation.yaml",
        [
            Node(EvaluationResources.Job(run, gate, "llmops/evaluator:dev")),
            Node(EvaluationResources.ServiceAccount(run)),
            Node(EvaluationResources.Role(run)),
            Node(EvaluationResources.RoleBinding(run)),
            Node(EvaluationResources.Plan(run, plan)),
            Node(EvaluationResources.EmptyReport(run)),
        ]);
    }

    [Fact]
    public void Autoscaling_becomes_the_golden_HorizontalPodAutoscaler_and_PodDisruptionBudget()
    {
        var deployment = Samples.Deployment();
        deployment = deployment with
        {
            Spec = deployment.Spec with
            {
                Autoscaling = new AutoscalingSpec { Min = 2, Max = 8, Metrics = [new() { Type = AutoscalingMetrics.RunningRequests, Target = 24 }, new() { Type = AutoscalingMetrics.KvCacheUsage, Target = 80 }] },
            },
        };
        Golden.Equal("scaling.yaml", [Node(ScalingResources.Autoscaler(deployment, EngineCatalog.Find(EngineTypes.VLlm)!)!), Node(ScalingResources.DisruptionBudget(deployment))]);
    }

    [Fact]
    public void A_metric_that_the_engine_does_not_measure_is_a_warning_and_never_CPU_instead()
    {
        var deployment = Samples.Deployment(engine: EngineTypes.Tgi);
        deployment = deployment with { Spec = deployment.Spec with { Autoscaling = new AutoscalingSpec { Max = 8, Metrics = [new() { Type = AutoscalingMetrics.KvCacheUsage, Target = 80 }] } } };
        var tgi = EngineCatalog.Find(EngineTypes.Tgi)!;
        Assert.Null(ScalingResources.Autoscaler(deployment, tgi));
        Assert.Contains("KvCacheUsage is not measured by TGI", Assert.Single(ScalingResources.Problems(deployment.Spec, tgi)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, null, null, null, 1)]
    [InlineData(3, null, null, null, 3)]
    [InlineData(0, null, null, null, 0)]
    [InlineData(null, 2, 8, 1, 2)]
    [InlineData(null, 2, 8, 5, 5)]
    [InlineData(null, 2, 8, 20, 8)]
    [InlineData(null, null, 8, null, 1)]
    public void The_total_is_what_is_asked_for_inside_the_bounds(int? replicas, int? min, int? max, int? scaled, int expected)
    {
        var spec = Samples.Deployment().Spec with { Replicas = replicas, Autoscaling = max is { } most ? new AutoscalingSpec { Min = min, Max = most, Replicas = scaled } : null };
        Assert.Equal(expected, ScalingResources.TotalReplicas(spec));
    }

    private static EvalJudge Judge(string scorer, SecretKeyReference? key) => new()
    {
        Scorer = scorer,
        Deployment = "judge",
        ServingHash = "aabbccddee",
        Url = "http://judge-aabbccddee.default.svc:8000",
        ServedName = "judge",
        Prompt = "rubric-1.0.0",
        PromptHash = new string('0', 64),
        ApiKeySecretRef = key,
    };

    private static JsonNode Node<T>(T obj)
        where T : class, IResource<T> => JsonSerializer.SerializeToNode(obj, T.JsonType)!;
}
