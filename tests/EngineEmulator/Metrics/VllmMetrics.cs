using LlmOps.EngineEmulator.Generation;

namespace LlmOps.EngineEmulator.Metrics;

/// <summary>vLLM V1's <c>/metrics</c>: labels <c>engine</c> and <c>model_name</c> on every series of the engine.</summary>
internal sealed class VllmMetrics : IEngineMetrics
{
    private readonly Labels _labels;
    private readonly double _capacity;
    private readonly HttpMetrics _http = new();
    private readonly Value _promptTokens = new();
    private readonly Value _generationTokens = new();
    private readonly Value _prefixQueries = new();
    private readonly Value[] _finished = [.. Enum.GetValues<FinishReason>().Select(_ => new Value())];
    private readonly Histogram _ttft = new(Buckets.Ttft);
    private readonly Histogram _interToken = new(Buckets.Token);
    private readonly Histogram _tpot = new(Buckets.Token);
    private readonly Histogram _total = new(Buckets.Request);
    private readonly Histogram _queue = new(Buckets.Request);
    private readonly Histogram _inference = new(Buckets.Request);
    private readonly Histogram _prefill = new(Buckets.Request);
    private readonly Histogram _decode = new(Buckets.Request);
    private readonly Histogram _promptLength;
    private readonly Histogram _generationLength;
    private readonly Histogram _maxGenerationLength;
    private readonly Histogram _maxTokens;
    private readonly Histogram _n = new(Buckets.N);
    private readonly Histogram _iteration = new(Buckets.Iteration);

    /// <param name="modelName">The first served name: what vLLM puts into <c>model_name</c>.</param>
    /// <param name="maxModelLen">Tokens; bounds the token histograms.</param>
    /// <param name="capacity">Size of the batch; a full batch fills the emulated KV cache.</param>
    public VllmMetrics(string modelName, int maxModelLen, int capacity)
    {
        _labels = Labels.Of(("engine", "0"), ("model_name", modelName));
        _capacity = capacity;
        var tokens = Buckets.Tokens(maxModelLen);
        _promptLength = new Histogram(tokens);
        _generationLength = new Histogram(tokens);
        _maxGenerationLength = new Histogram(tokens);
        _maxTokens = new Histogram(tokens);
    }

    public void FirstToken(int promptTokens, double secondsSinceArrival)
    {
        _promptTokens.Add(promptTokens);
        _prefixQueries.Add(promptTokens);
        _generationTokens.Add();
        _ttft.Observe(secondsSinceArrival);
        _iteration.Observe(promptTokens + 1);
    }

    public void NextToken(double secondsSincePrevious)
    {
        _generationTokens.Add();
        _interToken.Observe(secondsSincePrevious);
        _iteration.Observe(1);
    }

    public void Finished(FinishedRequest request)
    {
        _finished[(int)request.Reason].Add();
        _total.Observe(request.TotalSeconds);
        _queue.Observe(request.QueueSeconds);
        _prefill.Observe(request.PrefillSeconds);
        _decode.Observe(request.DecodeSeconds);
        _inference.Observe(request.PrefillSeconds + request.DecodeSeconds);
        if (request.CompletionTokens > 1)
            _tpot.Observe(request.DecodeSeconds / (request.CompletionTokens - 1));
        _promptLength.Observe(request.PromptTokens);
        _generationLength.Observe(request.CompletionTokens);
        _maxGenerationLength.Observe(request.CompletionTokens);
        _n.Observe(1);
        if (request.MaxTokens is { } max)
            _maxTokens.Observe(max);
    }

    /// <summary>vLLM counts refused requests by their status code only.</summary>
    public void Rejected(string error)
    {
    }

    public void Responded(string handler, string method, int status, double seconds) =>
        _http.Responded(handler, method, status, seconds);

    public string Write(int running, int waiting)
    {
        var text = new Exposition(pythonNumbers: true);
        Single(text, "vllm:num_requests_running", "gauge", "Number of requests in model execution batches.", running);
        Single(text, "vllm:num_requests_waiting", "gauge", "Number of requests waiting to be processed.", waiting);
        text.Family("vllm:num_requests_waiting_by_reason", "gauge", "Number of waiting requests by reason.");
        text.Sample("vllm:num_requests_waiting_by_reason", _labels.With("reason", "capacity"), waiting);
        text.Sample("vllm:num_requests_waiting_by_reason", _labels.With("reason", "deferred"), 0);
        text.Family("vllm:engine_sleep_state", "gauge", "Engine sleep state; awake = 0 means engine is sleeping; awake = 1 means engine is awake.");
        text.Sample("vllm:engine_sleep_state", _labels.With("sleep_state", "awake"), 1);
        text.Sample("vllm:engine_sleep_state", _labels.With("sleep_state", "weights_offloaded"), 0);
        text.Sample("vllm:engine_sleep_state", _labels.With("sleep_state", "discard_all"), 0);
        Single(text, "vllm:kv_cache_usage_perc", "gauge", "KV-cache usage. 1 means 100 percent usage.", Math.Min(1, running / _capacity));
        Single(text, "vllm:prefix_cache_queries_total", "counter", "Prefix cache queries, in terms of number of queried tokens.", _prefixQueries.Current);
        Single(text, "vllm:prefix_cache_hits_total", "counter", "Prefix cache hits, in terms of number of cached tokens.", 0);
        Single(text, "vllm:external_prefix_cache_queries_total", "counter", "External prefix cache queries from KV connector cross-instance cache sharing, in terms of number of queried tokens.", 0);
        Single(text, "vllm:external_prefix_cache_hits_total", "counter", "External prefix cache hits from KV connector cross-instance cache sharing, in terms of number of cached tokens.", 0);
        Single(text, "vllm:num_preemptions_total", "counter", "Cumulative number of preemption from the engine.", 0);
        Single(text, "vllm:prompt_tokens_total", "counter", "Number of prefill tokens processed.", _promptTokens.Current);
        Single(text, "vllm:prompt_tokens_cached_total", "counter", "Number of cached prompt tokens.", 0);
        Single(text, "vllm:generation_tokens_total", "counter", "Number of generation tokens processed.", _generationTokens.Current);
        text.Family("vllm:request_success_total", "counter", "Count of successfully processed requests.");
        foreach (var reason in Enum.GetValues<FinishReason>())
        {
            text.Sample("vllm:request_success_total",
                _labels.With("finished_reason", reason.ToString().ToLowerInvariant()), _finished[(int)reason].Current);
        }

        Distribution(text, "vllm:request_prompt_tokens", "Number of prefill tokens processed.", _promptLength);
        Distribution(text, "vllm:request_generation_tokens", "Number of generation tokens processed.", _generationLength);
        Distribution(text, "vllm:iteration_tokens_total", "Histogram of number of tokens per engine_step.", _iteration);
        Distribution(text, "vllm:request_max_num_generation_tokens", "Histogram of maximum number of requested generation tokens.", _maxGenerationLength);
        Distribution(text, "vllm:request_params_n", "Histogram of the n request parameter.", _n);
        Distribution(text, "vllm:request_params_max_tokens", "Histogram of the max_tokens request parameter.", _maxTokens);
        Distribution(text, "vllm:time_to_first_token_seconds", "Histogram of time to first token in seconds.", _ttft);
        Distribution(text, "vllm:inter_token_latency_seconds", "Histogram of inter-token latency in seconds.", _interToken);
        Distribution(text, "vllm:request_time_per_output_token_seconds", "Histogram of time_per_output_token_seconds per request.", _tpot);
        Distribution(text, "vllm:e2e_request_latency_seconds", "Histogram of e2e request latency in seconds.", _total);
        Distribution(text, "vllm:request_queue_time_seconds", "Histogram of time spent in WAITING phase for request.", _queue);
        Distribution(text, "vllm:request_inference_time_seconds", "Histogram of time spent in RUNNING phase for request.", _inference);
        Distribution(text, "vllm:request_prefill_time_seconds", "Histogram of time spent in PREFILL phase for request.", _prefill);
        Distribution(text, "vllm:request_decode_time_seconds", "Histogram of time spent in DECODE phase for request.", _decode);
        text.Family("vllm:cache_config_info", "gauge", "Information of the LLMEngine CacheConfig");
        text.Sample("vllm:cache_config_info",
            Labels.Of(("block_size", "16"), ("cache_dtype", "auto"), ("enable_prefix_caching", "True"), ("engine", "0"), ("gpu_memory_utilization", "0.9")), 1);
        _http.Write(text);
        return text.ToString();
    }

    private void Single(Exposition text, string name, string type, string help, double value)
    {
        text.Family(name, type, help);
        text.Sample(name, _labels, value);
    }

    private void Distribution(Exposition text, string name, string help, Histogram histogram)
    {
        text.Family(name, "histogram", help);
        histogram.Write(text, name, _labels);
    }
}
