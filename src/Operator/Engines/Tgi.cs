using System.Globalization;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;

namespace LlmOps.Operator.Engines;

/// <summary>
/// Text Generation Inference (<c>text-generation-launcher</c>, the entrypoint of its image). Archived upstream in March 2026 and kept for those who run it.
/// <c>/health</c> may generate a token and fails while the queue is full (huggingface/text-generation-inference#3241), so liveness only connects.
/// </summary>
internal sealed class Tgi : IEngine
{
    private const string PinnedImage = "ghcr.io/huggingface/text-generation-inference:3.3.6";

    public string Type => EngineTypes.Tgi;

    /// <summary>The binary's default. The image says 80, which a process without root cannot bind.</summary>
    public int Port => 3000;

    public EngineMetrics Metrics { get; } = new("tgi_batch_current_size", "tgi_queue_size", null);

    /// <summary>TGI measures neither the time to the first token nor the KV cache; its time per token is a mean over the request, prefill included.</summary>
    public IReadOnlyDictionary<string, string> CheckQueries { get; } = new Dictionary<string, string>
    {
        [CheckMetrics.QueueDepth] = EngineQueries.Mean("tgi_queue_size"),
        [CheckMetrics.RunningRequests] = EngineQueries.Mean("tgi_batch_current_size"),
        [CheckMetrics.TimePerOutputToken] = EngineQueries.Percentile95("tgi_request_mean_time_per_token_duration"),
        [CheckMetrics.RequestLatency] = EngineQueries.Percentile95("tgi_request_duration"),
        // A request that is refused for what it asks is its client's failure.
        [CheckMetrics.Errors] = EngineQueries.Share("tgi_request_count", string.Empty, ("tgi_request_failure", "err!=\"validation\"")),
    };

    /// <summary>What clients did wrong (validation) or broke off themselves (dropped) is no request that the release failed.</summary>
    public RequestCounts? CountRequests(string metrics)
    {
        long succeeded = 0, failed = 0;
        foreach (var sample in MetricSample.Parse(metrics, name => name is "tgi_request_success" or "tgi_request_failure"))
        {
            if (sample.Name == "tgi_request_success")
                succeeded += sample.Count;
            else if (sample.Label("err") is not ("validation" or "dropped"))
                failed += sample.Count;
        }

        return new(succeeded + failed, failed);
    }

    /// <summary>TGI answers to one name only.</summary>
    public string ServedName(string deployment, ModelSpec model) => "tgi";

    public string DefaultImage(ResourcesSpec? resources) => PinnedImage;

    public EngineOutcome Build(EngineInput input)
    {
        var (model, engine) = (input.Model, input.Engine);
        var problems = new List<string>();
        List<string> args = ["--model-id", ModelId(model, problems)];
        if (model.Revision is { } revision)
            args.AddRange(["--revision", revision]);
        args.AddRange(["--port", Port.ToString(CultureInfo.InvariantCulture)]);
        if (input.TensorParallelSize > 1)
            args.AddRange(["--num-shard", input.TensorParallelSize.ToString(CultureInfo.InvariantCulture)]);
        if (engine.MaxModelLen is { } length)
            args.AddRange(["--max-total-tokens", length.ToString(CultureInfo.InvariantCulture)]);
        if (engine.Dtype is { } dtype)
            args.AddRange(["--dtype", dtype]);
        if (engine.Quantization is { } quantization)
            args.AddRange(["--quantize", quantization]);
        if (engine.GpuMemoryUtilization is { } fraction)
            args.AddRange(["--cuda-memory-fraction", fraction.ToString(CultureInfo.InvariantCulture)]);
        args.Add("--json-output");

        if (model.ServedName is not (null or "tgi"))
            problems.Add(EngineSettings.NotSupported(Type, "model.servedName", "TGI serves every model as tgi; leave it out"));
        if (engine is { Dtype: not null, Quantization: not null })
            problems.Add(EngineSettings.NotSupported(Type, "engine.dtype together with engine.quantization", "set one of them"));
        if (EngineSettings.TooManyShards(input) is { } shards)
            problems.Add(shards);
        // It guards what generates: health, info and metrics stay open.
        var key = EngineSettings.ApiKeyEnvironment(engine, "API_KEY", problems);

        return EngineOutcome.Of(
            new EngineContainer
            {
                Image = engine.Image ?? PinnedImage,
                Args = args,
                Env =
                [
                    .. EngineSettings.HuggingFaceEnvironment(model),
                    .. key,
                    new EnvVar { Name = "HUGGINGFACE_HUB_CACHE", Value = EngineSettings.HuggingFaceHome + "/hub" },
                    new EnvVar { Name = "PORT", Value = Port.ToString(CultureInfo.InvariantCulture) },
                ],
                Startup = EngineSettings.StartupProbe(input, "/health"),
                Readiness = EngineSettings.HttpProbe("/health", periodSeconds: 5, failureThreshold: 3),
                Liveness = new Probe
                {
                    TcpSocket = new TcpSocketAction { Port = EngineSettings.PortName },
                    PeriodSeconds = 10,
                    FailureThreshold = 12,
                    TimeoutSeconds = 5,
                },
                // Shards talk over NCCL, which falls back to shared memory.
                SharedMemory = "1Gi",
                DrainsOnSigterm = true,
            },
            problems);
    }

    private string ModelId(ModelSpec model, List<string> problems)
    {
        var location = ModelLocation.Parse(model.Source);
        switch (location.Scheme)
        {
            case "hf":
                return location.Rest;
            case "pvc":
                return location.MountedPath;
            default:
                problems.Add(EngineSettings.NotSupported(Type, $"model.source {location.Scheme}://", "use hf:// or pvc://"));
                return string.Empty;
        }
    }
}
