using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Engines;
using LlmOps.Operator.Gathering;
using LlmOps.Operator.Resources;
using Xunit;

namespace LlmOps.Operator.Tests.Engines;

public sealed class EngineGoldenTests
{
    [Fact]
    public void A_vLLM_release_with_every_setting_becomes_the_golden_Deployment_and_Service() =>
        CheckServing("vllm.yaml", Full(EngineTypes.VLlm, engine => engine with { GpuMemoryUtilization = 0.85, Dtype = "bfloat16", Quantization = "fp8" }));

    [Fact]
    public void A_TGI_release_becomes_the_golden_Deployment_and_Service() =>
        CheckServing("tgi.yaml", Full(EngineTypes.Tgi, engine => engine with { GpuMemoryUtilization = 0.9, Quantization = "awq" }));

    [Fact]
    public void A_llama_cpp_release_from_a_claim_becomes_the_golden_Deployment_and_Service() =>
        CheckServing("llama-cpp.yaml", Samples.Deployment("tiny", EngineTypes.LlamaCpp, "pvc://models/tiny/model.gguf", revision: null) with
        {
            Spec = Samples.Deployment(engine: EngineTypes.LlamaCpp, source: "pvc://models/tiny/model.gguf", revision: null).Spec with
            {
                Engine = new EngineSpec { Type = EngineTypes.LlamaCpp, MaxModelLen = 4096, DrainSeconds = 10, ExtraArgs = ["-np", "4"], ApiKeySecretRef = new SecretKeyReference { Name = "engine-key", Key = "apiKey" } },
                Resources = new ResourcesSpec { Cpu = "2", Memory = "4Gi" },
            },
        });

    [Fact]
    public void The_smallest_LlmDeployment_becomes_the_golden_Deployment_and_Service() =>
        CheckServing("minimal.yaml", Samples.Deployment("assistant", source: "hf://Qwen/Qwen2.5-7B-Instruct", revision: null) with
        {
            Spec = Samples.Deployment(source: "hf://Qwen/Qwen2.5-7B-Instruct", revision: null).Spec with { Resources = new ResourcesSpec { Gpu = new GpuSpec { Count = 1 } } },
        });

    private static void CheckServing(string file, LlmDeployment deployment)
    {
        var desired = PlanBuilder.Build(deployment, null).Desired!;
        // The hash is a detail of src/Api; the golden file is about what is built.
        const string hash = "0123456789";
        var engine = EngineCatalog.Find(deployment.Spec.Engine.Type)!;
        var template = desired.Record.Template;
        var labels = template.Metadata!.Labels!.ToDictionary(label => label.Key, label => label.Key == Labels.Serving ? hash : label.Value);
        var record = desired.Record with { Template = template with { Metadata = template.Metadata with { Labels = labels } } };
        Golden.Equal(file,
        [
            System.Text.Json.JsonSerializer.SerializeToNode(ServingResources.Deployment(deployment, hash, record, 2), Deployment.JsonType)!,
            System.Text.Json.JsonSerializer.SerializeToNode(ServingResources.Service(deployment, hash, engine), Service.JsonType)!,
        ]);
    }

    private static LlmDeployment Full(string type, Func<EngineSpec, EngineSpec> settings)
    {
        var deployment = Samples.Deployment("support-bot", type, "hf://meta-llama/Llama-3.1-8B-Instruct", "0e9e39f249a16976918f6564b8830bc894c89659");
        return deployment with
        {
            Spec = deployment.Spec with
            {
                Model = deployment.Spec.Model with
                {
                    ServedName = type == EngineTypes.Tgi ? null : "support",
                    CredentialsSecretRef = new SecretKeyReference { Name = "hf-token", Key = "token" },
                    Cache = new ModelCacheSpec { PersistentVolumeClaim = new ClaimCache { ClaimName = "models" } },
                },
                Engine = settings(new EngineSpec
                {
                    Type = type,
                    MaxModelLen = 16384,
                    ExtraArgs = type == EngineTypes.VLlm ? ["--enable-prefix-caching"] : null,
                    Env = [new EngineEnvVar { Name = "USER", Value = "other" }, new EngineEnvVar { Name = "KEY", SecretKeyRef = new SecretKeyReference { Name = "keys", Key = "key" } }],
                    ApiKeySecretRef = new SecretKeyReference { Name = "engine-key", Key = "apiKey" },
                    DrainSeconds = 60,
                    StartupDeadline = TimeSpan.FromMinutes(10),
                }),
                Resources = new ResourcesSpec { Gpu = new GpuSpec { Count = 2, Product = "NVIDIA-H100-80GB-HBM3" }, Cpu = "8", Memory = "64Gi" },
                PodTemplate = new PodTemplateOverrides
                {
                    Labels = new Dictionary<string, string> { ["team"] = "support", [Labels.Deployment] = "not-yours" },
                    Annotations = new Dictionary<string, string> { ["example.com/note"] = "x" },
                    NodeSelector = new Dictionary<string, string> { ["zone"] = "a" },
                    Tolerations = [new Toleration { Key = "nvidia.com/gpu", Operator = "Exists", Effect = "NoSchedule" }],
                    PriorityClassName = "serving",
                    RuntimeClassName = "nvidia",
                    ServiceAccountName = "engines",
                    ImagePullSecrets = [new LocalObjectReference { Name = "registry" }],
                },
            },
        };
    }
}
