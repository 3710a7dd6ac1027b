using System.Buffers;
using LlmOps.EngineEmulator.Behaviour;
using LlmOps.EngineEmulator.Generation;

namespace LlmOps.EngineEmulator.Http;

/// <summary>
/// Plays a generation to a client, faults included. A streamed answer's headers go out at once, as both engines send them;
/// its first byte comes with the first token.
/// </summary>
internal sealed class GenerationResponder(EngineCore core, EngineErrors errors)
{
    public async Task RespondAsync(HttpContext context, GenerationRequest request, Func<GenerationPlan, IResponseShape> shapeOf, bool stream)
    {
        using var running = core.Begin(request);
        switch (running.Plan.Failure)
        {
            case FailureKind.ServerError or FailureKind.LyingHealth:
                running.Drop("serverError");
                core.Metrics.Rejected("generation");
                await errors.InternalAsync(context);
                return;
            case FailureKind.Refuse:
                running.Drop("refused");
                context.Abort();
                return;
        }

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, core.Aborted);
        try
        {
            var shape = shapeOf(running.Plan);
            if (stream)
                await StreamAsync(context, running, shape, ended.Token);
            else
                await WholeAsync(context, running, shape, ended.Token);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The client left or the engine shuts down: disposing the generation counts the abort, the client sees the connection end.
            context.Abort();
        }
    }

    private async Task StreamAsync(HttpContext context, RunningRequest running, IResponseShape shape, CancellationToken cancellationToken)
    {
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        context.Response.Headers.CacheControl = "no-cache";
        await context.Response.StartAsync(cancellationToken);
        var output = context.Response.BodyWriter;
        await output.FlushAsync(cancellationToken);
        await running.PrefillAsync(cancellationToken);
        shape.Begin(output);
        while (await running.NextAsync(cancellationToken))
        {
            shape.Token(output, running);
            await output.FlushAsync(cancellationToken);
        }

        switch (running.Plan.Failure)
        {
            case FailureKind.BrokenStream:
                running.Finish(FinishReason.Error, "broken");
                await CutAsync(context, cancellationToken);
                return;
            case FailureKind.ErrorEvent:
                running.Finish(FinishReason.Error, "error");
                shape.Error(output);
                break;
            case FailureKind.ErrorFinish:
                running.Finish(FinishReason.Error, "error");
                shape.End(output, running, FinishReason.Error);
                break;
            default:
                running.Finish(running.Plan.Finish, Outcome(running.Plan.Finish));
                shape.End(output, running, running.Plan.Finish);
                break;
        }

        await output.FlushAsync(cancellationToken);
    }

    private async Task WholeAsync(HttpContext context, RunningRequest running, IResponseShape shape, CancellationToken cancellationToken)
    {
        await running.PrefillAsync(cancellationToken);
        while (await running.NextAsync(cancellationToken))
        {
        }

        var failure = running.Plan.Failure;
        var finish = failure is FailureKind.ErrorFinish or FailureKind.ErrorEvent or FailureKind.BrokenStream
            ? FinishReason.Error
            : running.Plan.Finish;
        running.Finish(finish, failure == FailureKind.BrokenStream ? "broken" : Outcome(finish));
        if (failure == FailureKind.ErrorEvent)
        {
            await errors.InternalAsync(context);
            return;
        }

        var body = new ArrayBufferWriter<byte>(512);
        shape.Whole(body, running, finish);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.WrittenCount;
        if (failure == FailureKind.BrokenStream)
        {
            await context.Response.BodyWriter.WriteAsync(body.WrittenMemory[..(body.WrittenCount / 2)], cancellationToken);
            await CutAsync(context, cancellationToken);
            return;
        }

        await context.Response.BodyWriter.WriteAsync(body.WrittenMemory, cancellationToken);
    }

    /// <summary>Cuts the connection after what was written has left: an abort drops what Kestrel still holds.</summary>
    private async Task CutAsync(HttpContext context, CancellationToken cancellationToken)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(20), core.Time, cancellationToken);
        context.Abort();
    }

    private static string Outcome(FinishReason finish) => finish switch
    {
        FinishReason.Length => "length",
        FinishReason.Error => "error",
        _ => "stop",
    };
}
