using System.Collections.Concurrent;
using System.Net;
using System.Text;

namespace LlmOps.Kubernetes.Tests;

/// <summary>An API server as a function: every request is recorded and answered by the test, without a socket.</summary>
internal sealed class FakeApi(Func<FakeRequest, CancellationToken, Task<HttpResponseMessage>> answer) : HttpMessageHandler
{
    private readonly ConcurrentQueue<FakeRequest> requests = new();

    public FakeApi(Func<FakeRequest, HttpResponseMessage> answer)
        : this((request, _) => Task.FromResult(answer(request)))
    {
    }

    public IReadOnlyList<FakeRequest> Requests => [.. requests];

    public KubernetesClient Client(TimeProvider? time = null, BearerToken? token = null) =>
        new(new KubernetesClientConfiguration { Server = new Uri("http://fake.test/base"), Token = token }, time, this);

    public static HttpResponseMessage Json(string body, HttpStatusCode code = HttpStatusCode.OK) =>
        new(code) { Content = new StringContent(body, Encoding.UTF8, "application/json") };

    public static HttpResponseMessage Failure(int code, string reason, string message = "no") =>
        Json($$"""{"kind":"Status","apiVersion":"v1","status":"Failure","message":"{{message}}","reason":"{{reason}}","code":{{code}}}""", (HttpStatusCode)code);

    /// <summary>The object is not there.</summary>
    public static HttpResponseMessage NotFound() =>
        Json("""{"kind":"Status","apiVersion":"v1","status":"Failure","message":"no","reason":"NotFound","details":{"name":"a","kind":"things"},"code":404}""", HttpStatusCode.NotFound);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? null : await request.Content.ReadAsStringAsync(cancellationToken);
        var recorded = new FakeRequest(
            request.Method.Method, request.RequestUri!.PathAndQuery, body,
            request.Content?.Headers.ContentType?.ToString(), request.Headers.Authorization?.ToString())
        {
            TraceParent = request.Headers.TryGetValues("traceparent", out var ids) ? string.Join(", ", ids) : null,
        };
        requests.Enqueue(recorded);
        return await answer(recorded, cancellationToken);
    }
}

internal sealed record FakeRequest(string Method, string PathAndQuery, string? Body, string? ContentType, string? Authorization)
{
    public string? TraceParent { get; init; }

    public bool IsWatch => PathAndQuery.Contains("watch=true", StringComparison.Ordinal);

    public string? Query(string name) =>
        System.Web.HttpUtility.ParseQueryString(PathAndQuery[(PathAndQuery.IndexOf('?', StringComparison.Ordinal) + 1)..])[name];
}
