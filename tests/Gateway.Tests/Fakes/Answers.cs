using Microsoft.AspNetCore.Http;

namespace LlmOps.Gateway.Tests.Fakes;

/// <summary>What fake engines answer: right, and wrong in every way that engines go wrong.</summary>
internal static class Answers
{
    public const string RoleChunk = """data: {"id":"1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}""" + "\n\n";

    public const string FinishChunk = """data: {"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}""" + "\n\n";

    public const string UsageChunk = """data: {"id":"1","choices":[],"usage":{"prompt_tokens":7,"total_tokens":12,"completion_tokens":5}}""" + "\n\n";

    public const string Done = "data: [DONE]\n\n";

    public static string Finish(string reason) => $$$"""data: {"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"{{{reason}}}"}],"usage":null}""" + "\n\n";

    public static string TextChunk(string text) => $$$"""data: {"id":"1","choices":[{"index":0,"delta":{"content":"{{{text}}}"},"finish_reason":null}],"usage":null}""" + "\n\n";

    public static string WholeBody(string text) =>
        $$$"""{"id":"1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"{{{text}}}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"total_tokens":9,"completion_tokens":2}}""";

    /// <summary>Answers as asked: streamed, with usage when that is asked for, or whole.</summary>
    public static Func<HttpContext, Task> Right(string text) => context =>
        context.Items[FakeEngine.IsStreamed] is true ? Stream(RoleChunk, TextChunk(text), TextChunk("!"), FinishChunk, UsageChunk, Done)(context) : Whole(text)(context);

    public static Func<HttpContext, Task> Whole(string text) => async context =>
    {
        context.Response.ContentType = "application/json";
        context.Response.Headers.Server = "engine";
        await context.Response.WriteAsync(WholeBody(text));
    };

    public static Func<HttpContext, Task> Stream(params string[] events) => async context =>
    {
        if (!context.Response.HasStarted)
            context.Response.ContentType = "text/event-stream; charset=utf-8";
        foreach (var e in events)
        {
            await context.Response.WriteAsync(e);
            await context.Response.Body.FlushAsync();
        }
    };

    /// <summary>Sends the events and cuts the connection.</summary>
    public static Func<HttpContext, Task> BrokenStream(params string[] events) => async context =>
    {
        await Stream(events)(context);
        throw new InvalidOperationException("breaks off");
    };

    public static Func<HttpContext, Task> Status(int status, string body = """{"error":{"message":"no","type":"x","param":null,"code":null}}""", string? retryAfter = null) => async context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        if (retryAfter is not null)
            context.Response.Headers.RetryAfter = retryAfter;
        await context.Response.WriteAsync(body);
    };

    /// <summary>Resets the connection before any byte.</summary>
    public static Task Refuse(HttpContext context)
    {
        context.Abort();
        return Task.CompletedTask;
    }

    /// <summary>Never answers; ends when the caller hangs up.</summary>
    public static Func<HttpContext, Task> Silence(TaskCompletionSource? hungUp = null) => async context =>
    {
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = context.RequestAborted.Register(gone.SetResult);
        await gone.Task;
        hungUp?.TrySetResult();
    };
}
