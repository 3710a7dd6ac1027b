using System.Buffers;
using System.Text.Json;

namespace LlmOps.Gateway.Errors;

/// <summary>An error as the OpenAI API shapes it: <c>{"error": {"message", "type", "param", "code"}}</c>.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Type">OpenAI's coarse class, such as <c>invalid_request_error</c>.</param>
/// <param name="Code">Word that a program can match.</param>
/// <param name="Message">What is wrong and what to do. Names fields, never their values.</param>
/// <param name="Param">Field of the request that is wrong.</param>
/// <param name="RetryAfterSeconds">Sent as <c>Retry-After</c>.</param>
internal sealed record OpenAiError(int Status, string Type, string Code, string Message, string? Param = null, int? RetryAfterSeconds = null)
{
    public const string InvalidRequest = "invalid_request_error";
    public const string Unavailable = "service_unavailable_error";
    public const string UpstreamFailed = "upstream_error";

    private static readonly JsonWriterOptions Options = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Answers a request with it.</summary>
    public async Task WriteAsync(HttpContext context)
    {
        var response = context.Response;
        var body = ToJson();
        response.StatusCode = Status;
        response.ContentType = "application/json";
        response.ContentLength = body.Length;
        // Messages quote names that the client sent: nothing may take them for a page.
        response.Headers.XContentTypeOptions = "nosniff";
        if (RetryAfterSeconds is { } seconds)
            response.Headers.RetryAfter = seconds.ToString();
        await response.Body.WriteAsync(body, context.RequestAborted);
    }

    /// <summary>The error as the last event of a stream whose status cannot be changed any more.</summary>
    public byte[] ToServerSentEvent() => [.. "data: "u8, .. ToJson().Span, .. "\n\n"u8];

    private ReadOnlyMemory<byte> ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer, Options);
        json.WriteStartObject();
        json.WriteStartObject("error"u8);
        json.WriteString("message"u8, Message);
        json.WriteString("type"u8, Type);
        json.WriteString("param"u8, Param);
        json.WriteString("code"u8, Code);
        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }
}
