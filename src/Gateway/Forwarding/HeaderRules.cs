using System.Collections.Frozen;
using System.Net.Http.Headers;
using LlmOps.Gateway.Routing;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace LlmOps.Gateway.Forwarding;

/// <summary>
/// Which headers pass. Requests: all but hop-by-hop ones (RFC 9110 §7.6.1), those that <c>Connection</c> names, and those
/// that the gateway sets; no <c>Accept-Encoding</c>, because a compressed answer cannot be metered. Answers: a fixed list,
/// because an engine's own headers (server, versions, cookies) are no business of clients. Where the engine asks for a key of its own, the client's
/// <c>Authorization</c> stays here. As YARP's forwarder otherwise.
/// </summary>
internal static class HeaderRules
{
    private static readonly FrozenSet<string> NotForwarded = FrozenSet.ToFrozenSet(
        [
            HeaderNames.Connection, HeaderNames.KeepAlive, HeaderNames.ProxyConnection, HeaderNames.TransferEncoding, HeaderNames.TE, HeaderNames.Trailer,
            HeaderNames.Upgrade, HeaderNames.ProxyAuthenticate, HeaderNames.ProxyAuthorization, "HTTP2-Settings", HeaderNames.AltSvc,
            HeaderNames.Host, HeaderNames.Expect, HeaderNames.AcceptEncoding, HeaderNames.ContentLength, HeaderNames.ContentType,
            HeaderNames.ContentEncoding, HeaderNames.Cookie,
        ],
        StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string> Returned = FrozenSet.ToFrozenSet(
        [
            HeaderNames.ContentType, HeaderNames.CacheControl, HeaderNames.RetryAfter, HeaderNames.RequestId, "X-Request-Id",
            "openai-processing-ms", "openai-version", "traceparent", "tracestate",
        ],
        StringComparer.OrdinalIgnoreCase);

    private static readonly System.Net.Http.Headers.MediaTypeHeaderValue Json = new("application/json");

    /// <param name="hasOwnKey">Whether the engine gets a key of its own, which is set when it is known.</param>
    public static HttpRequestMessage ToEngine(HttpRequest client, Uri uri, ReadOnlyMemory<byte> body, bool hasOwnKey)
    {
        var content = new ReadOnlyMemoryContent(body);
        content.Headers.ContentType = Json;
        var request = new HttpRequestMessage(HttpMethod.Post, uri) { Content = content, Version = System.Net.HttpVersion.Version11 };
        var named = client.Headers.Connection;
        foreach (var (name, values) in client.Headers)
        {
            if (NotForwarded.Contains(name) || IsNamed(named, name) || (hasOwnKey && name.Equals(HeaderNames.Authorization, StringComparison.OrdinalIgnoreCase)))
                continue;
            if (values.Count == 1)
                request.Headers.TryAddWithoutValidation(name, values[0]);
            else
                request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }

        return request;
    }

    /// <summary>The same request once more: a message can be sent once.</summary>
    public static HttpRequestMessage Again(HttpRequestMessage sent)
    {
        var request = new HttpRequestMessage(sent.Method, sent.RequestUri) { Content = sent.Content, Version = sent.Version };
        foreach (var (name, values) in sent.Headers.NonValidated)
            request.Headers.TryAddWithoutValidation(name, values);
        return request;
    }

    /// <summary>Status and headers of the answer that the client gets.</summary>
    public static void ToClient(HttpResponse client, HttpResponseMessage engine, Route route, ReleaseTarget target)
    {
        client.StatusCode = (int)engine.StatusCode;
        Copy(engine.Headers.NonValidated, client);
        Copy(engine.Content.Headers.NonValidated, client);
        Identify(client, route, target);
    }

    /// <summary>Says which release answers.</summary>
    public static void Identify(HttpResponse client, Route route, ReleaseTarget target)
    {
        client.Headers[GatewayHeaders.Deployment] = route.DisplayName;
        // A status may name it as it likes, and Kestrel refuses the whole answer for one character.
        if (!target.Release.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            client.Headers[GatewayHeaders.Release] = target.Release;
        client.Headers[GatewayHeaders.Track] = target.Track;
    }

    private static void Copy(HttpHeadersNonValidated from, HttpResponse client)
    {
        foreach (var (name, values) in from)
        {
            if (Returned.Contains(name))
                client.Headers[name] = values.Count == 1 ? new StringValues(values.ToString()) : new StringValues([.. values]);
        }
    }

    private static bool IsNamed(StringValues connection, string name)
    {
        foreach (var value in connection)
        {
            if (value is null || value.Length < name.Length)
                continue;
            foreach (var token in value.AsSpan().Split(','))
            {
                if (value.AsSpan(token).Trim().Equals(name, StringComparison.OrdinalIgnoreCase))
                    return true;
            }
        }

        return false;
    }
}
