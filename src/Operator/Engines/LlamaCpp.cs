using System.Globalization;
using LlmOps.Api;

namespace LlmOps.Operator.Engines;

/// <summary>
/// llama.cpp's <c>llama-server</c>. Binds at once and answers 503 on <c>/health</c> until the model is loaded; ends running answers on SIGTERM,
/// so the pod drains in preStop.
/// </summary>
internal sealed class LlamaCpp : IEngine
{
    private const string CpuImage = "ghcr.io/ggml-org/llama.cpp:server-b6402";

    private const string GpuImage = "ghcr.io/ggml-org/llama.cpp:server-cuda-b6402";

    public string Type => EngineTypes.LlamaCpp;

    public int Port => 8080;

    public EngineMetrics Metrics { get; } = new("llamacpp:requests_processing", "llamacpp:requests_deferred", null);

    /// <summary>llama.cpp has no histograms: its time per output token is a mean.</summary>
    public IReadOnlyDictionary<string, string> CheckQueries { get; } = new Dictionary<string, string>
    {
        [CheckMetrics.QueueDepth] = EngineQueries.Mean("llamacpp:requests_deferred"),
        [CheckMetrics.RunningRequests] = EngineQueries.Mean("llamacpp:requests_processing"),
        [CheckMetrics.TimePerOutputToken] = EngineQueries.Ratio("llamacpp:tokens_predicted_seconds_total", "llamacpp:tokens_predicted_total"),
    };

    /// <summary>It counts tokens and not requests.</summary>
    public RequestCounts? CountRequests(string metrics) => null;

    public string ServedName(string deployment, ModelSpec model) => model.ServedName ?? deployment;

    public string DefaultImage(ResourcesSpec? resources) => resources.GpuCount() > 0 ? GpuImage : CpuImage;

    public EngineOutcome Build(EngineInput input)
    {
        var (model, engine) = (input.Model, input.Engine);
        var problems = new List<string>();
        List<string> args = [.. ModelArguments(model, problems)];
        args.AddRange(["--alias", ServedName(input.Deployment, model)]);
        args.AddRange(["--host", "0.0.0.0", "--port", Port.ToString(CultureInfo.InvariantCulture), "--metrics"]);
        if (engine.MaxModelLen is { } length)
            args.AddRange(["-c", length.ToString(CultureInfo.InvariantCulture)]);
        if (input.GpuCount > 0)
            args.AddRange(["--n-gpu-layers", "999"]);

        if (engine.Dtype is not null)
            problems.Add(EngineSettings.NotSupported(Type, "engine.dtype", "a GGUF file carries its number format; leave it out"));
        if (engine.Quantization is not null)
            problems.Add(EngineSettings.NotSupported(Type, "engine.quantization", "choose a quantized GGUF file in model.source instead"));
        if (engine.GpuMemoryUtilization is not null)
            problems.Add(EngineSettings.NotSupported(Type, "engine.gpuMemoryUtilization", "limit the context with engine.maxModelLen instead"));
        if (engine.TensorParallelSize > 1 && engine.TensorParallelSize != input.GpuCount)
            problems.Add(EngineSettings.NotSupported(Type, "engine.tensorParallelSize", "it spreads layers over all GPUs of the pod; use engine.extraArgs with --split-mode or --tensor-split"));

        // It guards the metrics too; health stays open.
        var key = EngineSettings.ApiKeyEnvironment(engine, "LLAMA_API_KEY", problems);

        return EngineOutcome.Of(
            new EngineContainer
            {
                Image = engine.Image ?? DefaultImage(input.Resources),
                Args = args,
                Env = [.. EngineSettings.HuggingFaceEnvironment(model), .. key, new() { Name = "LLAMA_CACHE", Value = EngineSettings.CacheRoot + "/llama.cpp" }],
                Startup = EngineSettings.StartupProbe(input, "/health"),
                Readiness = EngineSettings.HttpProbe("/health", periodSeconds: 1, failureThreshold: 3),
                Liveness = EngineSettings.HttpProbe("/health", periodSeconds: 10, failureThreshold: 12, timeoutSeconds: 10),
                DrainsOnSigterm = false,
            },
            problems);
    }

    private IEnumerable<string> ModelArguments(ModelSpec model, List<string> problems)
    {
        var location = ModelLocation.Parse(model.Source);
        switch (location.Scheme)
        {
            case "hf":
                if (model.Revision is not null)
                    problems.Add(EngineSettings.NotSupported(Type, "model.revision with hf://", "pin the file instead: https://huggingface.co/ORG/NAME/resolve/REVISION/FILE.gguf"));
                return ["--hf-repo", location.Rest];
            case "pvc":
                return ["-m", location.MountedPath];
            case "https":
                return ["--model-url", location.ToString()];
            default:
                problems.Add(EngineSettings.NotSupported(Type, $"model.source {location.Scheme}://", "use hf://, pvc:// or https://"));
                return [];
        }
    }
}
