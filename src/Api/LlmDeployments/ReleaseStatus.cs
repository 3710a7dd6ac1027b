using LlmOps.Api.Schema;

namespace LlmOps.Api;

/// <summary>A release and how it serves.</summary>
public sealed record ReleaseStatus
{
    /// <summary>Hash of the whole release.</summary>
    [Size(Max = 64)]
    public required string Release { get; init; }

    /// <summary>Hash of what needs pods: model, engine, resources, pod template.</summary>
    [Size(Max = 64)]
    public required string ServingHash { get; init; }

    /// <summary>Hash of what does not: prompt content, sampling parameters, artifacts.</summary>
    [Size(Max = 64)]
    public required string PromptHash { get; init; }

    /// <summary>Name of the PromptVersion; absent where the release has none.</summary>
    [Size(Max = 253)]
    public string? Prompt { get; init; }

    /// <summary>Where its model comes from, such as <c>hf://acme/support-7b</c>.</summary>
    [Size(Max = 512)]
    public string? Model { get; init; }

    /// <summary>Revision of the model; absent where the spec names none.</summary>
    [Size(Max = 128)]
    public string? Revision { get; init; }

    /// <summary>Name under which the engine serves the model: what the gateway puts into <c>model</c>.</summary>
    [Size(Max = 253)]
    public string? ServedName { get; init; }

    /// <summary>Engine that it runs on, such as vLLM.</summary>
    [Size(Max = 32)]
    public string? Engine { get; init; }

    /// <summary>Container image of the engine.</summary>
    [Size(Max = 512)]
    public string? Image { get; init; }

    /// <summary>Secret with the key that the engine asks for: what gateways send in place of the client's; absent where it asks for none.</summary>
    public SecretKeyReference? ApiKeySecretRef { get; init; }

    /// <summary>Service whose EndpointSlices list the pods.</summary>
    [Size(Max = 253)]
    public required string Service { get; init; }

    /// <summary>Share of requests in per cent, 0 to 100. Gateways follow it.</summary>
    public required int Weight { get; init; }

    /// <summary>Copies of stable's requests that the release gets while it has no share of them; absent where it gets none. Gateways follow it.</summary>
    public MirrorStatus? Mirror { get; init; }

    /// <summary>Replicas that it is to have now.</summary>
    public int? Replicas { get; init; }

    /// <summary>Replicas that are ready.</summary>
    public int? ReadyReplicas { get; init; }

    /// <summary>What differs from stable, one line each, such as <c>model.revision: v1 → v2</c>; values of arguments and variables that look like secrets are not shown.</summary>
    [Size(Max = 32)]
    public IReadOnlyList<string>? Changes { get; init; }
}

/// <summary>Which of stable's requests are copied to the candidate. Users get stable's answers alone.</summary>
public sealed record MirrorStatus
{
    /// <summary>Share of stable's requests in per cent, 1 to 100.</summary>
    public required int Percent { get; init; }

    /// <summary>Copies that each gateway has running at one time; beyond it a request is not copied.</summary>
    public required int MaxConcurrent { get; init; }
}

/// <summary>A release that failed and is locked.</summary>
public sealed record FailedRelease
{
    /// <summary>Hash of the release.</summary>
    [Size(Max = 64)]
    public required string Release { get; init; }

    /// <summary>Why, as a word.</summary>
    [Size(Max = 128)]
    public required string Reason { get; init; }

    /// <summary>Why, in a sentence with the numbers.</summary>
    [Size(Max = 2048)]
    public required string Message { get; init; }

    /// <summary>When it failed and was locked.</summary>
    public required DateTimeOffset Time { get; init; }
}

/// <summary>A release whose pods are kept warm or drain.</summary>
public sealed record RetiringRelease
{
    /// <summary>Serving hash of the pods.</summary>
    [Size(Max = 64)]
    public required string ServingHash { get; init; }

    /// <summary>Replicas that are kept until then.</summary>
    public required int Replicas { get; init; }

    /// <summary>When the pods may go at the earliest; they stay while the engine has requests in flight, up to the deadline.</summary>
    public required DateTimeOffset Until { get; init; }

    /// <summary>When the pods go whatever they still answer; absent where that is the same time.</summary>
    public DateTimeOffset? Deadline { get; init; }
}
