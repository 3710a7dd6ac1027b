using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using LlmOps.Rollouts.Statistics;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.Cli.Tests;

/// <summary>The dashboard's server: who gets an answer, and what it says.</summary>
public sealed class DashboardTests : IAsyncLifetime
{
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false });
    private ServedDashboard served = null!;

    private Desk Desk => served.Desk;

    public async Task InitializeAsync() => served = await ServedDashboard.StartAsync();

    public async Task DisposeAsync()
    {
        await served.DisposeAsync();
        http.Dispose();
    }

    [Fact]
    public async Task All_about_a_canary_is_told_to_the_page()
    {
        var (status, view) = await AskAsync("/api/deployments/default/support-bot");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("Release a2cd4d0cdd is at step 2 of 4 (weight 25%) with 25% of the requests; release 3b9d56923b serves.", (string?)view["explanation"]!["where"]);
        var point = view["series"]!.AsArray()[^1]!;
        Assert.Equal((640L, 7L, 212L, 3L), ((long)point["stable"]!["requests"]!, (long)point["stable"]!["errors"]!, (long)point["candidate"]!["requests"]!, (long)point["candidate"]!["errors"]!));
        Assert.Contains(point["tests"]!.AsArray(), test => (string?)test!["name"] == "live/errors" && (double)test["logE"]! < (double)test["logThreshold"]!);
        Assert.Equal(3, view["history"]!.AsArray().Count);
        Assert.Equal(["Done start 3m20s", "Done gate support-quality 5m20s", "Current weight 25% 80s", "Pending approval ", "Pending weight 50% "], view["stages"]!.AsArray().Select(s => $"{s!["state"]} {s["name"]} {s["took"]}"));
        Assert.Equal(["refund-17", "login-3"], view["runs"]![0]!["worstCases"]!.AsArray().Select(c => (string?)c!["id"]));
        Assert.Equal(["-Be brief.", "+Be brief and polite.", "+Answer in the language of the question."], view["difference"]!["prompt"]!.AsArray().Select(l => $"{l!["sign"]}{l["text"]}").Where(l => l[0] != ' ').Select(l => l[..1] + l[1..].Trim()));
        Assert.Equal(["summarizer", "support-bot"], (await AskAsync("/api/deployments")).Answer.AsArray().Select(d => (string?)d!["name"]));
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync("/api/deployments/default/nobody")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync("/api/deployments/default/..%2f..%2fsecrets")).Status);
    }

    [Fact]
    public async Task What_looks_like_a_secret_is_not_in_the_answer()
    {
        var view = (await AskAsync("/api/deployments/default/support-bot")).Answer;
        Assert.Equal(
            ["  --enable-prefix-caching", "- --max-num-seqs=64", "- --api-key", "- (not shown)", "+ --max-num-seqs=128", "+ --api-key=(not shown)"],
            view["difference"]!["arguments"]!.AsArray().Select(l => $"{l!["sign"]} {l["text"]}"));
        Assert.Contains("(not shown)", view["difference"]!["fields"]!.AsArray().Select(f => (string?)f!["to"]));
        Assert.DoesNotContain("hush", view.ToJsonString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Approve Promote Abort", """{"rollout":{"reason":"AwaitingApproval","step":2,"stepName":"approval"}}""")]
    [InlineData("Approve Promote Abort", """{"rollout":{"reason":"AwaitingDecision","step":2,"stepName":"approval"}}""")]
    [InlineData("Promote Abort", """{"rollout":{"step":2,"stepName":"approval","verdicts":[{"step":2,"name":"approval","verdict":"Pass","message":"approved","time":"2026-07-01T11:59:00Z"}]}}""")]
    [InlineData("Promote Abort", """{"rollout":{"phase":"Starting","reason":"WaitingForPods","step":2,"stepName":"approval"}}""")]
    [InlineData("Promote Abort", """{"rollout":{"reason":"AwaitingDecision","stepName":"weight 25%"}}""")]
    [InlineData("Promote Abort", """{"rollout":{"reason":"AwaitingDecision","step":0,"stepName":"gate support-quality"}}""")]
    [InlineData("Promote Abort", """{"rollout":{"phase":"Baking","reason":"Baking","stepName":"bake 100%"}}""")]
    [InlineData("Approve Abort", """{"pausedBy":"ada","rollout":{"reason":"Paused","step":2,"stepName":"approval"}}""")]
    [InlineData("Abort", """{"pausedBy":"ada","rollout":{"reason":"Paused"}}""")]
    [InlineData("Abort", """{"rollout":{"phase":"Starting","kind":"Rollback","stepName":"promotion"}}""")]
    [InlineData("Abort", """{"rollout":{"promotedBy":"ada","reason":"WaitingForGate","stepName":"gate support-quality"}}""")]
    [InlineData("", """{"rollout":{"phase":"Reverting","reason":"WaitingForStable","stepName":"revert"}}""")]
    [InlineData("", """{"candidate":null,"rollout":{"phase":"Promoted"}}""")]
    public async Task An_action_is_offered_where_the_operator_would_take_it(string offered, string status)
    {
        var deployment = Desk.Server.Find("llmdeployments.llmops.dev", "default", "support-bot")!;
        Merge(deployment["status"]!.AsObject(), JsonNode.Parse(status)!.AsObject());
        Desk.Server.Seed(deployment);
        var view = (await AskAsync("/api/deployments/default/support-bot")).Answer;
        Assert.Equal(offered, string.Join(' ', view["actions"]!.AsArray().Select(action => (string?)action)));

        static void Merge(JsonObject into, JsonObject from)
        {
            foreach (var (name, value) in from)
            {
                if (value is JsonObject inner && into[name] is JsonObject there)
                    Merge(there, inner);
                else
                    into[name] = value?.DeepClone();
            }
        }
    }

    [Fact]
    public async Task A_pause_in_the_spec_is_a_pause()
    {
        var deployment = Desk.Server.Find("llmdeployments.llmops.dev", "default", "support-bot")!;
        (deployment["spec"]!["rollout"] ??= new JsonObject())["paused"] = true;
        Desk.Server.Seed(deployment);
        var view = (await AskAsync("/api/deployments/default/support-bot")).Answer;
        Assert.Equal(["Abort"], view["actions"]!.AsArray().Select(action => (string?)action));
    }

    [Fact]
    public async Task Weights_before_the_dashboard_ran_are_points_of_their_own()
    {
        var deployment = Desk.Server.Find("llmdeployments.llmops.dev", "default", "support-bot")!;
        var rollout = deployment["status"]!["rollout"]!.AsObject();
        rollout["id"] = "another0";
        rollout["evidence"]!.AsArray().Add(JsonNode.Parse("""{"process":"g1","epoch":0,"weight":5,"stable":{"requests":950,"errors":9},"candidate":{"requests":50,"errors":1}}"""));
        rollout["stepTimes"]!.AsArray().Insert(2, JsonNode.Parse("""{"step":1,"name":"weight 5%","weight":5,"startedAt":"2026-07-01T11:55:00Z","endedAt":"2026-07-01T11:58:40Z"}"""));
        Desk.Server.Seed(deployment);

        var points = (await AskAsync("/api/deployments/default/support-bot")).Answer["series"]!.AsArray();
        Assert.Equal(["5 11:58:40 50", "25 11:59:55 262"], points.Select(p => $"{p!["weight"]} {((string)p["time"]!)[11..19]} {p["candidate"]!["requests"]}"));
    }

    [Fact]
    public async Task Evidence_reaches_its_threshold_where_the_operator_would_revert()
    {
        var reached = new List<bool>();
        for (var errors = 2; errors <= 20; errors++)
        {
            var deployment = Desk.Server.Find("llmdeployments.llmops.dev", "default", "support-bot")!;
            deployment["status"]!["rollout"]!["evidence"]![0]!["candidate"]!["errors"] = errors;
            Desk.Server.Seed(deployment);
            var point = (await AskAsync("/api/deployments/default/support-bot")).Answer["series"]!.AsArray()[^1]!;
            Assert.Equal(errors + 1, (int)point["candidate"]!["errors"]!);
            Assert.Equal(ConditionalMixtureTest.LogThreshold(0.01), (double)point["logThreshold"]!, 9);
            reached.Add((double)point["logE"]! >= (double)point["logThreshold"]!);
            // So says the message of the test that reverts.
            Assert.Equal(reached[^1], point["tests"]!.AsArray().Any(t => ((string)t!["message"]!).Contains(" reaches ", StringComparison.Ordinal)));
        }

        Assert.Equal([false, true], reached.Distinct());
    }

    [Fact]
    public async Task Nobody_else_is_answered()
    {
        AnsweringOperator.Applies(Desk, "it was done");
        (HttpStatusCode Status, Action<HttpRequestMessage> Ask)[] strangers =
        [
            (HttpStatusCode.Unauthorized, r => r.Headers.Authorization = null),
            (HttpStatusCode.Unauthorized, r => r.Headers.Authorization = new("Bearer", new string('0', 48))),
            (HttpStatusCode.MisdirectedRequest, r => r.Headers.Host = $"evil.example:{served.Address.Port}"),
            (HttpStatusCode.MisdirectedRequest, r => r.Headers.Host = "evil.example"),
            (HttpStatusCode.Forbidden, r => r.Headers.Add("Origin", "http://evil.example")),
            (HttpStatusCode.Forbidden, r => r.Headers.Add("Origin", "null")),
        ];
        foreach (var (status, ask) in strangers)
        {
            Assert.Equal(status, (await AskAsync("/api/deployments", ask)).Status);
            Assert.Equal(status, (await AskAsync("/api/deployments/default/support-bot/actions", r =>
            {
                Post(r, """{"action":"Abort","release":"a2cd4d0cdd"}""");
                ask(r);
            })).Status);
        }

        Assert.Empty(Desk.Server.FindAll("rolloutactions.llmops.dev", "default"));
    }

    [Fact]
    public async Task It_listens_on_one_address_of_the_loopback_alone()
    {
        Assert.Equal("127.0.0.1", served.Address.Host);
        using var socket = new TcpClient();
        await Assert.ThrowsAsync<SocketException>(() => socket.ConnectAsync("127.0.0.2", served.Address.Port));
        var second = await Desk.RunAsync($"dashboard --port {served.Address.Port}");
        Assert.Equal((ExitCodes.CannotAsk, $"error: port {served.Address.Port} of 127.0.0.1 is taken: choose another with --port, or leave it out"), (second.Code, second.Error.Trim().Split('\n')[^1]));
    }

    [Fact]
    public async Task The_page_may_run_and_load_nothing_but_itself()
    {
        using var page = await http.GetAsync(new Uri(served.Address, "/"));
        var policy = page.Headers.GetValues("Content-Security-Policy").Single();
        Assert.StartsWith("default-src 'none'; ", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_may_not_be_read_is_left_out()
    {
        Desk.Server.Faults.When(r => r.GroupResource != "llmdeployments.llmops.dev", FaultEffect.Status(403, "Forbidden"));
        var (status, view) = await AskAsync("/api/deployments/default/support-bot");
        Assert.Equal((HttpStatusCode.OK, 0, null), (status, view["runs"]!.AsArray().Count, view["difference"]));
        Assert.Equal(3, view["history"]!.AsArray().Count);
        Assert.Single(view["series"]!.AsArray());
    }

    [Fact]
    public async Task A_button_asks_for_the_release_that_was_shown()
    {
        var @operator = AnsweringOperator.Applies(Desk, "it was done");
        var (status, action) = await AskAsync("/api/deployments/default/support-bot/actions", r => Post(r, """{"action":"Abort","release":"a2cd4d0cdd","reason":"not today"}"""));
        Assert.Equal((HttpStatusCode.OK, "Applied"), (status, (string?)action["status"]!["phase"]));
        Assert.Equal("""{"deployment":"support-bot","action":"Abort","release":"a2cd4d0cdd","reason":"not today"}""", Assert.Single(@operator.Asked).ToJsonString());
        foreach (var bad in new[] { """{"action":"Abort"}""", """{"action":"Rollback","release":"a2cd4d0cdd"}""", "[]", "{" })
            Assert.Equal(HttpStatusCode.BadRequest, (await AskAsync("/api/deployments/default/support-bot/actions", r => Post(r, bad))).Status);
    }

    private static void Post(HttpRequestMessage request, string body)
    {
        request.Method = HttpMethod.Post;
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
    }

    private async Task<(HttpStatusCode Status, JsonNode Answer)> AskAsync(string path, Action<HttpRequestMessage>? change = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(served.Address, path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", served.Token);
        change?.Invoke(request);
        using var response = await http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return (response.StatusCode, text.StartsWith('<') ? new JsonObject() : JsonNode.Parse(text)!);
    }
}
