using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Operator.Engines;

/// <summary>One inference engine: how a release becomes a container. Pure; a new engine is one file and one line in <see cref="EngineCatalog"/>.</summary>
internal interface IEngine
{
    /// <summary>Value of <c>spec.engine.type</c>.</summary>
    string Type { get; }

    /// <summary>Port of the API, of health and of the metrics.</summary>
    int Port { get; }

    /// <summary>Names of the engine's own metrics.</summary>
    EngineMetrics Metrics { get; }

    /// <summary>PromQL of each built-in metric of checks (<see cref="CheckMetrics"/>) that this engine has; see <see cref="EngineQueries"/>.</summary>
    IReadOnlyDictionary<string, string> CheckQueries { get; }

    /// <summary>Image where the spec names none: pinned, and the one this operator was tested with.</summary>
    string DefaultImage(ResourcesSpec? resources);

    /// <summary>Builds the container, or says which settings this engine does not have.</summary>
    EngineOutcome Build(EngineInput input);

    /// <summary>Name under which the engine serves the model: what goes into <c>model</c> of a request.</summary>
    string ServedName(string deployment, ModelSpec model);

    /// <summary>How many requests a metrics page says were answered; null where the engine does not count them.</summary>
    RequestCounts? CountRequests(string metrics);
}

/// <summary>Requests since the engine started.</summary>
/// <param name="Requests">Answered, well or by the engine's own fault badly.</param>
/// <param name="Errors">Those that failed by its own fault.</param>
internal readonly record struct RequestCounts(long Requests, long Errors);

/// <summary>What an engine is asked to run.</summary>
/// <param name="Deployment">Name of the LlmDeployment.</param>
internal sealed record EngineInput(string Deployment, ModelSpec Model, EngineSpec Engine, ResourcesSpec? Resources)
{
    /// <summary>Seconds that running answers get when a pod is stopped, default 30.</summary>
    public int DrainSeconds => Engine.DrainSeconds ?? Defaults.DrainSeconds;

    /// <summary>Longest time from container start to the engine answering, default 20 minutes.</summary>
    public TimeSpan StartupDeadline => Engine.StartupDeadline ?? Defaults.StartupDeadline;

    /// <summary>GPUs of one replica; 0 without <c>resources.gpu</c>.</summary>
    public int GpuCount => Resources.GpuCount();

    /// <summary>GPUs that one model is spread over, at least 1.</summary>
    public int TensorParallelSize => Engine.TensorParallelSize ?? Math.Max(1, GpuCount);
}

/// <summary>What differs from engine to engine in a container; the rest is the same for all (see <c>Resources/PodTemplateBuilder</c>).</summary>
internal sealed record EngineContainer
{
    public required string Image { get; init; }

    /// <summary>Arguments, without the user's <c>extraArgs</c>.</summary>
    public required IReadOnlyList<string> Args { get; init; }

    /// <summary>Environment beside what all engines get.</summary>
    public IReadOnlyList<EnvVar> Env { get; init; } = [];

    /// <summary>How a container is known to have started; it fails until the model is loaded.</summary>
    public required Probe Startup { get; init; }

    /// <summary>Whether requests may come.</summary>
    public required Probe Readiness { get; init; }

    /// <summary>Whether the container must be restarted. Never depends on the queue: a full queue is no reason to lose all of it.</summary>
    public required Probe Liveness { get; init; }

    /// <summary>Size of <c>/dev/shm</c> where the user gives none; null for the container runtime's own 64 MiB.</summary>
    public string? SharedMemory { get; init; }

    /// <summary>Whether the engine itself finishes running answers after SIGTERM. If not, the pod waits in preStop instead, out of all endpoints.</summary>
    public required bool DrainsOnSigterm { get; init; }
}

/// <summary>A container, or what stands against it.</summary>
/// <param name="Problems">Sentences that say what to change; empty exactly when there is a container.</param>
internal sealed record EngineOutcome(EngineContainer? Container, IReadOnlyList<string> Problems)
{
    public static EngineOutcome Of(EngineContainer container, IReadOnlyList<string> problems) =>
        problems.Count == 0 ? new(container, []) : new(null, problems);
}

/// <summary>Metric names on the engine's <c>/metrics</c>. Null means that the engine has no such metric, which is not the same as 0.</summary>
/// <param name="RunningRequests">Gauge: requests that are being answered.</param>
/// <param name="QueuedRequests">Gauge: requests that wait.</param>
/// <param name="KvCacheUsage">Gauge: use of the KV cache, 0 to 1.</param>
internal sealed record EngineMetrics(string? RunningRequests, string? QueuedRequests, string? KvCacheUsage);
