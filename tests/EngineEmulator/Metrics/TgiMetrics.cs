using System.Collections.Concurrent;
using LlmOps.EngineEmulator.Generation;

namespace LlmOps.EngineEmulator.Metrics;

/// <summary>
/// TGI's <c>/metrics</c>: no labels but <c>err</c>, counters without <c>_total</c>, and no series before its first use. No
/// TTFT, KV use or finish reason; the mean time per token includes the prefill.
/// </summary>
internal sealed class TgiMetrics(int maxTotalTokens) : IEngineMetrics
{
    private readonly Value _requests = new();
    private readonly Value _successes = new();
    private readonly Value _steps = new();
    private readonly ConcurrentDictionary<string, Value> _failures = new();
    private readonly Histogram _duration = new(Buckets.TgiDuration);
    private readonly Histogram _validation = new(Buckets.TgiDuration);
    private readonly Histogram _queue = new(Buckets.TgiDuration);
    private readonly Histogram _inference = new(Buckets.TgiDuration);
    private readonly Histogram _perToken = new(Buckets.TgiDuration);
    private readonly Histogram _generated = new(Buckets.TgiTokens(maxTotalTokens));
    private readonly Histogram _input = new(Buckets.TgiTokens(maxTotalTokens));
    private readonly Histogram _maxNew = new(Buckets.TgiTokens(maxTotalTokens));
    private readonly Histogram _batchInference = new(Buckets.TgiDuration);
    private readonly Histogram _batchSize = new(Buckets.TgiBatch);

    public void FirstToken(int promptTokens, double secondsSinceArrival)
    {
        _steps.Add();
        _batchInference.Observe(secondsSinceArrival);
        _batchSize.Observe(1);
    }

    public void NextToken(double secondsSincePrevious)
    {
        _steps.Add();
        _batchInference.Observe(secondsSincePrevious);
    }

    public void Finished(FinishedRequest request)
    {
        _requests.Add();
        _input.Observe(request.PromptTokens);
        _maxNew.Observe(request.MaxTokens ?? 100);
        if (request.Reason == FinishReason.Abort)
        {
            Fail("dropped");
            return;
        }

        if (request.Reason == FinishReason.Error)
        {
            Fail("generation");
            return;
        }

        _successes.Add();
        var inference = request.PrefillSeconds + request.DecodeSeconds;
        _duration.Observe(request.TotalSeconds);
        _validation.Observe(0.0001);
        _queue.Observe(request.QueueSeconds);
        _inference.Observe(inference);
        _perToken.Observe(inference / Math.Max(1, request.CompletionTokens));
        _generated.Observe(request.CompletionTokens);
    }

    public void Rejected(string error)
    {
        _requests.Add();
        Fail(error);
    }

    /// <summary>TGI does not count responses by status.</summary>
    public void Responded(string handler, string method, int status, double seconds)
    {
    }

    public string Write(int running, int waiting)
    {
        var text = new Exposition(pythonNumbers: false);
        Counter(text, "tgi_request_count", _requests);
        Counter(text, "tgi_request_success", _successes);
        if (!_failures.IsEmpty)
        {
            text.Family("tgi_request_failure", "counter");
            foreach (var (error, value) in _failures.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                text.Sample("tgi_request_failure", Labels.Of(("err", error)), value.Current);
        }

        Counter(text, "tgi_batch_inference_count", _steps);
        Counter(text, "tgi_batch_inference_success", _steps);
        Gauge(text, "tgi_queue_size", waiting);
        Gauge(text, "tgi_batch_current_size", running);
        Gauge(text, "tgi_batch_current_max_tokens", running * maxTotalTokens);
        Distribution(text, "tgi_request_duration", _duration);
        Distribution(text, "tgi_request_validation_duration", _validation);
        Distribution(text, "tgi_request_queue_duration", _queue);
        Distribution(text, "tgi_request_inference_duration", _inference);
        Distribution(text, "tgi_request_mean_time_per_token_duration", _perToken);
        Distribution(text, "tgi_request_generated_tokens", _generated);
        Distribution(text, "tgi_request_input_length", _input);
        Distribution(text, "tgi_request_max_new_tokens", _maxNew);
        Distribution(text, "tgi_batch_inference_duration", _batchInference);
        Distribution(text, "tgi_batch_next_size", _batchSize);
        return text.ToString();
    }

    private void Fail(string error) => _failures.GetOrAdd(error, static _ => new Value()).Add();

    private static void Counter(Exposition text, string name, Value value)
    {
        if (value.Current == 0)
            return;
        text.Family(name, "counter");
        text.Sample(name, Labels.None, value.Current);
    }

    private static void Gauge(Exposition text, string name, double value)
    {
        text.Family(name, "gauge");
        text.Sample(name, Labels.None, value);
    }

    private static void Distribution(Exposition text, string name, Histogram histogram)
    {
        if (!histogram.IsUsed)
            return;
        text.Family(name, "histogram");
        histogram.Write(text, name, Labels.None);
    }
}
