using System.Globalization;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;

namespace LlmOps.Operator.Engines;

/// <summary>
/// vLLM (<c>vllm serve</c>, the entrypoint of its image). The port is closed until the model is loaded, so only a startup probe works;
/// SIGTERM aborts running answers unless <c>--shutdown-timeout</c> is given (v0.18 and later, vllm-project/vllm#36666).
/// </summary>
internal sealed class VLlm : IEngine
{
    private const string PinnedImage = "vllm/vllm-openai:v0.18.1";

    private static readonly Version FirstWithShutdownTimeout = new(0, 18, 0);

    public string Type => EngineTypes.VLlm;

    public int Port => 8000;

    public EngineMetrics Metrics { get; } = new("vllm:num_requests_running", "vllm:num_requests_waiting", "vllm:kv_cache_usage_perc");

    public IReadOnlyDictionary<string, string> CheckQueries { get; } = new Dictionary<string, string>
    {
        [CheckMetrics.QueueDepth] = EngineQueries.Mean("vllm:num_requests_waiting"),
        [CheckMetrics.RunningRequests] = EngineQueries.Mean("vllm:num_requests_running"),
        [CheckMetrics.KvCacheUsage] = EngineQueries.Mean("vllm:kv_cache_usage_perc"),
        [CheckMetrics.TimeToFirstToken] = EngineQueries.Percentile95("vllm:time_to_first_token_seconds"),
        [CheckMetrics.TimePerOutputToken] = EngineQueries.Percentile95("vllm:request_time_per_output_token_seconds"),
        [CheckMetrics.RequestLatency] = EngineQueries.Percentile95("vllm:e2e_request_latency_seconds"),
        // 5xx answers are counted by the HTTP layer alone, errors in the middle of a stream by the engine alone.
        [CheckMetrics.Errors] = EngineQueries.Share(
            "http_requests_total", "handler=~\"/v1/.+\"",
            ("http_requests_total", "handler=~\"/v1/.+\",status=\"5xx\""), ("vllm:request_success_total", "finished_reason=\"error\"")),
        [CheckMetrics.Preemptions] = EngineQueries.MeanRate("vllm:num_preemptions_total"),
    };

    /// <summary>The web server's counters are the only ones that see a 5xx, the engine's the only ones that see an answer that broke off; a request may be in both.</summary>
    public RequestCounts? CountRequests(string metrics)
    {
        long answered = 0, failed = 0, finished = 0, broken = 0;
        foreach (var sample in MetricSample.Parse(metrics, name => name is "http_requests_total" or "vllm:request_success_total"))
        {
            var count = sample.Count;
            if (sample.Name == "vllm:request_success_total")
            {
                finished += count;
                broken += sample.Label("finished_reason") == "error" ? count : 0;
            }
            else if (sample.Label("handler") is "/v1/chat/completions" or "/v1/completions")
            {
                answered += sample.Label("status") is "2xx" or "5xx" ? count : 0;
                failed += sample.Label("status") == "5xx" ? count : 0;
            }
        }

        return new(Math.Max(answered, finished), Math.Max(failed, broken));
    }

    public string ServedName(string deployment, ModelSpec model) => model.ServedName ?? deployment;

    public string DefaultImage(ResourcesSpec? resources) => PinnedImage;

    public EngineOutcome Build(EngineInput input)
    {
        var (model, engine) = (input.Model, input.Engine);
        var image = engine.Image ?? PinnedImage;
        var drains = ImageReference.TagVersion(image) >= FirstWithShutdownTimeout;
        var problems = new List<string>();
        List<string> args = [.. ModelArguments(model, problems)];
        args.AddRange(["--served-model-name", ServedName(input.Deployment, model)]);
        args.AddRange(["--port", Port.ToString(CultureInfo.InvariantCulture)]);
        if (model.Revision is { } revision)
            args.AddRange(["--revision", revision]);
        if (input.TensorParallelSize > 1)
            args.AddRange(["--tensor-parallel-size", input.TensorParallelSize.ToString(CultureInfo.InvariantCulture)]);
        if (engine.MaxModelLen is { } length)
            args.AddRange(["--max-model-len", length.ToString(CultureInfo.InvariantCulture)]);
        if (engine.Dtype is { } dtype)
            args.AddRange(["--dtype", dtype]);
        if (engine.Quantization is { } quantization)
            args.AddRange(["--quantization", quantization]);
        if (engine.GpuMemoryUtilization is { } utilization)
            args.AddRange(["--gpu-memory-utilization", utilization.ToString(CultureInfo.InvariantCulture)]);
        if (drains)
            args.AddRange(["--shutdown-timeout", input.DrainSeconds.ToString(CultureInfo.InvariantCulture)]);
        if (EngineSettings.TooManyShards(input) is { } shards)
            problems.Add(shards);
        // It guards /v1 alone: health and metrics stay open.
        var key = EngineSettings.ApiKeyEnvironment(engine, "VLLM_API_KEY", problems);

        return EngineOutcome.Of(
            new EngineContainer
            {
                Image = image,
                Args = args,
                Env = [.. EngineSettings.HuggingFaceEnvironment(model), .. key, new EnvVar { Name = "VLLM_CACHE_ROOT", Value = EngineSettings.CacheRoot + "/vllm" }],
                Startup = EngineSettings.StartupProbe(input, "/health"),
                Readiness = EngineSettings.HttpProbe("/health", periodSeconds: 1, failureThreshold: 3),
                Liveness = EngineSettings.HttpProbe("/health", periodSeconds: 10, failureThreshold: 12, timeoutSeconds: 10),
                // Tensor parallel workers pass tensors through shared memory.
                SharedMemory = input.TensorParallelSize > 1 ? "2Gi" : null,
                DrainsOnSigterm = drains,
            },
            problems);
    }

    private IEnumerable<string> ModelArguments(ModelSpec model, List<string> problems)
    {
        var location = ModelLocation.Parse(model.Source);
        switch (location.Scheme)
        {
            case "hf":
                return [location.Rest];
            case "pvc":
                return [location.MountedPath];
            case "s3" or "gs":
                return [location.ToString(), "--load-format", "runai_streamer"];
            default:
                problems.Add(EngineSettings.NotSupported(Type, $"model.source {location.Scheme}://", "use hf://, pvc://, s3:// or gs://"));
                return [];
        }
    }
}
