namespace LlmOps.Kubernetes;

/// <summary>How to delete. The server refuses with a conflict where a precondition does not hold.</summary>
public sealed record DeleteOptions
{
    public string? ApiVersion { get; init => field = value ?? "v1"; } = "v1";

    public string? Kind { get; init => field = value ?? "DeleteOptions"; } = "DeleteOptions";

    /// <summary><c>Background</c>, <c>Foreground</c> or <c>Orphan</c>. Default: what the kind defines.</summary>
    public string? PropagationPolicy { get; init; }

    /// <summary>Seconds that a pod gets to end. Default: what the pod says.</summary>
    public long? GracePeriodSeconds { get; init; }

    public Preconditions? Preconditions { get; init; }
}

/// <summary>What must be true of the object, so that a namesake or a newer version is not deleted by mistake.</summary>
public sealed record Preconditions
{
    public string? Uid { get; init; }

    public string? ResourceVersion { get; init; }
}
