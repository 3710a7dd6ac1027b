using LlmOps.Gateway.Errors;
using LlmOps.Gateway.Feedback;
using LlmOps.Gateway.Forwarding;
using LlmOps.Gateway.Limits;
using LlmOps.Gateway.Prompts;
using LlmOps.Gateway.Routing;

namespace LlmOps.Gateway;

/// <summary>The OpenAI API that clients call. Every error has OpenAI's shape.</summary>
internal sealed class ClientApi(RouteCache routes, Forwarder forwarder, ConcurrencyLimit limit, GatewayOptions options)
{
    private readonly RequestBody bodies = new(options.BodyTimeout, forwarder.Time);

    public async Task HandleAsync(HttpContext context)
    {
        try
        {
            await (limit.TryEnter() ? EnteredAsync(context) : GatewayErrors.Overloaded().WriteAsync(context));
        }
        catch (AnswerBrokenOffException)
        {
            throw;
        }
        catch (BadHttpRequestException e)
        {
            if (context.Response.HasStarted)
                return;
            // The rest of such a body is not waited for.
            context.Response.Headers.Connection = "close";
            var error = e.StatusCode == StatusCodes.Status408RequestTimeout ? GatewayErrors.TooSlow() : GatewayErrors.BrokenJson("it did not arrive whole");
            await error.WriteAsync(context);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is left to answer.
        }
        catch (Exception e)
        {
            // The last line: a fault of ours is an answer with a shape, and a line in the log.
            ForwardingLog.Crashed(forwarder.Logger, e);
            if (context.Response.HasStarted)
                throw new AnswerBrokenOffException();
            context.Response.Clear();
            await GatewayErrors.Internal().WriteAsync(context);
        }
    }

    private async Task EnteredAsync(HttpContext context)
    {
        try
        {
            await DispatchAsync(context);
        }
        finally
        {
            limit.Leave();
        }
    }

    private Task DispatchAsync(HttpContext context)
    {
        var request = context.Request;
        var path = request.Path.Value ?? string.Empty;
        switch (path)
        {
            case "/v1/chat/completions":
                return HttpMethods.IsPost(request.Method) ? CompleteAsync(context, isChat: true) : GatewayErrors.WrongMethod("POST").WriteAsync(context);
            case "/v1/completions":
                return HttpMethods.IsPost(request.Method) ? CompleteAsync(context, isChat: false) : GatewayErrors.WrongMethod("POST").WriteAsync(context);
            case "/v1/models":
                return HttpMethods.IsGet(request.Method) ? ModelList.WriteAsync(context, routes.Current) : GatewayErrors.WrongMethod("GET").WriteAsync(context);
            case "/v1/feedback":
                return HttpMethods.IsPost(request.Method) ? FeedbackApi.HandleAsync(context, bodies, Find) : GatewayErrors.WrongMethod("POST").WriteAsync(context);
            default:
                return GatewayErrors.UnknownPath(path).WriteAsync(context);
        }
    }

    private async Task CompleteAsync(HttpContext context, bool isChat)
    {
        using var body = await bodies.ReadAsync(context.Request, options.MaxBodyBytes, context.RequestAborted);
        if (body is null)
            await GatewayErrors.TooLarge(options.MaxBodyBytes).WriteAsync(context);
        else if (RequestEnvelope.TryRead(body.Memory, out var envelope) is { } error)
            await error.WriteAsync(context);
        else
            await ForwardAsync(context, envelope, isChat);
    }

    private Task ForwardAsync(HttpContext context, RequestEnvelope envelope, bool isChat)
    {
        var (route, error) = Find(envelope.Model!);
        return route is null ? error!.WriteAsync(context) : new Exchange(forwarder, context, route, envelope, isChat).RunAsync();
    }

    private (Route? Route, OpenAiError? Error) Find(string model)
    {
        var entry = routes.Current.Find(model);
        if (entry.Ambiguous is { } several)
            return (null, GatewayErrors.AmbiguousModel(model, [.. several.Select(k => k.ToString())]));
        return (entry.Route, entry.Route is null ? GatewayErrors.UnknownModel(model) : null);
    }
}
