using System.Text.Json.Serialization;

namespace LlmOps.Kubernetes;

/// <summary>The part of <c>metav1.ObjectMeta</c> that we read or write. Of <c>managedFields</c>, which would double the caches, one name is kept.</summary>
public sealed record ObjectMeta
{
    public string? Name { get; init; }

    public string? GenerateName { get; init; }

    public string? Namespace { get; init; }

    public string? Uid { get; init; }

    public string? ResourceVersion { get; init; }

    public long? Generation { get; init; }

    public DateTimeOffset? CreationTimestamp { get; init; }

    public DateTimeOffset? DeletionTimestamp { get; init; }

    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    [JsonConverter(typeof(SharedOwnersConverter))]
    public IReadOnlyList<OwnerReference>? OwnerReferences { get; init; }

    public IReadOnlyList<string>? Finalizers { get; init; }

    /// <summary>
    /// Who last wrote the object itself and not one of its subresources, such as <c>argocd-controller (Apply)</c>, by its <c>managedFields</c>: Kubernetes keeps no user's
    /// name, but that of the program that wrote, and a person may give theirs with <c>kubectl apply --field-manager</c>. Never sent.
    /// </summary>
    [JsonPropertyName("managedFields")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWriting)]
    [JsonConverter(typeof(LastWriterConverter))]
    public string? LastWriter { get; init; }
}

/// <summary>Points to the owner that the garbage collector follows.</summary>
public sealed record OwnerReference
{
    public required string ApiVersion { get; init; }

    public required string Kind { get; init; }

    public required string Name { get; init; }

    public required string Uid { get; init; }

    public bool? Controller { get; init; }

    public bool? BlockOwnerDeletion { get; init; }
}

/// <summary>A condition as <c>metav1.Condition</c> defines it; kstatus and <c>kubectl wait</c> read these.</summary>
public sealed record Condition
{
    /// <summary>CamelCase type, unique in the list.</summary>
    public required string Type { get; init; }

    /// <summary>Whether it holds: <c>True</c>, <c>False</c> or <c>Unknown</c>.</summary>
    public required string Status { get; init; }

    /// <summary>Why, as a CamelCase word that a machine can match.</summary>
    public required string Reason { get; init; }

    /// <summary>A sentence for a person: what is, and what to do.</summary>
    public required string Message { get; init; }

    /// <summary>When <see cref="Status"/> last changed.</summary>
    public required DateTimeOffset LastTransitionTime { get; init; }

    /// <summary>The generation of the spec that this was worked out for.</summary>
    public long? ObservedGeneration { get; init; }
}

/// <summary>Refers to an object by name in the same namespace.</summary>
public sealed record LocalObjectReference
{
    /// <summary>Name of the object.</summary>
    public required string Name { get; init; }
}

/// <summary>A label selector; all terms must hold.</summary>
public sealed record LabelSelector
{
    public IReadOnlyDictionary<string, string>? MatchLabels { get; init; }
}

/// <summary>The API server's answer to a failed (or deleting) request.</summary>
public sealed record Status
{
    public string? ApiVersion { get; init; }

    public string? Kind { get; init; }

    /// <summary><c>Success</c> or <c>Failure</c>. The <c>status</c> field of the wire format.</summary>
    [JsonPropertyName("status")]
    public string? Outcome { get; init; }

    public string? Message { get; init; }

    /// <summary>Machine-readable, such as <c>Conflict</c>, <c>AlreadyExists</c>, <c>Invalid</c>, <c>Expired</c>.</summary>
    public string? Reason { get; init; }

    public int? Code { get; init; }

    public StatusDetails? Details { get; init; }
}

/// <summary>Details of a <see cref="Status"/>.</summary>
public sealed record StatusDetails
{
    public string? Name { get; init; }

    public string? Group { get; init; }

    public string? Kind { get; init; }

    /// <summary>Seconds to wait before a retry.</summary>
    public int? RetryAfterSeconds { get; init; }

    public IReadOnlyList<StatusCause>? Causes { get; init; }
}

/// <summary>One cause of a failure; for <c>Invalid</c>, one per field.</summary>
public sealed record StatusCause
{
    public string? Reason { get; init; }

    public string? Message { get; init; }

    public string? Field { get; init; }
}
