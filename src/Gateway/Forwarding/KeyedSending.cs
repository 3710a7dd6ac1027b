using System.Net;
using LlmOps.Gateway.Routing;

namespace LlmOps.Gateway.Forwarding;

/// <summary>What came of a request to an engine.</summary>
/// <param name="Response">Null where it was not sent.</param>
/// <param name="KeyProblem">Why it was not sent, as a clause; null where it was.</param>
internal readonly record struct EngineReply(HttpResponseMessage? Response, string? KeyProblem);

/// <summary>Sends requests to engines with the key that they ask for.</summary>
internal static class KeyedSending
{
    /// <summary>A key that is refused is read anew and, where it has changed, tried once more: it may have been replaced a moment ago.</summary>
    public static async Task<EngineReply> SendAsync(this HttpMessageInvoker client, HttpRequestMessage request, EngineKey? key, CancellationToken ct)
    {
        if (key is null)
            return new(await client.SendAsync(request, ct), null);
        var token = await key.ReadAsync(ct);
        if (token.Problem is { } problem)
            return new(null, problem);
        request.Headers.Authorization = token.Header;
        var response = await client.SendAsync(request, ct);
        if (!IsUnauthorized(response.StatusCode))
            return new(response, null);
        try
        {
            var newer = await key.RereadAsync(token, ct);
            if (newer.Equals(token) || newer.Problem is not null)
                return new(response, null);
            var again = HeaderRules.Again(request);
            again.Headers.Authorization = newer.Header;
            response.Dispose();
            return new(await client.SendAsync(again, ct), null);
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    public static bool IsUnauthorized(HttpStatusCode status) => status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden;
}
