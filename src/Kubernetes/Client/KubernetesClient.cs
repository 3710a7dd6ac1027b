using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace LlmOps.Kubernetes;

/// <summary>
/// A typed client of the API server. Thread safe; one a process is enough, but leader election has its own, so that its
/// renewals never queue behind other requests.
/// </summary>
/// <remarks>
/// Guarantees: every request ends within <see cref="KubernetesClientConfiguration.RequestTimeout"/> (an attempt; 429 and
/// 503 with a <c>Retry-After</c> of at most 30 s are tried up to six times) or with its cancellation token, writes of statuses in one attempt within
/// <see cref="KubernetesClientConfiguration.StatusTimeout"/>; failures are <see cref="KubernetesException"/>. Every write carries a field manager.
/// </remarks>
public sealed class KubernetesClient : IDisposable
{
    private static readonly TimeSpan UrgentPatience = TimeSpan.FromSeconds(1);

    private readonly KubernetesClientConfiguration configuration;
    private readonly ApiTransport transport;
    private readonly TimeProvider time;

    public KubernetesClient(KubernetesClientConfiguration configuration, TimeProvider? time = null)
        : this(configuration, time, handler: null)
    {
    }

    internal KubernetesClient(KubernetesClientConfiguration configuration, TimeProvider? time, HttpMessageHandler? handler)
    {
        this.configuration = configuration;
        this.time = time ?? TimeProvider.System;
        transport = new ApiTransport(configuration, this.time, handler);
    }

    public KubernetesClientConfiguration Configuration => configuration;

    /// <summary>The object, or null where there is none; a name that no object can have, as a person may have written one, is not asked for.</summary>
    public Task<T?> GetAsync<T>(ObjectKey key, CancellationToken ct)
        where T : class, IResource<T> => GetAsync<T>(key, null, ct);

    /// <summary>As <see cref="GetAsync{T}(ObjectKey, CancellationToken)"/>, for whoever has to go on without an answer soon: one attempt, within a second.</summary>
    public Task<T?> GetNowAsync<T>(ObjectKey key, CancellationToken ct)
        where T : class, IResource<T> => GetAsync<T>(key, UrgentPatience, ct);

    /// <summary>The objects of a namespace, or of all where <paramref name="ns"/> is null.</summary>
    /// <exception cref="KubernetesException">Also where one object cannot be decoded; an <see cref="Informer{T}"/> skips such ones.</exception>
    public Task<ResourceList<T>> ListAsync<T>(string? ns = null, ListOptions? options = null, CancellationToken ct = default)
        where T : class, IResource<T> =>
        SendAsync(RequestBuilder.List(T.ResourceKind, ns, options ?? new()), null, T.JsonListType, ct);

    /// <summary>
    /// Changes as they happen, until the server ends the watch (normally after some minutes: resume from the last
    /// resource version). An object that cannot be decoded is an event without an object, not an exception.
    /// </summary>
    /// <exception cref="KubernetesException">The watch was refused, broke, or was silent for too long.</exception>
    public async IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(
        string? ns, WatchOptions options, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
        where T : class, IResource<T>
    {
        var request = RequestBuilder.Watch(T.ResourceKind, ns, options, options.Timeout ?? RandomWatchTimeout());
        using var response = await transport.SendAsync(request, null, ct);
        await using var lines = await WatchStream.OpenAsync(response, options.SendInitialEvents ? options.InitialIdleTimeout : options.IdleTimeout, time, ct);
        while (true)
        {
            WatchEvent<T> next;
            try
            {
                if (!await lines.MoveNextAsync())
                    yield break;
                next = WatchLine.Decode<T>(lines.Current);
                if (next.EndsInitialEvents)
                    lines.IdleTimeout = options.IdleTimeout;
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                throw transport.Unreachable(e, request.ToString());
            }

            yield return next;
        }
    }

    /// <exception cref="KubernetesException">Also <see cref="KubernetesException.IsAlreadyExists"/>.</exception>
    public Task<T> CreateAsync<T>(T obj, CancellationToken ct)
        where T : class, IResource<T> =>
        SendAsync(RequestBuilder.Create(T.ResourceKind, obj.Metadata.Namespace, configuration.FieldManager), WriteBody.Whole(obj), T.JsonType, ct);

    /// <summary>Replaces the object; a conflict where <c>metadata.resourceVersion</c> is set and not the newest.</summary>
    public Task<T> ReplaceAsync<T>(T obj, CancellationToken ct)
        where T : class, IResource<T> =>
        SendAsync(RequestBuilder.Replace(T.ResourceKind, obj.Key(), null, configuration.FieldManager), WriteBody.Whole(obj), T.JsonType, ct);

    /// <summary>Replaces the status and nothing else. For test beds; the operator applies its status.</summary>
    public Task<T> ReplaceStatusAsync<T>(T obj, CancellationToken ct)
        where T : class, IResource<T> =>
        SendAsync(RequestBuilder.Replace(T.ResourceKind, obj.Key(), "status", configuration.FieldManager), WriteBody.Whole(obj), T.JsonType, ct);

    /// <summary>Deletes the object; false where there is none.</summary>
    /// <exception cref="KubernetesException"><see cref="KubernetesException.IsConflict"/> where a precondition does not hold.</exception>
    public async Task<bool> DeleteAsync<T>(ObjectKey key, DeleteOptions? options = null, CancellationToken ct = default)
        where T : class, IResource<T>
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(options ?? new(), KubernetesJson.Default.DeleteOptions);
        try
        {
            using var response = await transport.SendAsync(RequestBuilder.Delete(T.ResourceKind, key), body, ct);
            return true;
        }
        catch (KubernetesException e) when (e.IsNotFound)
        {
            return false;
        }
    }

    /// <summary>Merges <paramref name="patch"/> (RFC 7396) into the object or one of its subresources.</summary>
    public Task<T> MergePatchAsync<T>(
        ObjectKey key, JsonNode patch, string? subresource = null, string? fieldManager = null, CancellationToken ct = default)
        where T : class, IResource<T> =>
        SendAsync(
            RequestBuilder.MergePatch(T.ResourceKind, key, subresource, fieldManager ?? configuration.FieldManager),
            WriteBody.Utf8(patch), T.JsonType, ct);

    /// <summary>Changes single values by their path (RFC 6902): for fields of lists that have no key to apply by.</summary>
    /// <param name="operations">A replacement of <c>/metadata/resourceVersion</c> among them makes the patch a compare-and-swap.</param>
    /// <exception cref="KubernetesException"><see cref="KubernetesException.IsConflict"/> where the object has changed since that version.</exception>
    public Task<T> JsonPatchAsync<T>(ObjectKey key, JsonArray operations, string? fieldManager = null, CancellationToken ct = default)
        where T : class, IResource<T> =>
        SendAsync(
            RequestBuilder.JsonPatch(T.ResourceKind, key, null, fieldManager ?? configuration.FieldManager),
            WriteBody.Utf8(operations), T.JsonType, ct);

    /// <summary>
    /// Server-side apply: the fields of <paramref name="obj"/> become those that <paramref name="fieldManager"/> wants;
    /// fields that it wanted before and that are gone now are removed. Status and what the server fills in
    /// (resource version, uid, generation, times) are not sent.
    /// </summary>
    /// <param name="force">Takes fields from other managers instead of failing with a conflict.</param>
    public Task<T> ApplyAsync<T>(T obj, string fieldManager, bool force = true, CancellationToken ct = default)
        where T : class, IResource<T> =>
        SendAsync(RequestBuilder.Apply(T.ResourceKind, obj.Key(), null, fieldManager, force), WriteBody.Applied(obj), T.JsonType, ct);

    /// <summary>
    /// Server-side apply of the status: sends <c>apiVersion</c>, <c>kind</c>, name, namespace, resource version and <c>status</c>, nothing else.
    /// Where the object has a resource version and it is not the newest, a conflict; without one, the last writer wins.
    /// Never sent twice, and soon given up: a status tells of the moment in which it was worked out, so one that is refused is to be worked out anew.
    /// </summary>
    public Task<T> ApplyStatusAsync<T>(T obj, string fieldManager, bool force = true, CancellationToken ct = default)
        where T : class, IResource<T> =>
        SendAsync(RequestBuilder.Apply(T.ResourceKind, obj.Key(), "status", fieldManager, force) with { Patience = configuration.StatusTimeout }, WriteBody.AppliedStatus(obj), T.JsonType, ct);

    public Task<Scale> GetScaleAsync<T>(ObjectKey key, CancellationToken ct)
        where T : class, IResource<T> =>
        SendAsync(RequestBuilder.Get(T.ResourceKind, key, "scale"), null, KubernetesJson.Default.Scale, ct);

    public Task<Scale> ReplaceScaleAsync<T>(ObjectKey key, Scale scale, CancellationToken ct)
        where T : class, IResource<T> =>
        SendAsync(
            RequestBuilder.Replace(T.ResourceKind, key, "scale", configuration.FieldManager),
            JsonSerializer.SerializeToUtf8Bytes(scale, KubernetesJson.Default.Scale), KubernetesJson.Default.Scale, ct);

    /// <summary>Any request, with this client's server and credentials. The answer is returned whatever its status is; the caller disposes it.</summary>
    /// <param name="pathAndQuery">From the server's root, such as <c>/version</c>; already escaped.</param>
    public Task<HttpResponseMessage> RawAsync(HttpMethod method, string pathAndQuery, HttpContent? content, CancellationToken ct) =>
        transport.SendRawAsync(method, pathAndQuery, content, ct);

    public void Dispose() => transport.Dispose();

    /// <summary>One page of a list, decoded object by object, so that one that cannot be decoded does not hide the others.</summary>
    internal async Task<ListPage<T>> ListPageAsync<T>(string? ns, ListOptions options, CancellationToken ct)
        where T : class, IResource<T>
    {
        var request = RequestBuilder.List(T.ResourceKind, ns, options);
        using var response = await transport.SendAsync(request, null, ct);
        var body = await transport.ReadBodyAsync(response, request, ct);
        try
        {
            return ListPage<T>.Decode(body);
        }
        catch (JsonException e)
        {
            throw Undecodable(request, e);
        }
    }

    private async Task<T?> GetAsync<T>(ObjectKey key, TimeSpan? patience, CancellationToken ct)
        where T : class, IResource<T>
    {
        if (!RequestBuilder.IsPossibleName(key.Name))
            return null;
        try
        {
            return await SendAsync(RequestBuilder.Get(T.ResourceKind, key) with { Patience = patience }, null, T.JsonType, ct);
        }
        catch (KubernetesException e) when (e.IsNotFound)
        {
            return null;
        }
    }

    private async Task<TAnswer> SendAsync<TAnswer>(ApiRequest request, byte[]? body, JsonTypeInfo<TAnswer> answer, CancellationToken ct)
        where TAnswer : class
    {
        using var response = await transport.SendAsync(request, body, ct);
        var bytes = await transport.ReadBodyAsync(response, request, ct);
        try
        {
            return JsonSerializer.Deserialize(bytes, answer) ?? throw new JsonException("null instead of an object");
        }
        catch (Exception e)
        {
            // Not only JsonException: the converters of a kind are somebody else's code.
            throw Undecodable(request, e);
        }
    }

    private static KubernetesException Undecodable(ApiRequest request, Exception e) =>
        new($"{request}: the answer cannot be decoded: {e.Message}", (int)HttpStatusCode.OK, KubernetesException.UndecodableReason, innerException: e);

    private static TimeSpan RandomWatchTimeout() => TimeSpan.FromSeconds(Random.Shared.Next(300, 601));
}
