using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LlmOps.Bench.Gateway;

/// <summary>
/// An engine that does nothing: 0.6 KB of JSON at once, or, for <c>"stream": true</c>, a token after <see cref="FirstTokenAfter"/> and further
/// ones every <see cref="TokenEvery"/>. The first token holds two stamps of the machine's monotonic clock, its own arrival and its sending, so that
/// a loader can take the engine's own time out.
/// </summary>
internal static class FixedAnswerBackend
{
    public const int TokensPerStream = 20;
    public static readonly TimeSpan FirstTokenAfter = TimeSpan.FromMilliseconds(40);
    public static readonly TimeSpan TokenEvery = TimeSpan.FromMilliseconds(20);

    /// <summary>Stands before the stamps in the first token: <c>STAMP arrived sent.</c></summary>
    public const string StampMark = "STAMP ";

    private static readonly byte[] Answer = Encoding.UTF8.GetBytes(
        """
        {"id":"chatcmpl-bench-000000000000000000000001","object":"chat.completion","created":1767225600,"model":"bench-model","choices":[{"index":0,"message":{"role":"assistant","content":"You can reset your password from the sign-in page: choose Forgot password, enter the address of your account, and follow the link in the message that we send you. The link works for one hour.","refusal":null,"tool_calls":[]},"logprobs":null,"finish_reason":"stop","stop_reason":null}],"service_tier":null,"system_fingerprint":null,"usage":{"prompt_tokens":87,"total_tokens":129,"completion_tokens":42,"prompt_tokens_details":null},"prompt_logprobs":null}
        """);

    private static readonly byte[] StreamMark = "\"stream\":true"u8.ToArray();
    private static readonly byte[] Token = Event("""{"choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}""");
    private static readonly byte[] End =
    [
        .. Event("""{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"""),
        .. Event("""{"choices":[],"usage":{"prompt_tokens":87,"completion_tokens":20,"total_tokens":107}}"""),
        .. "data: [DONE]\n\n"u8,
    ];

    public static async Task<int> RunAsync(int port, CancellationToken ct)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, port);
        });
        await using var app = builder.Build();
        app.Run(RespondAsync);
        await app.StartAsync(ct);
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ct).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return 0;
    }

    private static async Task RespondAsync(HttpContext context)
    {
        var arrived = Stopwatch.GetTimestamp();
        if (await AsksForStreamAsync(context))
        {
            await StreamAsync(context, arrived);
            return;
        }

        context.Response.ContentType = "application/json";
        context.Response.ContentLength = Answer.Length;
        await context.Response.BodyWriter.WriteAsync(Answer);
    }

    private static async ValueTask<bool> AsksForStreamAsync(HttpContext context)
    {
        var body = context.Request.BodyReader;
        while (true)
        {
            var read = await body.ReadAsync();
            if (!read.IsCompleted)
            {
                body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                continue;
            }

            var stream = (read.Buffer.IsSingleSegment ? read.Buffer.FirstSpan : read.Buffer.ToArray()).IndexOf(StreamMark) >= 0;
            body.AdvanceTo(read.Buffer.End);
            return stream;
        }
    }

    private static async Task StreamAsync(HttpContext context, long arrived)
    {
        var time = TimeProvider.System;
        var ct = context.RequestAborted;
        try
        {
            context.Response.ContentType = "text/event-stream";
            await Task.Delay(FirstTokenAfter, time, ct);
            var stamps = string.Create(CultureInfo.InvariantCulture, $"{StampMark}{arrived} {Stopwatch.GetTimestamp()}.");
            await context.Response.BodyWriter.WriteAsync(Event($$$"""{"choices":[{"index":0,"delta":{"role":"assistant","content":"{{{stamps}}}"},"finish_reason":null}]}"""), ct);
            for (var i = 1; i < TokensPerStream; i++)
            {
                await Task.Delay(TokenEvery, time, ct);
                await context.Response.BodyWriter.WriteAsync(Token, ct);
            }

            await context.Response.BodyWriter.WriteAsync(End, ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The client went; there is nobody to answer.
        }
    }

    private static byte[] Event(string data) => Encoding.UTF8.GetBytes($"data: {data}\n\n");
}
