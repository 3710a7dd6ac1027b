using System.Text.Json.Serialization.Metadata;

namespace LlmOps.Kubernetes;

/// <summary>Names one kind of the API: what a URL and an <c>apiVersion</c> are made of.</summary>
/// <param name="Group">API group; empty for core.</param>
/// <param name="Version">API version, such as <c>v1</c>.</param>
/// <param name="Kind">Kind in CamelCase, such as <c>Deployment</c>.</param>
/// <param name="Plural">Plural in lower case, as in URLs, such as <c>deployments</c>.</param>
/// <param name="Namespaced">Whether objects live in a namespace.</param>
public sealed record ResourceKind(string Group, string Version, string Kind, string Plural, bool Namespaced = true)
{
    /// <summary><c>v1</c> for core, else <c>group/version</c>.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";
}

/// <summary>
/// An object of the API. Implementations are wire records: immutable, with a source-generated JSON contract, so that
/// nothing here needs reflection.
/// </summary>
public interface IResource<TSelf>
    where TSelf : class, IResource<TSelf>
{
    static abstract ResourceKind ResourceKind { get; }

    /// <summary>Source-generated contract of one object.</summary>
    static abstract JsonTypeInfo<TSelf> JsonType { get; }

    /// <summary>Source-generated contract of a list of them.</summary>
    static abstract JsonTypeInfo<ResourceList<TSelf>> JsonListType { get; }

    /// <summary>The same object with other metadata.</summary>
    TSelf WithMetadata(ObjectMeta metadata);

    string? ApiVersion { get; }

    string? Kind { get; }

    ObjectMeta Metadata { get; }
}

/// <summary>A list answer of the API server.</summary>
public sealed record ResourceList<T>
{
    public string? ApiVersion { get; init; }

    public string? Kind { get; init; }

    public ListMeta Metadata { get; init => field = value ?? new(); } = new();

    public IReadOnlyList<T> Items { get; init => field = value ?? []; } = [];
}

/// <summary>Metadata of a list: the resource version to watch from, and the token of the next page.</summary>
public sealed record ListMeta
{
    public string? ResourceVersion { get; init; }

    public string? Continue { get; init; }
}

/// <summary>Identifies an object of one kind inside a cluster.</summary>
/// <param name="Namespace">Empty for cluster-scoped objects.</param>
/// <param name="Name">Object name.</param>
public readonly record struct ObjectKey(string Namespace, string Name)
{
    /// <summary><c>namespace/name</c>, or just the name where there is no namespace.</summary>
    public override string ToString() => Namespace.Length == 0 ? Name : $"{Namespace}/{Name}";
}
