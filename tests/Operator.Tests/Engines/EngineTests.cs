using LlmOps.Api;
using LlmOps.Operator.Engines;
using Xunit;

namespace LlmOps.Operator.Tests.Engines;

public sealed class EngineTests
{
    [Theory]
    [InlineData("vllm/vllm-openai:v0.18.1", true)]
    [InlineData("vllm/vllm-openai:v0.18.0", true)]
    [InlineData("registry:5000/vllm/vllm-openai:v0.19.0rc1", true)]
    [InlineData("vllm/vllm-openai:v0.17.2", false)]
    [InlineData("vllm/vllm-openai:latest", false)]
    [InlineData("registry:5000/vllm/vllm-openai", false)]
    [InlineData("vllm/vllm-openai@sha256:0123", false)]
    public void VLlm_gets_a_shutdown_timeout_only_where_the_tag_says_that_it_knows_it(string image, bool expected)
    {
        var container = Build(EngineTypes.VLlm, engine: new EngineSpec { Type = EngineTypes.VLlm, Image = image }).Container!;
        Assert.Equal(expected, container.Args.Contains("--shutdown-timeout"));
        Assert.Equal(expected, container.DrainsOnSigterm);
    }

    [Theory]
    [InlineData(EngineTypes.VLlm, "hf://org/model", "org/model")]
    [InlineData(EngineTypes.VLlm, "pvc://claim/dir/model", "/models/dir/model")]
    [InlineData(EngineTypes.VLlm, "s3://bucket/model", "s3://bucket/model --load-format runai_streamer")]
    [InlineData(EngineTypes.Tgi, "hf://org/model", "--model-id org/model")]
    [InlineData(EngineTypes.Tgi, "pvc://claim", "--model-id /models")]
    [InlineData(EngineTypes.LlamaCpp, "hf://org/model-GGUF:Q4_K_M", "--hf-repo org/model-GGUF:Q4_K_M")]
    [InlineData(EngineTypes.LlamaCpp, "pvc://claim/model.gguf", "-m /models/model.gguf")]
    [InlineData(EngineTypes.LlamaCpp, "https://example.com/model.gguf", "--model-url https://example.com/model.gguf")]
    public void A_model_source_becomes_the_first_arguments_of_its_engine(string type, string source, string expected) =>
        Assert.StartsWith(expected, string.Join(' ', Build(type, source).Container!.Args), StringComparison.Ordinal);

    [Theory]
    [InlineData(EngineTypes.VLlm, "VLLM_API_KEY")]
    [InlineData(EngineTypes.Tgi, "API_KEY")]
    [InlineData(EngineTypes.LlamaCpp, "LLAMA_API_KEY")]
    public void An_API_key_comes_by_environment_from_its_Secret_and_from_nowhere_else(string type, string variable)
    {
        var engine = new EngineSpec { Type = type, ApiKeySecretRef = new SecretKeyReference { Name = "keys", Key = "chat" } };
        var container = Build(type, engine: engine).Container!;
        var given = container.Env.Single(env => env.Name == variable);
        Assert.Null(given.Value);
        Assert.Equal(("keys", "chat"), (given.ValueFrom!.SecretKeyRef!.Name, given.ValueFrom.SecretKeyRef.Key));
        Assert.DoesNotContain(container.Args, argument => argument.Contains("api-key", StringComparison.Ordinal));
        Assert.DoesNotContain(Build(type).Container!.Env, env => env.Name == variable);

        Assert.Contains($"engine.env sets {variable}", Assert.Single(Build(type, engine: engine with { Env = [new EngineEnvVar { Name = variable, Value = "x" }] }).Problems), StringComparison.Ordinal);
        Assert.Contains("engine.extraArgs has --api-key", Assert.Single(Build(type, engine: engine with { ExtraArgs = ["--api_key", "x"] }).Problems), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(EngineTypes.VLlm, "https://example.com/model.gguf")]
    [InlineData(EngineTypes.Tgi, "s3://bucket/model")]
    [InlineData(EngineTypes.LlamaCpp, "gs://bucket/model")]
    public void A_source_that_an_engine_cannot_read_is_a_problem_that_names_those_it_can(string type, string source)
    {
        var outcome = Build(type, source);
        Assert.Null(outcome.Container);
        Assert.Contains("use ", Assert.Single(outcome.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_that_llama_cpp_does_not_have_are_refused_one_by_one_and_not_ignored()
    {
        var engine = new EngineSpec { Type = EngineTypes.LlamaCpp, Dtype = "f16", Quantization = "q4", GpuMemoryUtilization = 0.5, TensorParallelSize = 2 };
        Assert.Equal(4, Build(EngineTypes.LlamaCpp, engine: engine).Problems.Count);
    }

    [Fact]
    public void More_shards_than_GPUs_are_refused()
    {
        var engine = new EngineSpec { Type = EngineTypes.VLlm, TensorParallelSize = 4 };
        var outcome = EngineCatalog.Find(EngineTypes.VLlm)!.Build(new EngineInput("bot", new ModelSpec { Source = "hf://org/model" }, engine, new ResourcesSpec { Gpu = new GpuSpec { Count = 2 } }));
        Assert.Contains("4 is more than resources.gpu.count 2", Assert.Single(outcome.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_engine_has_no_adapter() => Assert.Null(EngineCatalog.Find("Ollama"));

    private static EngineOutcome Build(string type, string source = "hf://org/model", EngineSpec? engine = null) =>
        EngineCatalog.Find(type)!.Build(new EngineInput("bot", new ModelSpec { Source = source }, engine ?? new EngineSpec { Type = type }, null));
}
