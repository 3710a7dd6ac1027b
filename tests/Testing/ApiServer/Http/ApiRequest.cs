namespace LlmOps.Testing;

/// <summary>One request, in the words of the Kubernetes API: what fault rules, counters and logs look at.</summary>
public sealed record ApiRequest
{
    /// <summary><c>get</c>, <c>list</c>, <c>watch</c>, <c>create</c>, <c>update</c>, <c>patch</c>, <c>delete</c> or <c>deletecollection</c>.</summary>
    public required string Verb { get; init; }

    /// <summary>Empty for core.</summary>
    public required string Group { get; init; }

    public required string Version { get; init; }

    /// <summary>As in URLs: <c>deployments</c>.</summary>
    public required string Plural { get; init; }

    /// <summary>Empty for cluster-scoped objects, and for lists and watches of all namespaces.</summary>
    public string Namespace { get; init; } = string.Empty;

    /// <summary>Empty where the request is about a collection.</summary>
    public string Name { get; init; } = string.Empty;

    /// <summary><c>status</c>, <c>scale</c>, or null.</summary>
    public string? Subresource { get; init; }

    /// <summary>A patch that is a server-side apply.</summary>
    public bool IsApply { get; init; }

    /// <summary>A watch that is to begin with all there is (<c>sendInitialEvents</c>).</summary>
    public bool IsStreamedList { get; init; }

    /// <summary>What a list or watch selects, as it was sent: labels, then fields.</summary>
    public (string Labels, string Fields) Selectors { get; init; } = (string.Empty, string.Empty);

    public string UserAgent { get; init; } = string.Empty;

    /// <summary>The field manager, or the user agent up to its first slash where none was sent.</summary>
    public string FieldManager { get; init; } = string.Empty;

    /// <summary>Order of arrival at the server, from 1.</summary>
    public int Index { get; init; }

    /// <summary><c>pods</c>, <c>deployments.apps</c>.</summary>
    public string GroupResource => Group.Length == 0 ? Plural : $"{Plural}.{Group}";

    public bool IsWrite => Verb is "create" or "update" or "patch" or "delete" or "deletecollection";

    public override string ToString()
    {
        var verb = IsApply ? "apply" : Verb;
        var target = Subresource is null ? GroupResource : $"{GroupResource}/{Subresource}";
        var key = Namespace.Length == 0 ? Name : $"{Namespace}/{Name}";
        return $"{verb} {target} {key}".TrimEnd();
    }
}

/// <summary>One write that the server has carried out, in the order of commits.</summary>
/// <param name="Sequence">From 1.</param>
/// <param name="Changed">False when the object already was as asked: nothing was stored and no watcher heard of it.</param>
/// <param name="ResourceVersion">Version of the object after the write.</param>
public sealed record WriteRecord(int Sequence, ApiRequest Request, string Namespace, string Name, bool Changed, string ResourceVersion)
{
    /// <summary>As in <c>apply deployments.apps ns/name</c>.</summary>
    public override string ToString() => (Request with { Namespace = Namespace, Name = Name }).ToString() + (Changed ? string.Empty : " (no change)");
}
