using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using LlmOps.Gateway.Tests.Fakes;
using LlmOps.Kubernetes;
using LlmOps.Testing;
using Microsoft.AspNetCore.Http;

namespace LlmOps.Gateway.Tests.Forwarding;

/// <summary>Engines that ask for a key get it from the gateway; clients never need it and never see that it is wrong while stable can answer.</summary>
public sealed class EngineKeyTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);
    private readonly ConcurrentDictionary<string, string> secrets = new() { ["keys"] = "right" };

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_engine_gets_its_own_key_in_place_of_the_clients(bool stream)
    {
        await using var bed = await BedAsync(Asking("right", "stable"), Asking("right", "candidate"));
        bed.WithKeys("keys", "keys");

        Assert.Equal((200, "r-candidate"), Of(await bed.ChatAsync(GatewayBed.Body(stream))));
        bed.WithKeys("keys", null, weight: 0);
        Assert.Equal((200, "r-stable"), Of(await bed.ChatAsync(GatewayBed.Body(stream))));
        Assert.Equal(["Bearer right"], bed.Stable.Headers.Select(headers => headers.Authorization.ToString()));
    }

    [Fact]
    public async Task Without_a_key_of_its_own_an_engine_gets_what_the_client_sent()
    {
        await using var bed = await BedAsync(Answers.Right("stable"), Answers.Right("candidate"));
        bed.WithKeys(null, null);
        await bed.ChatAsync();
        Assert.Equal("Bearer of the client", bed.Candidate.Headers.Single().Authorization.ToString());
    }

    [Theory]
    [InlineData("keys", "wrong")]
    [InlineData("gone", "right")]
    public async Task Stable_answers_where_the_candidates_key_is_wrong_or_missing(string secret, string asksFor)
    {
        await using var bed = await BedAsync(Asking("right", "stable"), Asking(asksFor, "candidate"));
        bed.WithKeys("keys", secret);

        Assert.Equal((200, "r-stable"), Of(await bed.ChatAsync()));
        Assert.Equal(1, await bed.CountAsync("candidate", "errors"));
        Assert.Equal(secret == "keys" ? 1 : 0, await bed.CountAsync("candidate", "unauthorized"));
        Assert.Equal(0, await bed.CountAsync("stable", "errors"));
        Assert.Equal(secret == "keys" ? 1 : 0, bed.Candidate.Requests);
    }

    [Fact]
    public async Task A_key_of_stable_that_is_wrong_or_missing_is_the_servers_fault_and_says_what_to_do()
    {
        await using var bed = await BedAsync(Asking("wrong", "stable"), Answers.Right("candidate"));
        bed.WithKeys("keys", null, weight: 0);
        var refused = await bed.ChatAsync();
        Assert.Equal((502, "engine_key_refused"), (refused.Status, refused.Error.GetProperty("code").GetString()));

        bed.WithKeys("gone", null, weight: 0);
        var missing = await bed.ChatAsync();
        Assert.Equal((503, "engine_key_unavailable"), (missing.Status, missing.Error.GetProperty("code").GetString()));
        Assert.Contains("Secret default/gone does not exist", missing.Error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_was_replaced_is_found_with_the_first_refusal_and_no_request_fails()
    {
        var time = new ManualTime();
        var engine = new AskingEngine("right", "stable");
        await using var bed = await BedAsync(engine.AnswerAsync, Answers.Right("candidate"), time);
        bed.WithKeys("keys", null, weight: 0);
        Assert.Equal(200, (await bed.ChatAsync()).Status);

        (secrets["keys"], engine.Key) = ("replaced", "replaced");
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(200, (await bed.ChatAsync()).Status);
        Assert.Equal(["Bearer right", "Bearer right", "Bearer replaced"], bed.Stable.Headers.Select(headers => headers.Authorization.ToString()));
        Assert.Equal(200, (await bed.ChatAsync()).Status);
        Assert.Equal(4, bed.Stable.Requests);
    }

    [Fact]
    public async Task Copies_carry_the_candidates_key_and_one_that_is_refused_is_evidence()
    {
        await using var bed = await BedAsync(Asking("right", "stable"), Asking("right", "candidate"));
        bed.WithKeys("keys", "keys", weight: 0, mirror: true);
        await bed.ChatAsync();
        await Eventually.TrueAsync(async _ => (await bed.AdminAsync("/metrics")).Contains("outcome=\"answered\"", StringComparison.Ordinal), Soon, () => "the copy was answered");
        Assert.Equal("Bearer right", bed.Candidate.Headers.Single().Authorization.ToString());

        bed.Candidate.Answer = Asking("wrong", "candidate");
        await bed.ChatAsync();
        await Eventually.TrueAsync(async _ => await bed.CountAsync("candidate", "unauthorized") == 1, Soon, () => "the refusal is counted");
    }

    private async Task<GatewayBed> BedAsync(Func<HttpContext, Task> stable, Func<HttpContext, Task> candidate, ManualTime? time = null)
    {
        var bed = await GatewayBed.StartAsync(stable, candidate, time: time, secrets: key => secrets.TryGetValue(key.Name, out var value)
            ? new Secret { Data = new Dictionary<string, string> { ["key"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(value)) } }
            : null);
        bed.ClientKey = new AuthenticationHeaderValue("Bearer", "of the client");
        return bed;
    }

    private static (int Status, string? Release) Of(Reply reply) => (reply.Status, reply.Release);

    private static Func<HttpContext, Task> Asking(string key, string text) => new AskingEngine(key, text).AnswerAsync;

    /// <summary>Answers those who know its key, as vLLM does.</summary>
    private sealed class AskingEngine(string key, string text)
    {
        public string Key { get; set; } = key;

        public Task AnswerAsync(HttpContext context) =>
            context.Request.Headers.Authorization == $"Bearer {Key}" ? Answers.Right(text)(context) : Answers.Status(401, """{"error":"Unauthorized"}""")(context);
    }
}
