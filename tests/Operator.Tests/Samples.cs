using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Operator.Tests;

/// <summary>Small objects to start from.</summary>
internal static class Samples
{
    public const string Namespace = "default";

    public static LlmDeployment Deployment(string name = "bot", string engine = EngineTypes.VLlm, string source = "hf://org/model", string? revision = "v1") => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = Namespace, Uid = $"uid-{name}", Generation = 1 },
        Spec = new LlmDeploymentSpec
        {
            Model = new ModelSpec { Source = source, Revision = revision },
            Engine = new EngineSpec { Type = engine },
        },
    };

    public static PromptVersion Prompt(string name = "support-1.0.0", string template = "Answer {{query}}") => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = Namespace, Uid = $"uid-{name}", Generation = 1 },
        Spec = new PromptVersionSpec
        {
            Family = "support",
            Version = "1.0.0",
            Messages = [new PromptMessage { Role = "user", Template = template }],
            Variables = new Dictionary<string, PromptVariable> { ["query"] = new() { Required = true } },
        },
    };

    public static EvalGate Gate(string name = "quality") => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = Namespace, Uid = $"uid-{name}", Generation = 1 },
        Spec = new EvalGateSpec
        {
            Dataset = new DatasetSpec { ConfigMap = new ConfigMapKeyReference { Name = "questions", Key = "cases.jsonl" } },
            Scorers = [new ScorerSpec { Name = "correct", Type = "contains", Expected = "expected.text" }],
            Criteria =
            [
                new CriterionSpec { Metric = "correct", AtLeast = 0.5 },
                new CriterionSpec { Metric = "correct", NotWorseThanStable = new NonInferioritySpec { Margin = 0.1 } },
            ],
        },
    };
}
