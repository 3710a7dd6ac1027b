using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;

namespace LlmOps.Kubernetes;

/// <summary>
/// Sends requests: authenticates, limits the wait for an answer, retries what the server asks to retry, and turns every
/// failure into a <see cref="KubernetesException"/>.
/// </summary>
internal sealed class ApiTransport : IDisposable
{
    /// <summary>As client-go: priority and fairness sheds load with 429 and says when to come back.</summary>
    private const int MaxAttempts = 6;

    /// <summary>Whoever is asked to wait for longer is told so instead, and not kept.</summary>
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromSeconds(30);

    private readonly KubernetesClientConfiguration configuration;
    private readonly TimeProvider time;
    private readonly Connections connections;
    private readonly string root;

    public ApiTransport(KubernetesClientConfiguration configuration, TimeProvider time, HttpMessageHandler? handler)
    {
        this.configuration = configuration;
        this.time = time;
        connections = new Connections(configuration, handler);
        root = configuration.Server.AbsoluteUri.TrimEnd('/');
    }

    /// <summary>The answer to <paramref name="request"/>, with its headers read and its body not.</summary>
    /// <param name="body">JSON of the body, where there is one.</param>
    /// <param name="ct">Also ends the reading of the body.</param>
    /// <exception cref="KubernetesException">No answer, or one that is no success.</exception>
    public async Task<HttpResponseMessage> SendAsync(ApiRequest request, ReadOnlyMemory<byte>? body, CancellationToken ct)
    {
        var tokenWasRenewed = false;
        for (var attempt = 1; ; attempt++)
        {
            var response = await SendOnceAsync(request, body, ct);
            if (response.IsSuccessStatusCode)
                return response;

            if (response.StatusCode == HttpStatusCode.Unauthorized && !tokenWasRenewed && CanRenewCredentials())
            {
                tokenWasRenewed = true;
                response.Dispose();
                continue;
            }

            var error = await ReadErrorAsync(response, request, ct);
            if (attempt == MaxAttempts || !MayRetry(request, error))
                throw error;
            await Task.Delay(error.RetryAfter!.Value, time, ct);
        }
    }

    /// <summary>The answer whatever its status is, after one attempt.</summary>
    public async Task<HttpResponseMessage> SendRawAsync(HttpMethod method, string pathAndQuery, HttpContent? content, CancellationToken ct)
    {
        using var message = await MessageAsync(method, pathAndQuery, content, ct);
        return await ExchangeAsync(message, $"{method} {pathAndQuery}", method.Method.ToLowerInvariant(), configuration.RequestTimeout, ct);
    }

    public void Dispose() => connections.Dispose();

    private async Task<HttpResponseMessage> SendOnceAsync(ApiRequest request, ReadOnlyMemory<byte>? body, CancellationToken ct)
    {
        HttpContent? content = null;
        if (body is { } bytes)
        {
            content = new ReadOnlyMemoryContent(bytes);
            content.Headers.ContentType = new MediaTypeHeaderValue(request.ContentType ?? RequestBuilder.JsonContentType);
        }

        using var message = await MessageAsync(request.Method, request.PathAndQuery, content, ct);
        return await ExchangeAsync(message, request.ToString(), request.Verb, PatienceFor(request), ct);
    }

    private async Task<HttpRequestMessage> MessageAsync(HttpMethod method, string pathAndQuery, HttpContent? content, CancellationToken ct)
    {
        var message = new HttpRequestMessage(method, root + pathAndQuery)
        {
            Content = content,
            Version = HttpHandlers.VersionFor(configuration.Server),
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        message.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(RequestBuilder.JsonContentType));
        message.Headers.TryAddWithoutValidation("User-Agent", configuration.UserAgent);
        configuration.Impersonate?.AddTo(message.Headers);
        // SocketsHttpHandler checks the server's certificate against the Host header where there is one.
        if (configuration.TlsServerName is { } name)
            message.Headers.Host = name;
        if (await TokenAsync($"{method} {pathAndQuery}", ct) is { } token)
            message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return message;
    }

    private async ValueTask<string?> TokenAsync(string request, CancellationToken ct)
    {
        try
        {
            return configuration.Token is { } token ? await token.ReadAsync(time, ct)
                : configuration.Plugin is { } plugin ? await plugin.ReadTokenAsync(time, ct)
                : null;
        }
        catch (KubernetesConfigurationException e)
        {
            throw new KubernetesException($"{request}: {e.Message}", 0, KubernetesException.NoCredentialsReason, innerException: e);
        }
    }

    /// <summary>The server did not accept the token: whether another one can be had.</summary>
    private bool CanRenewCredentials()
    {
        configuration.Plugin?.Invalidate();
        return configuration.Plugin is not null || configuration.Token?.Invalidate() is true;
    }

    private TimeSpan PatienceFor(ApiRequest request) => request.Patience < configuration.RequestTimeout ? request.Patience.Value : configuration.RequestTimeout;

    private async Task<HttpResponseMessage> ExchangeAsync(HttpRequestMessage message, string name, string verb, TimeSpan patience, CancellationToken ct)
    {
        // Last of all, and for each attempt: whatever went before may have taken as long as it likes, a frozen process included.
        if (message.Method != HttpMethod.Get && configuration.MayWrite?.Invoke() == false)
            throw new KubernetesException($"{name}: not sent, since this process does not lead any more", 0, KubernetesException.NotLeadingReason);
        using var timeout = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
        using var span = KubernetesTracing.StartRequest(message.Method, message.RequestUri!.PathAndQuery, verb);
        KubernetesTracing.Propagate(span, message.Headers);
        var start = time.GetTimestamp();
        try
        {
            var response = await connections.SendAsync(message, either.Token);
            if (response.Headers.Date is { } date)
                configuration.Clock?.Observe(date, start, time.GetTimestamp());
            KubernetesTracing.EndRequest(span, (int)response.StatusCode);
            KubernetesMetrics.Requests.Add(1, new("verb", verb), new("code", ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture)));
            return response;
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            KubernetesMetrics.Requests.Add(1, new("verb", verb), new("code", "<timeout>"));
            KubernetesTracing.Fail(span, "timeout", null);
            throw new KubernetesException(
                $"{name}: no answer in {patience.TotalSeconds:0.#} s", 0, KubernetesException.RequestTimeoutReason, innerException: e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            KubernetesMetrics.Requests.Add(1, new("verb", verb), new("code", "<error>"));
            KubernetesTracing.Fail(span, e.GetType().FullName, e.Message);
            throw Unreachable(e, name);
        }
        finally
        {
            KubernetesMetrics.RequestSeconds.Record(time.GetElapsedTime(start).TotalSeconds, new KeyValuePair<string, object?>("verb", verb));
        }
    }

    /// <summary>A failed connection, in words that lead to the cause.</summary>
    public KubernetesException Unreachable(Exception failure, string request) =>
        new($"{request}: {Explain(failure)}", 0, KubernetesException.ConnectionFailedReason, innerException: failure);

    private string Explain(Exception failure)
    {
        for (var e = failure; e is not null; e = e.InnerException)
        {
            if (e is AuthenticationException)
                return $"TLS with {configuration.Server} failed: {e.Message}";
        }

        var reason = failure.GetBaseException().Message;
        if (!IsClosedAfterTlsHandshake(failure))
            return $"{configuration.Server} cannot be reached: {reason}";
        var advice = Certificate is { } certificate
            ? $"if this was the first request, it may not accept the {Describe(certificate)}"
            : "if this was the first request, it may want a client certificate, and the configuration has none";
        return $"{configuration.Server} closed the TLS connection before it answered ({reason}): {advice}";
    }

    private X509Certificate2? Certificate => configuration.ClientCertificate ?? configuration.Plugin?.Certificate;

    private string Describe(X509Certificate2 certificate)
    {
        var end = certificate.NotAfter.ToUniversalTime();
        return $"client certificate (subject {certificate.Subject}, {(end < time.GetUtcNow() ? "expired at" : "valid until")} {end:u})";
    }

    /// <summary>Of a certificate an API server does not say in the handshake that it refuses it, but by 401 and one word.</summary>
    private string RefusedCredentials()
    {
        object?[] sent =
        [
            configuration.ClientCertificate is { } certificate ? Describe(certificate) : null, configuration.Token,
            configuration.Plugin is { } plugin ? $"{(plugin.Certificate is { } given ? Describe(given) : "token")} of the {plugin}" : null,
        ];
        var all = string.Join(" and ", sent.Where(one => one is not null));
        return all.Length == 0 ? "the configuration has no credentials, and it wants some" : $"it does not accept the {all}";
    }

    /// <summary>
    /// With TLS 1.3 a server refuses a client certificate, or its absence, only after the client's handshake is over. What
    /// surfaces then depends on who is faster: a disposed SslStream, a missing HTTP/2 handshake, a connection reset. Common
    /// to all is a request that failed although the connection was made.
    /// </summary>
    private bool IsClosedAfterTlsHandshake(Exception failure) =>
        configuration.Server.Scheme == Uri.UriSchemeHttps &&
        failure is HttpRequestException
        {
            HttpRequestError: not (HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
                or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError),
        };

    /// <summary>
    /// 429 means that the server did nothing, so everything may be sent again; after 503 only what is idempotent. Both
    /// only where the server says when, and soon.
    /// </summary>
    private static bool MayRetry(ApiRequest request, KubernetesException error) =>
        error.RetryAfter <= LongestRetryAfter && request.Patience is null &&
        (error.StatusCode == (int)HttpStatusCode.TooManyRequests ||
         (error.StatusCode == (int)HttpStatusCode.ServiceUnavailable && request.IsIdempotent));

    private async Task<KubernetesException> ReadErrorAsync(HttpResponseMessage response, ApiRequest request, CancellationToken ct)
    {
        using (response)
        {
            var code = (int)response.StatusCode;
            var body = await ReadBodyAsync(response, request, ct);
            var retryAfter = response.Headers.RetryAfter switch
            {
                { Delta: { } delta } => delta,
                { Date: { } date } => TimeSpan.FromTicks(Math.Max(0, (date - time.GetUtcNow()).Ticks)),
                _ => (TimeSpan?)null,
            };
            var status = TryReadStatus(body) ?? new Status { Message = Excerpt.Line(Encoding.UTF8.GetString(body)), Reason = response.ReasonPhrase };
            return KubernetesException.From(status with { Code = code }, request.ToString(), retryAfter, response.StatusCode == HttpStatusCode.Unauthorized ? RefusedCredentials() : null);
        }
    }

    /// <summary>The whole body. The wait for it is limited as the wait for the headers is.</summary>
    public async Task<byte[]> ReadBodyAsync(HttpResponseMessage response, ApiRequest request, CancellationToken ct)
    {
        using var timeout = new CancellationTokenSource(PatienceFor(request), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
        try
        {
            return await response.Content.ReadAsByteArrayAsync(either.Token);
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            throw new KubernetesException($"{request}: the answer stopped half way", 0, KubernetesException.RequestTimeoutReason, innerException: e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw Unreachable(e, request.ToString());
        }
    }

    private static Status? TryReadStatus(byte[] body)
    {
        try
        {
            return JsonSerializer.Deserialize(body, KubernetesJson.Default.Status) is { Kind: "Status" } status ? status : null;
        }
        catch (JsonException)
        {
            // Proxies and load balancers answer with HTML.
            return null;
        }
    }
}
