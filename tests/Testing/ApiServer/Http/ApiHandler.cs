using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Kubernetes;
using LlmOps.Testing.ApiServer.Access;
using LlmOps.Testing.ApiServer.Resources;
using LlmOps.Testing.ApiServer.Storage;
using LlmOps.Testing.ApiServer.Watches;
using Microsoft.AspNetCore.Http;

namespace LlmOps.Testing.ApiServer.Http;

/// <summary>The way of every request: recognise, count, maybe disturb, check what is allowed, carry out, tell the hooks, maybe disturb, answer.</summary>
internal sealed class ApiHandler(
    ResourceRegistry registry, ResourceEndpoint resources, WatchEndpoint watches, AccessChecks access, FaultRules faults, RequestCounters counters, TimeProvider time, Func<WriteRecord, bool> afterCommit)
{
    /// <summary>Levels of JSON. The real one takes 10,000, far more than any client here reads.</summary>
    private const int MostDepth = 1000;

    public async Task HandleAsync(HttpContext context)
    {
        context.Response.Headers.Date = time.GetUtcNow().ToString("R", CultureInfo.InvariantCulture);
        try
        {
            var request = RequestPath.Parse(context.Request, counters.Next());
            if (request is null)
                await MetaAsync(context);
            else
                await ResourceAsync(context, request);
        }
        catch (StatusError error)
        {
            await SendErrorAsync(context, error);
        }
        catch (Exception broken) when (broken is not OperationCanceledException && !context.Response.HasStarted)
        {
            // A bug of this server: say so where a test will see it.
            await SendErrorAsync(context, new StatusError(StatusCodes.Status500InternalServerError, "InternalError", broken.ToString()));
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to answer.
        }
    }

    private async Task ResourceAsync(HttpContext context, ApiRequest request)
    {
        counters.Record(request);
        counters.Begin();
        try
        {
            await DisturbedAsync(context, request);
        }
        finally
        {
            counters.End();
        }
    }

    private async Task DisturbedAsync(HttpContext context, ApiRequest request)
    {
        var fault = faults.EffectOn(request);
        if (!await PassesAsync(context, fault))
            return;
        access.Check(request);
        if (request.Verb == "watch")
        {
            await HeldAsync(watches.HandleAsync(context, resources.Find(request), request, isCut: fault is FaultEffect.CutEffect));
            return;
        }

        var body = await ReadBodyAsync(context.Request, context.RequestAborted);
        var answer = resources.Handle(request, context.Request.Query, context.Request.ContentType, body);
        var lost = answer.Write is { } write && afterCommit(write);
        if (fault is FaultEffect.HangEffect { AfterCommit: true } hang)
            await HeldAsync(hang.Gate.WaitAsync(context.RequestAborted));
        if (lost || fault is FaultEffect.ResetEffect { AfterCommit: true })
        {
            context.Abort();
            return;
        }

        if (fault is FaultEffect.CutEffect)
            await CutAsync(context, answer);
        else
            await SendAsync(context, answer.Code, answer.Body);
    }

    /// <summary>Waits for what is not this server's work.</summary>
    private async Task HeldAsync(Task wait)
    {
        counters.End();
        try
        {
            await wait;
        }
        finally
        {
            counters.Begin();
        }
    }

    private static async Task CutAsync(HttpContext context, ApiAnswer answer)
    {
        context.Response.StatusCode = answer.Code;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = answer.Body.Length;
        await context.Response.Body.WriteAsync(answer.Body[..(answer.Body.Length / 2)], context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
        // Not an abort, which would take back what is on its way: the connection ends behind what was sent.
        throw new CutException();
    }

    /// <summary>The part of a fault that comes before the request is carried out. False when it is not to be.</summary>
    private async Task<bool> PassesAsync(HttpContext context, FaultEffect? fault)
    {
        switch (fault)
        {
            case FaultEffect.StatusEffect status:
                throw new StatusError(status.Code, status.Reason, status.Message) { RetryAfter = status.RetryAfter };
            case FaultEffect.ResetEffect { AfterCommit: false }:
                context.Abort();
                return false;
            case FaultEffect.DelayEffect delay:
                await HeldAsync(Task.Delay(delay.Wait, time, context.RequestAborted));
                return true;
            case FaultEffect.HangEffect { AfterCommit: false } hang:
                await HeldAsync(hang.Gate.WaitAsync(context.RequestAborted));
                return true;
            default:
                return true;
        }
    }

    private async Task MetaAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (path is "/healthz" or "/readyz" or "/livez")
        {
            context.Response.ContentType = "text/plain";
            await context.Response.WriteAsync("ok", context.RequestAborted);
            return;
        }

        var document = Discovery.Document(path, registry) ?? OpenApiStubs.Document(path, registry) ?? throw StatusError.UnknownPath();
        await SendAsync(context, StatusCodes.Status200OK, document.ToUtf8());
    }

    private static async Task<JsonNode?> ReadBodyAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentType?.Contains("protobuf", StringComparison.Ordinal) == true || request.ContentType?.Contains("cbor", StringComparison.Ordinal) == true)
            throw StatusError.UnsupportedMediaType(request.ContentType);
        using var reader = new StreamReader(request.Body, Encoding.UTF8);
        var text = await reader.ReadToEndAsync(cancellationToken);
        if (string.IsNullOrWhiteSpace(text))
            return null;
        try
        {
            var isYaml = request.ContentType?.Contains("yaml", StringComparison.Ordinal) == true && text.TrimStart()[0] != '{';
            return isYaml ? YamlJson.Documents(text) is [var first, ..] ? first : null : JsonNode.Parse(text, documentOptions: new() { MaxDepth = MostDepth });
        }
        catch (Exception e) when (e is JsonException or FormatException or YamlDotNet.Core.YamlException)
        {
            throw StatusError.BadRequest("the body could not be read: " + e.Message);
        }
    }

    private static async Task SendErrorAsync(HttpContext context, StatusError error)
    {
        if (error.RetryAfter is { } wait)
            context.Response.Headers.RetryAfter = ((int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        await SendAsync(context, error.Code, error.ToJson().ToUtf8());
    }

    private static async Task SendAsync(HttpContext context, int code, ReadOnlyMemory<byte> body)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }
}

/// <summary>Ends a connection in the middle of an answer.</summary>
internal sealed class CutException() : Exception("cut by a fault");
