using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace LlmOps.Bench.Loading;

/// <summary>The one request that every path gets, about 0.7 KB: the fixed-answer engine ignores what only the gateway reads.</summary>
internal static class ChatRequest
{
    public const string Path = "/v1/chat/completions";
    public const string Model = "bench";
    private const string Context =
        "To reset a password, open the sign-in page, choose Forgot password and enter the address of the account. A message with a link follows, " +
        "which works for one hour. An account that has single sign-on is managed by its organisation; its password cannot be reset here. After five " +
        "wrong passwords an account is locked for fifteen minutes.";

    public static byte[] Body(bool stream) => System.Text.Encoding.UTF8.GetBytes(new JsonObject
    {
        ["model"] = Model,
        ["stream"] = stream,
        ["temperature"] = 0.2,
        ["max_tokens"] = 256,
        ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "How do I reset my password, and how long does the link work?" }),
        ["prompt"] = new JsonObject { ["variables"] = new JsonObject { ["company"] = "ACME", ["context"] = Context } },
    }.ToJsonString());

    /// <param name="server">Base address.</param>
    /// <param name="body">From <see cref="Body"/>.</param>
    /// <param name="session">Any number; picks one of 1024 sessions.</param>
    public static HttpRequestMessage Create(Uri server, byte[] body, int session)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server, Path)) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.TryAddWithoutValidation("x-llmops-session", $"session-{session % 1024}");
        return request;
    }

    public static HttpClient Client() => new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(10) };
}
