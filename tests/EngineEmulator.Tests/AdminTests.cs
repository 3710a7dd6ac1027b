using System.Net;
using System.Text.Json.Nodes;

namespace LlmOps.EngineEmulator.Tests;

public sealed class AdminTests
{
    [Fact]
    public async Task Behaviour_is_changed_while_running_and_what_is_absent_stays()
    {
        await using var server = await Emulators.StartAsync();
        using var client = new EngineClient(server.Address);
        await client.AskAsync("x");
        await client.PostAsync("/admin/behaviour", JsonNode.Parse("""{"ttftMultiplier":3,"failures":{"stallSeconds":5}}""")!);
        var (status, body) = await client.PostAsync("/admin/behaviour", JsonNode.Parse("""{"failures":{"rate5xx":1}}""")!);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(3, (double)body!["ttftMultiplier"]!);
        Assert.Equal(5, (double)body["failures"]!["stallSeconds"]!);
        Assert.Equal(HttpStatusCode.InternalServerError, (await client.PostAsync("/v1/chat/completions", EngineClient.Chat("x"))).Status);
        Assert.Equal(1, server.Behaviour.Current.Failures.Rate5xx);
    }

    [Theory]
    [InlineData("""{"rate5xx":1}""", "rate5xx")]
    [InlineData("""{"failures":{"rate5xx":30}}""", "between 0 and 1")]
    [InlineData("""{"ttftMultiplier":-1}""", "negative")]
    [InlineData("null", "object")]
    [InlineData("{", "JSON")]
    public async Task A_setting_that_makes_no_sense_is_refused_and_nothing_changes(string patch, string message)
    {
        await using var server = await Emulators.StartAsync();
        var before = server.Behaviour.Current;
        using var http = new HttpClient { BaseAddress = server.Address };
        using var content = new StringContent(patch);
        using var response = await http.PostAsync(new Uri("/admin/behaviour", UriKind.Relative), content);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(message, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(before, server.Behaviour.Current);
    }

    [Fact]
    public async Task A_key_may_be_asked_for_from_now_on()
    {
        await using var server = await Emulators.StartAsync();
        using var client = new EngineClient(server.Address);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/v1/models")).StatusCode);
        await client.PostAsync("/admin/behaviour", JsonNode.Parse("""{"apiKey":"s3cret"}""")!);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/v1/models")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health")).StatusCode);
    }

    [Fact]
    public async Task Stats_tell_requests_outcomes_and_the_first_injected_failure()
    {
        await using var server = await Emulators.StartAsync();
        using var client = new EngineClient(server.Address);
        await client.AskAsync("x");
        Assert.Null(JsonNode.Parse(await client.TextAsync("/admin/stats"))!["firstInjectedFailureAt"]);
        server.Behaviour.Update(settings => settings with { Failures = settings.Failures with { Rate5xx = 1 } });
        await client.PostAsync("/v1/chat/completions", EngineClient.Chat("x"));
        var stats = JsonNode.Parse(await client.TextAsync("/admin/stats"))!;
        Assert.Equal(2, (int)stats["requestsSeen"]!);
        Assert.Equal(1, (int)stats["outcomes"]!["stop"]!);
        Assert.Equal(1, (int)stats["outcomes"]!["serverError"]!);
        Assert.Equal(1, (int)stats["injectedFailures"]!["serverError"]!);
        Assert.True(DateTimeOffset.Parse((string)stats["firstInjectedFailureAt"]!, null) >= server.Stats.StartedAt);
    }
}
