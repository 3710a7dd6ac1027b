using LlmOps.EngineEmulator.Generation;

namespace LlmOps.EngineEmulator.Metrics;

/// <summary>What an engine measures about itself, under its own names. Thread safe.</summary>
internal interface IEngineMetrics
{
    /// <summary>The first token came out; both engines count prompt tokens here.</summary>
    void FirstToken(int promptTokens, double secondsSinceArrival);

    /// <summary>A further token came out.</summary>
    void NextToken(double secondsSincePrevious);

    void Finished(FinishedRequest request);

    /// <summary>A request that ended without reaching the batch; <paramref name="error"/> in the engine's words.</summary>
    void Rejected(string error);

    /// <summary>A response was sent: route template, method, status code, seconds until its end.</summary>
    void Responded(string handler, string method, int status, double seconds);

    /// <summary>The exposition in Prometheus' text format.</summary>
    string Write(int running, int waiting);
}

/// <summary>One ended request, in tokens and seconds.</summary>
internal readonly record struct FinishedRequest
{
    public required FinishReason Reason { get; init; }

    public required int PromptTokens { get; init; }

    public required int CompletionTokens { get; init; }

    public required int? MaxTokens { get; init; }

    public required double QueueSeconds { get; init; }

    public required double PrefillSeconds { get; init; }

    public required double DecodeSeconds { get; init; }

    public required double TotalSeconds { get; init; }
}
