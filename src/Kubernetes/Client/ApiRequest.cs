namespace LlmOps.Kubernetes;

/// <summary>A request as a value: what <see cref="RequestBuilder"/> makes and <see cref="ApiTransport"/> sends.</summary>
/// <param name="Method">HTTP method.</param>
/// <param name="PathAndQuery">Path from the server's root, escaped.</param>
/// <param name="Verb">The API verb, as RBAC names it: <c>get</c>, <c>list</c>, <c>watch</c>, <c>create</c>, <c>update</c>, <c>patch</c>, <c>delete</c>.</param>
/// <param name="ContentType">Media type of the body, where there is one.</param>
internal sealed record ApiRequest(HttpMethod Method, string PathAndQuery, string Verb, string? ContentType = null)
{
    /// <summary>Whether sending it twice is the same as sending it once. Replace carries a resource version and apply states a whole, so both are.</summary>
    public bool IsIdempotent => Verb != "create" && ContentType is not (RequestBuilder.MergePatchContentType or RequestBuilder.JsonPatchContentType);

    /// <summary>
    /// Longest wait for the answer to what counts at one moment, where it is shorter than that of the configuration. Such a request is sent once: whoever worked it out
    /// does so anew. Null: nothing of the kind.
    /// </summary>
    public TimeSpan? Patience { get; init; }

    /// <summary>For messages: method and path, without the query (page tokens are long).</summary>
    public override string ToString()
    {
        var query = PathAndQuery.IndexOf('?', StringComparison.Ordinal);
        return $"{Method} {(query < 0 ? PathAndQuery : PathAndQuery[..query])}";
    }
}
