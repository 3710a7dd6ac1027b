namespace LlmOps.Kubernetes;

/// <summary>How a work queue waits.</summary>
public sealed record WorkQueueOptions
{
    /// <summary>Label of the queue's metrics. Default: <c>default</c>.</summary>
    public string Name { get; init; } = "default";

    /// <summary>Wait after the first failure of a key; doubles with each. Default: 5 ms.</summary>
    public TimeSpan FirstBackoff { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>Longest wait after failures. Default: 60 s. A key is never given up.</summary>
    public TimeSpan LongestBackoff { get; init; } = TimeSpan.FromSeconds(60);
}
