using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Operator.Engines;

/// <summary>What engines share when they read a spec.</summary>
internal static class EngineSettings
{
    /// <summary>Writable directory of every engine container: downloads, compiled kernels, home.</summary>
    public const string CacheRoot = "/cache";

    /// <summary>Where Hugging Face downloads are kept; a cache claim is mounted here.</summary>
    public const string HuggingFaceHome = CacheRoot + "/huggingface";

    /// <summary>Name of the port that all engines serve on.</summary>
    public const string PortName = "http";

    /// <summary>GPUs of one replica: none without <c>gpu</c>, 1 where it gives no count.</summary>
    public static int GpuCount(this ResourcesSpec? resources) => resources?.Gpu is { } gpu ? gpu.Count ?? Defaults.GpuCount : 0;

    /// <summary>Environment for reading from Hugging Face; the token stays in its Secret.</summary>
    public static IEnumerable<EnvVar> HuggingFaceEnvironment(ModelSpec model)
    {
        yield return new EnvVar { Name = "HF_HOME", Value = HuggingFaceHome };
        if (model.CredentialsSecretRef is { } secret)
            yield return new EnvVar { Name = "HF_TOKEN", ValueFrom = new EnvVarSource { SecretKeyRef = new KeySelector { Name = secret.Name, Key = secret.Key } } };
    }

    /// <summary>
    /// The engine's API key, which stays in its Secret. Arguments are no place for it: whoever may see pods, or the processes of a node, reads them. Adds a problem where the spec
    /// gives a key in another way as well, since engines prefer that one.
    /// </summary>
    public static IEnumerable<EnvVar> ApiKeyEnvironment(EngineSpec engine, string variable, List<string> problems)
    {
        if (engine.ApiKeySecretRef is not { } secret)
            return [];
        if (engine.Env?.Any(own => own.Name == variable) == true)
            problems.Add($"engine.env sets {variable}, and so does engine.apiKeySecretRef: leave it out of engine.env");
        if (engine.ExtraArgs?.Any(argument => argument.Replace('_', '-').StartsWith("--api-key", StringComparison.Ordinal)) == true)
            problems.Add("engine.extraArgs has --api-key, and engine.apiKeySecretRef gives the key: leave it out of engine.extraArgs");
        return [new EnvVar { Name = variable, ValueFrom = new EnvVarSource { SecretKeyRef = new KeySelector { Name = secret.Name, Key = secret.Key } } }];
    }

    /// <summary>A GET probe of the serving port.</summary>
    public static Probe HttpProbe(string path, int periodSeconds, int failureThreshold, int timeoutSeconds = 5) => new()
    {
        HttpGet = new HttpGetAction { Path = path, Port = PortName },
        PeriodSeconds = periodSeconds,
        FailureThreshold = failureThreshold,
        TimeoutSeconds = timeoutSeconds,
    };

    /// <summary>Every 2 s until the startup deadline: engines refuse connections, or answer 503, until the model is loaded.</summary>
    public static Probe StartupProbe(EngineInput input, string path) =>
        HttpProbe(path, periodSeconds: 2, failureThreshold: Math.Max(1, (int)Math.Ceiling(input.StartupDeadline.TotalSeconds / 2)));

    /// <summary>The problem of a setting that an engine does not have.</summary>
    public static string NotSupported(string engine, string field, string advice) => $"{field} is not supported by {engine}: {advice}";

    /// <summary>The problem of more shards than GPUs, if there is one.</summary>
    public static string? TooManyShards(EngineInput input) =>
        input.GpuCount > 0 && input.TensorParallelSize > input.GpuCount
            ? $"engine.tensorParallelSize {input.TensorParallelSize} is more than resources.gpu.count {input.GpuCount}: raise the GPU count or lower the parallelism"
            : null;
}
