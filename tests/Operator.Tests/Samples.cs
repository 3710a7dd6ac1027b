using System.Text.Json.Nodes;
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

    /// <summary>An LlmDeployment as a user applies it: one GPU, and steps of a gate and two weights that are held for moments.</summary>
    public static LlmDeployment Canary(string revision, string name = "bot", int replicas = 2, IReadOnlyList<RolloutStep>? steps = null, string? prompt = null) => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = Namespace },
        Spec = new LlmDeploymentSpec
        {
            Model = new ModelSpec { Source = "hf://org/model", Revision = revision },
            Engine = new EngineSpec { Type = EngineTypes.VLlm },
            Resources = new ResourcesSpec { Gpu = new GpuSpec { Count = 1 } },
            Prompt = prompt is null ? null : new PromptReference { Name = prompt },
            Replicas = replicas,
            Rollout = new RolloutSpec
            {
                Steps = steps ??
                [
                    new RolloutStep { Gate = "quality" },
                    new RolloutStep { Weight = 25, Hold = TimeSpan.FromMilliseconds(100), MinRequests = 20 },
                    new RolloutStep { Weight = 50, Hold = TimeSpan.FromMilliseconds(100), MinRequests = 20 },
                ],
                ScaleDownDelay = TimeSpan.FromMilliseconds(300),
                ProgressDeadline = TimeSpan.FromMinutes(5),
            },
        },
    };

    /// <summary>The same object as a user applies it: without what only the server may set.</summary>
    public static T AsApplied<T>(T obj)
        where T : class, IResource<T> => obj.WithMetadata(new ObjectMeta { Name = obj.Metadata.Name, Namespace = obj.Metadata.Namespace });

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

    /// <summary>The gate with a further scorer, in which the LlmDeployment <c>judge</c> goes by the prompt <c>rubric-1.0.0</c>. No criterion is about it: the nodes report one metric.</summary>
    public static EvalGate JudgedGate(string name = "judged", string judge = "judge")
    {
        var gate = Gate(name);
        return gate with { Spec = gate.Spec with { Scorers = [.. gate.Spec.Scorers, new ScorerSpec { Name = "faithful", Type = ScorerTypes.Judge, Judge = new JudgeSpec { Model = judge, Prompt = "rubric-1.0.0" } }] } };
    }

    /// <summary>What the judge goes by.</summary>
    public static PromptVersion Rubric(string template = "Is this right? {{output}}")
    {
        var prompt = Prompt("rubric-1.0.0", template);
        return prompt with { Spec = prompt.Spec with { Family = "rubric", Variables = new Dictionary<string, PromptVariable> { ["output"] = new() { Trust = "untrusted" } } } };
    }

    /// <summary>The LlmDeployment with the HTTPRoute <c>chat</c>.</summary>
    public static LlmDeployment Routed(LlmDeployment deployment) =>
        deployment with { Spec = deployment.Spec with { Traffic = new TrafficSpec { HttpRoute = new HttpRouteTrafficSpec { Name = "chat" } } } };

    /// <summary>The LlmDeployment with the VirtualService <c>chat</c>.</summary>
    public static LlmDeployment InMesh(LlmDeployment deployment) =>
        deployment with { Spec = deployment.Spec with { Traffic = new TrafficSpec { VirtualService = new VirtualServiceTrafficSpec { Name = "chat" } } } };

    /// <summary>The VirtualService <c>chat</c> as its owner writes it, with much that is none of the operator's business.</summary>
    public static JsonObject VirtualService(int stable = 100, int candidate = 0) => JsonNode.Parse($$$$$"""
        {
          "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
          "metadata": {"name": "chat", "namespace": "default", "annotations": {"owner": "platform"}},
          "spec": {
            "hosts": ["chat.example.com"],
            "gateways": ["istio-ingress/public"],
            "http": [
              {
                "name": "chat",
                "match": [{"uri": {"prefix": "/v1"}}],
                "headers": {"request": {"set": {"x-team": "chat"}}},
                "route": [
                  {"destination": {"host": "bot-stable", "port": {"number": 8000}}, "weight": {{{{{stable}}}}}, "headers": {"response": {"add": {"x-track": "stable"}}}},
                  {"destination": {"host": "bot-candidate.default.svc.cluster.local"}, "weight": {{{{{candidate}}}}}}
                ],
                "mirror": {"host": "audit"},
                "mirrorPercentage": {"value": 10},
                "timeout": "0s"
              }
            ],
            "tcp": [{"route": [{"destination": {"host": "bot-stable"}, "weight": 100}]}]
          }
        }
        """)!.AsObject();

    /// <summary>The HTTPRoute <c>chat</c> as its owner writes it, with much that is none of the operator's business.</summary>
    public static JsonObject Route(int stable = 100, int candidate = 0) => JsonNode.Parse($$$"""
        {
          "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
          "metadata": {"name": "chat", "namespace": "default", "annotations": {"owner": "platform"}},
          "spec": {
            "parentRefs": [{"name": "public"}],
            "hostnames": ["chat.example.com"],
            "rules": [
              {
                "name": "chat",
                "matches": [{"path": {"type": "PathPrefix", "value": "/v1"}}],
                "filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "x-team", "value": "chat"}]}}],
                "backendRefs": [
                  {"name": "bot-stable", "port": 8000, "weight": {{{stable}}}, "filters": [{"type": "ResponseHeaderModifier", "responseHeaderModifier": {"add": [{"name": "x-track", "value": "stable"}]}}]},
                  {"name": "bot-candidate", "port": 8000, "weight": {{{candidate}}}}
                ],
                "timeouts": {"request": "0s"}
              }
            ]
          }
        }
        """)!.AsObject();
}
