using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlmOps.Gateway.Feedback;

/// <summary>A rating, as a client sends it.</summary>
/// <param name="Model">Name of the LlmDeployment, as in requests.</param>
/// <param name="Session">The session of the rated answer: the request's header <c>x-llmops-session</c>.</param>
/// <param name="User">The user of the rated answer: the request's <c>user</c>.</param>
/// <param name="Rating"><c>negative</c> or <c>positive</c>.</param>
internal sealed record FeedbackRequest(string? Model, string? Session, string? User, string? Rating);

/// <summary>What a rating was taken for.</summary>
/// <param name="Object">Always <c>feedback</c>.</param>
/// <param name="Rating">As sent.</param>
/// <param name="Release">The release that the session or user has.</param>
/// <param name="Track">One of <c>Api.Tracks</c>.</param>
/// <param name="Counted">Whether it is evidence: the first negative one of its session or user while a candidate has traffic. Others are counted in metrics only.</param>
internal sealed record FeedbackAnswer(string Object, string Rating, string Release, string Track, bool Counted);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(FeedbackRequest))]
[JsonSerializable(typeof(FeedbackAnswer))]
internal sealed partial class FeedbackJson : JsonSerializerContext;
