using System.Text.Json;
using LlmOps.Api;
using LlmOps.Gateway.Tests.Fakes;

namespace LlmOps.Gateway.Tests;

public sealed class FeedbackTests
{
    [Fact]
    public async Task Negative_feedback_counts_once_for_the_release_that_the_session_has()
    {
        await using var bed = await GatewayBed.StartAsync(weight: 25);
        var (stable, candidate) = (GatewayBed.Sessions(Tracks.Stable, 25).First(), GatewayBed.Sessions(Tracks.Candidate, 25).First());

        foreach (var (session, track, counted) in new[] { (stable, "stable", true), (candidate, "candidate", true), (candidate, "candidate", false) })
        {
            var reply = await RateAsync(bed, $$"""{"model":"bot","session":"{{session}}","rating":"negative"}""");
            Assert.Equal((200, track, counted, track), (reply.Status, reply.Json.GetProperty("track").GetString(), reply.Json.GetProperty("counted").GetBoolean(), reply.Track));
        }

        Assert.Equal((1, 1), (await bed.CountAsync("stable", "negativeFeedback"), await bed.CountAsync("candidate", "negativeFeedback")));
        Assert.Matches("""llmops_gateway_feedback_total\{[^}]*rating="negative"[^}]*release="r-candidate"[^}]*\} 2\n""", await bed.AdminAsync("/metrics"));
    }

    [Fact]
    public async Task The_split_of_a_user_is_the_one_of_its_requests()
    {
        await using var bed = await GatewayBed.StartAsync(weight: 50);
        bed.Weigh(50, stickiness: "user");
        for (var i = 0; i < 8; i++)
        {
            var answered = await bed.ChatAsync(GatewayBed.Body(extra: $$""","user":"u{{i}}" """));
            var rated = await RateAsync(bed, $$"""{"model":"default/bot","user":"u{{i}}","session":"other","rating":"negative"}""");
            Assert.Equal(answered.Release, rated.Release);
        }
    }

    [Fact]
    public async Task Positive_feedback_and_feedback_without_a_candidate_are_counted_in_metrics_only()
    {
        await using var bed = await GatewayBed.StartAsync(weight: 50);
        Assert.False((await RateAsync(bed, """{"model":"bot","session":"a","rating":"positive"}""")).Json.GetProperty("counted").GetBoolean());
        Assert.Equal((0, 0), (await bed.CountAsync("stable", "negativeFeedback"), await bed.CountAsync("candidate", "negativeFeedback")));

        bed.Weigh(0, epoch: 2);
        var reply = await RateAsync(bed, """{"model":"bot","session":"a","rating":"negative"}""");
        Assert.Equal((200, "stable", false), (reply.Status, reply.Track, reply.Json.GetProperty("counted").GetBoolean()));
        bed.Mirror(epoch: 3);
        Assert.False((await RateAsync(bed, """{"model":"bot","session":"b","rating":"negative"}""")).Json.GetProperty("counted").GetBoolean());
        Assert.Contains("rating=\"positive\"", await bed.AdminAsync("/metrics"));
    }

    [Theory]
    [InlineData("""{"model":"bot","rating":"negative"}""", 400, "missing_sticky_key", "session")]
    [InlineData("""{"model":"bot","session":"","rating":"negative"}""", 400, "missing_sticky_key", "session")]
    [InlineData("""{"model":"bot","session":"a","rating":"bad"}""", 400, "invalid_value", "rating")]
    [InlineData("""{"model":"bot","session":"a"}""", 400, "invalid_value", "rating")]
    [InlineData("""{"model":"bot","session":7,"rating":"negative"}""", 400, "invalid_value", "session")]
    [InlineData("""{"session":"a","rating":"negative"}""", 400, "missing_model", "model")]
    [InlineData("""{"model":"other","session":"a","rating":"negative"}""", 404, "model_not_found", "model")]
    [InlineData("""{"model":"bot","session":"a","rating":"negative" """, 400, "invalid_json", null)]
    [InlineData("null", 400, "invalid_json", null)]
    public async Task Bad_feedback_is_refused_with_what_to_do(string body, int status, string code, string? param)
    {
        await using var bed = await GatewayBed.StartAsync(weight: 50);

        var reply = await RateAsync(bed, body);

        Assert.Equal((status, code, param), (reply.Status, reply.Error.GetProperty("code").GetString(), reply.Error.GetProperty("param").GetString()));
    }

    [Theory]
    [InlineData("user", """{"model":"bot","session":"a","rating":"negative"}""", "give 'user'")]
    [InlineData("request", """{"model":"bot","session":"a","user":"b","rating":"negative"}""", "set it to session or user")]
    public async Task Without_a_key_that_the_split_goes_by_it_is_told_which_one(string stickiness, string body, string what)
    {
        await using var bed = await GatewayBed.StartAsync();
        bed.Weigh(50, stickiness: stickiness);

        var reply = await RateAsync(bed, body);

        Assert.Equal(400, reply.Status);
        Assert.Contains(what, reply.Error.GetProperty("message").GetString());
    }

    [Fact]
    public async Task Only_post_is_taken()
    {
        await using var bed = await GatewayBed.StartAsync();
        using var response = await bed.GetAsync("/v1/feedback");
        Assert.Equal(405, (int)response.StatusCode);
        Assert.Equal("method_not_allowed", JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("error").GetProperty("code").GetString());
    }

    private static Task<Reply> RateAsync(GatewayBed bed, string body) => bed.ChatAsync(body, path: "/v1/feedback");
}
