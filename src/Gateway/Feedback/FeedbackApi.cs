using System.Text.Json;
using LlmOps.Gateway.Errors;
using LlmOps.Gateway.Forwarding;
using LlmOps.Gateway.Limits;
using LlmOps.Gateway.Routing;
using LlmOps.Gateway.Split;

namespace LlmOps.Gateway.Feedback;

/// <summary>
/// <c>POST /v1/feedback</c>: what a user thought of an answer. No token from the answer is needed: the split is worked out anew
/// for the session or user, so the rating counts for the release that the unit has now, once per unit and rollout.
/// </summary>
internal static class FeedbackApi
{
    private const int MaxBody = 16 * 1024;

    /// <summary>Answers the request.</summary>
    /// <param name="bodies">Reads the rating.</param>
    /// <param name="find">The route of a model, or the error that there is none.</param>
    public static async Task HandleAsync(HttpContext context, RequestBody bodies, Func<string, (Route? Route, OpenAiError? Error)> find)
    {
        using var body = await bodies.ReadAsync(context.Request, MaxBody, context.RequestAborted);
        FeedbackAnswer? answer = null;
        var error = body is null ? GatewayErrors.TooLarge(MaxBody)
            : TryRead(body.Span, out var rating) ?? Rate(context, rating!, find, out answer);
        await (error is null
            ? context.Response.WriteAsJsonAsync(answer!, FeedbackJson.Default.FeedbackAnswer, cancellationToken: context.RequestAborted)
            : error.WriteAsync(context));
    }

    private static OpenAiError? TryRead(ReadOnlySpan<byte> json, out FeedbackRequest? rating)
    {
        rating = null;
        try
        {
            rating = JsonSerializer.Deserialize(json, FeedbackJson.Default.FeedbackRequest);
        }
        catch (JsonException e) when (e.Path is { Length: > 2 } path)
        {
            return GatewayErrors.WrongField(path[2..], "must be a string");
        }
        catch (JsonException e)
        {
            return GatewayErrors.BrokenJson($"line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}");
        }

        return rating switch
        {
            null => GatewayErrors.BrokenJson("it does not begin with {"),
            { Model: null or "" } => GatewayErrors.MissingModel(),
            { Rating: not ("negative" or "positive") } => GatewayErrors.WrongField("rating", "must be 'negative' or 'positive'"),
            _ => null,
        };
    }

    private static OpenAiError? Rate(HttpContext context, FeedbackRequest rating, Func<string, (Route? Route, OpenAiError? Error)> find, out FeedbackAnswer? answer)
    {
        answer = null;
        var (route, unknown) = find(rating.Model!);
        if (route is null)
            return unknown;
        if (KeyOf(rating, route.Stickiness, out var key) is { } error)
            return error;
        var unit = TrafficSplit.HashKey(route.Salt, key.AsSpan());
        var isCandidate = route.Candidate is not null && TrafficSplit.IsCandidate(unit, route.CandidateWeightPercent);
        if ((isCandidate ? route.Candidate : route.Stable) is not { } target)
            return GatewayErrors.NotReady(route.DisplayName);
        target.Meter.Rated(rating.Rating!);
        var counted = rating.Rating == "negative" && route.Evidence?.Dislike(isCandidate, unit) == true;
        HeaderRules.Identify(context.Response, route, target);
        answer = new FeedbackAnswer("feedback", rating.Rating!, target.Release, target.Track, counted);
        return null;
    }

    /// <summary>What the split goes by, as for a request: a session before a user.</summary>
    private static OpenAiError? KeyOf(FeedbackRequest rating, Stickiness stickiness, out string key)
    {
        key = (stickiness, rating) switch
        {
            (Stickiness.Session, { Session.Length: > 0 }) => rating.Session,
            (not Stickiness.Request, { User.Length: > 0 }) => rating.User,
            _ => string.Empty,
        };
        return key.Length > 0 ? null : stickiness switch
        {
            Stickiness.Session => GatewayErrors.NoFeedbackKey("give 'session' (the request's x-llmops-session) or 'user' (the request's user)", "session"),
            Stickiness.User => GatewayErrors.NoFeedbackKey("give 'user' (the request's user)", "user"),
            _ => GatewayErrors.NoFeedbackKey("spec.traffic.stickiness is request, so no user stays with a release: set it to session or user", null),
        };
    }
}
