using System.Net;
using System.Text;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Engines;

namespace LlmOps.Operator.Gathering;

/// <summary>How the pods of a release are asked.</summary>
/// <param name="ApiKey">Secret with the key that they ask for, in their namespace; null where they ask for none.</param>
internal sealed record EngineAccess(int Port, SecretKeyReference? ApiKey)
{
    public static EngineAccess Of(IEngine engine, ReleaseSnapshot release) => new(engine.Port, release.Engine.ApiKeySecretRef);
}

/// <summary>What an engine pod answered.</summary>
/// <param name="Status">Null where it was not asked, since its key is not known.</param>
/// <param name="Problem">Why it was not asked, as a clause; null where it was.</param>
internal sealed record EngineAnswer(HttpStatusCode? Status, string Text, string? Problem = null)
{
    public bool IsSuccess => (int?)Status is >= 200 and < 300;

    /// <summary>Whether the engine refused the credentials.</summary>
    public bool IsUnauthorized => Status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden;
}

/// <summary>
/// The operator's requests to engine pods, with the API key of their release. Guarantees: the key goes into the header and nowhere else; a key that is refused is read anew
/// and, where it changed, tried once more.
/// </summary>
internal sealed class EngineCaller(HttpClient http, SecretTokens tokens)
{
    /// <exception cref="HttpRequestException">No answer.</exception>
    public Task<EngineAnswer> GetAsync(Pod pod, EngineAccess access, string path, CancellationToken ct) =>
        AskAsync(pod, access, () => new HttpRequestMessage(HttpMethod.Get, PodUrl.Of(pod.Status!.PodIP!, access.Port, path)), ct);

    /// <exception cref="HttpRequestException">No answer.</exception>
    public Task<EngineAnswer> PostAsync(Pod pod, EngineAccess access, string path, string json, CancellationToken ct) =>
        AskAsync(
            pod, access,
            () => new HttpRequestMessage(HttpMethod.Post, PodUrl.Of(pod.Status!.PodIP!, access.Port, path)) { Content = new StringContent(json, Encoding.UTF8, "application/json") },
            ct);

    private Task<EngineAnswer> AskAsync(Pod pod, EngineAccess access, Func<HttpRequestMessage> request, CancellationToken ct) => access.ApiKey is { } reference
        ? tokens.AskAsync(new ObjectKey(pod.Metadata.Namespace!, reference.Name), reference.Key, token => SendAsync(request, token, ct), answer => answer.IsUnauthorized, ct)
        : SendAsync(request, null, ct);

    private async Task<EngineAnswer> SendAsync(Func<HttpRequestMessage> request, SecretToken? token, CancellationToken ct)
    {
        if (token?.Problem is { } problem)
            return new(null, string.Empty, problem);
        using var message = request();
        message.Headers.Authorization = token?.Header;
        using var response = await http.SendAsync(message, ct);
        return new(response.StatusCode, await response.Content.ReadAsStringAsync(ct));
    }
}
