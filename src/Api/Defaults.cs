namespace LlmOps.Api;

/// <summary>
/// What a field means where it is left out. The API server writes some of these (<see cref="Schema.SchemaDefaultAttribute"/>);
/// code reads them from here, because parents may be left out as well.
/// </summary>
public static class Defaults
{
    public const int DrainSeconds = 30;

    public const int GpuCount = 1;

    public const string GpuResourceName = "nvidia.com/gpu";

    public const int Replicas = 1;

    /// <summary>Requests that a candidate must have answered at a weight.</summary>
    public const int MinRequests = 20;

    /// <summary>A candidate's share while it bakes, in per cent.</summary>
    public const int BakeWeight = 95;

    /// <summary>Requests that an evaluation keeps open at a time.</summary>
    public const int EvaluationConcurrency = 8;

    public const double Confidence = 0.95;

    public const long SampleSeed = 17;

    /// <summary>Tolerated ratio of error rates.</summary>
    public const double ToleratedErrors = 1;

    /// <summary>Tolerated ratio of the rates of slow first tokens.</summary>
    public const double ToleratedTtft = 1.2;

    /// <summary>Tolerated ratio of the rates of slow output.</summary>
    public const double ToleratedTimePerOutputToken = 1.2;

    /// <summary>Tolerated ratio of the rates of long answers.</summary>
    public const double ToleratedOutputTokens = 1.3;

    /// <summary>Tolerated ratio of the rates of costly requests.</summary>
    public const double ToleratedCost = 1.2;

    /// <summary>Tolerated ratio of the rates of answers that a guardrail blocks.</summary>
    public const double ToleratedBlocked = 1;

    /// <summary>Tolerated ratio of the rates of negative feedback.</summary>
    public const double ToleratedFeedback = 1;

    /// <summary>Copies of requests that a gateway has running at one time.</summary>
    public const int MirrorConcurrency = 8;

    /// <summary>Requests of a new pod whose latencies do not count.</summary>
    public const int WarmUpRequests = 10;

    public const string Currency = "USD";

    public const string Stickiness = "session";

    public const string InputVariable = "query";

    public static Duration StartupDeadline { get; } = TimeSpan.FromMinutes(20);

    public static Duration SchedulingDeadline { get; } = TimeSpan.FromMinutes(10);

    public static Duration ImagePullDeadline { get; } = TimeSpan.FromMinutes(30);

    public static Duration WarmUpDeadline { get; } = TimeSpan.FromMinutes(5);

    public static Duration Hold { get; } = TimeSpan.FromMinutes(2);

    public static Duration ApproveTimeout { get; } = TimeSpan.FromHours(24);

    public static Duration ProgressDeadline { get; } = TimeSpan.FromMinutes(30);

    public static Duration ScaleDownDelay { get; } = TimeSpan.FromSeconds(30);

    public static Duration EvaluationDuration { get; } = TimeSpan.FromMinutes(30);

    /// <summary>Requests to a judge at a time.</summary>
    public const int JudgeConcurrency = 4;

    /// <summary>Failing samples of a check in a row that revert.</summary>
    public const int CheckFailures = 3;

    public static Duration CheckInterval { get; } = TimeSpan.FromSeconds(30);

    public static Duration CheckWindow { get; } = TimeSpan.FromMinutes(2);

    public static Percentage FalseRevertProbability { get; } = new(0.01);

    /// <summary>Steps of a rollout that names none.</summary>
    public static IReadOnlyList<RolloutStep> Steps { get; } = [new() { Weight = 5 }, new() { Weight = 25 }, new() { Weight = 50 }];
}
