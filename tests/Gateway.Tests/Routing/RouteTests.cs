using System.Text.Json;
using LlmOps.Gateway.Tests.Fakes;
using LlmOps.Kubernetes;

namespace LlmOps.Gateway.Tests.Routing;

public sealed class RouteTests
{
    [Fact]
    public async Task A_name_in_two_namespaces_must_be_asked_for_with_its_namespace()
    {
        await using var bed = await GatewayBed.StartAsync();
        await using var other = await FakeEngine.StartAsync(Answers.Right("other"));
        bed.Gateway.Routes.Apply(null, Cluster.Slice("stable", "team-b", other.Address));
        bed.Gateway.Routes.Apply(null, Cluster.Deployment(ns: "team-b", stable: Cluster.Release("r-b", "stable", 100)));

        var ambiguous = await bed.ChatAsync();
        Assert.Equal(404, ambiguous.Status);
        Assert.Equal("model_ambiguous", ambiguous.Error.GetProperty("code").GetString());
        Assert.Contains("'default/bot' or 'team-b/bot'", ambiguous.Error.GetProperty("message").GetString());

        Assert.Equal("stable!", (await bed.ChatAsync(GatewayBed.Body(model: "default/bot"))).Text);
        Assert.Equal("other!", (await bed.ChatAsync(GatewayBed.Body(model: "team-b/bot"))).Text);
        Assert.Equal(["default/bot", "team-b/bot"], await ModelsAsync(bed));

        bed.Gateway.Routes.Apply(Cluster.Deployment(), (Api.LlmDeployment?)null);
        Assert.Equal("other!", (await bed.ChatAsync()).Text);
        Assert.Equal(404, (await bed.ChatAsync(GatewayBed.Body(model: "default/bot"))).Status);
        Assert.Equal(["bot"], await ModelsAsync(bed));
    }

    [Fact]
    public async Task Only_ready_endpoints_get_requests_and_changes_count_at_once()
    {
        await using var bed = await GatewayBed.StartAsync();
        await using var second = await FakeEngine.StartAsync(Answers.Right("second"));
        var slice = Cluster.Slice("stable", second.Address);
        var notReady = slice with { Endpoints = [slice.Endpoints[0] with { Conditions = new EndpointConditions { Ready = false, Serving = true, Terminating = true } }] };
        bed.Gateway.Routes.Apply(null, notReady);

        for (var i = 0; i < 10; i++)
            await bed.ChatAsync();
        Assert.Equal((10, 0), (bed.Stable.Requests, second.Requests));

        bed.Gateway.Routes.Apply(notReady, slice);
        bed.Gateway.Routes.Apply(Cluster.Slice("stable", bed.Stable.Address), (EndpointSlice?)null);
        for (var i = 0; i < 10; i++)
            await bed.ChatAsync();
        Assert.Equal((10, 10), (bed.Stable.Requests, second.Requests));
    }

    [Fact]
    public async Task The_release_before_answers_until_the_endpoints_of_a_new_stable_release_are_known()
    {
        await using var bed = await GatewayBed.StartAsync();
        await using var next = await FakeEngine.StartAsync(Answers.Right("next"));
        var (before, after) = (Cluster.Slice("stable", bed.Stable.Address), Cluster.Slice("next", next.Address));
        var swapped = Cluster.Deployment(stable: Cluster.Release("r-next", "next", 100), rollout: null);

        // A status may be heard of before the EndpointSlices of what it names.
        bed.Gateway.Routes.Apply(null, swapped);
        var relayed = await bed.ChatAsync();
        Assert.Equal((200, "stable!", "r-stable", Api.Tracks.Stable), (relayed.Status, relayed.Text, relayed.Release, relayed.Track));

        bed.Gateway.Routes.Apply(null, after);
        var own = await bed.ChatAsync();
        Assert.Equal((200, "next!", "r-next"), (own.Status, own.Text, own.Release));

        // It has had endpoints: now it is gone, and nobody else speaks for it.
        bed.Gateway.Routes.Apply(after, (EndpointSlice?)null);
        var gone = await bed.ChatAsync();
        Assert.Equal((503, "no_ready_endpoint"), (gone.Status, gone.Error.GetProperty("code").GetString()));

        // Nor does the release before once its own pods are gone.
        bed.Gateway.Routes.Apply(null, after);
        await bed.ChatAsync();
        bed.Gateway.Routes.Apply(swapped, Cluster.Deployment(stable: Cluster.Release("r-stable", "other", 100), rollout: null));
        Assert.Equal("r-next", (await bed.ChatAsync()).Release);
        bed.Gateway.Routes.Apply(after, (EndpointSlice?)null);
        Assert.Equal(503, (await bed.ChatAsync()).Status);
        bed.Gateway.Routes.Apply(before, (EndpointSlice?)null);
    }

    [Fact]
    public async Task A_model_is_listed_from_when_it_can_be_asked()
    {
        await using var bed = await GatewayBed.StartAsync();
        var (first, serving) = (Cluster.Deployment("new"), Cluster.Deployment("new", stable: Cluster.Release("r-new", "new", 100)));
        bed.Gateway.Routes.Apply(null, first);
        Assert.Equal((503, "no_ready_endpoint"), await AskAsync());
        Assert.Equal(["bot"], await ModelsAsync(bed));

        bed.Gateway.Routes.Apply(first, serving);
        Assert.Equal((503, "no_ready_endpoint"), await AskAsync());
        Assert.Equal(["bot"], await ModelsAsync(bed));

        bed.Gateway.Routes.Apply(null, Cluster.Slice("new", bed.Stable.Address));
        Assert.Equal((200, null), await AskAsync());
        Assert.Equal(["bot", "new"], await ModelsAsync(bed));

        async Task<(int, string?)> AskAsync()
        {
            var reply = await bed.ChatAsync(GatewayBed.Body(model: "new"));
            return (reply.Status, reply.Status == 200 ? null : reply.Error.GetProperty("code").GetString());
        }
    }

    [Fact]
    public async Task The_least_loaded_endpoint_gets_the_request()
    {
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = 0;
        async Task Hold(Microsoft.AspNetCore.Http.HttpContext context)
        {
            Interlocked.Increment(ref running);
            await release.Task;
            await Answers.Right("x")(context);
        }

        await using var bed = await GatewayBed.StartAsync(stable: Hold);
        await using var second = await FakeEngine.StartAsync(Hold);
        await using var third = await FakeEngine.StartAsync(Hold);
        bed.Gateway.Routes.Apply(null, Cluster.Slice("stable", second.Address));
        bed.Gateway.Routes.Apply(null, Cluster.Slice("stable", third.Address));

        var calls = new List<Task<Reply>>();
        for (var i = 1; i <= 9; i++)
        {
            calls.Add(bed.ChatAsync());
            var expected = i;
            await Testing.Eventually.TrueAsync(() => Volatile.Read(ref running) == expected, TimeSpan.FromSeconds(60), "the request is in");
        }

        Assert.Equal([3, 3, 3], new[] { bed.Stable.Requests, second.Requests, third.Requests });
        release.SetResult();
        await Task.WhenAll(calls);
    }

    [Fact]
    public async Task Readiness_follows_the_first_table_and_nothing_is_routed_before()
    {
        var time = TimeProvider.System;
        await using var gateway = await GatewayServer.StartAsync(
            new GatewayOptions { Bind = System.Net.IPAddress.Loopback, ClientPort = 0, AdminPort = 0, MeterName = "Test.Ready" }, new Kubernetes.SecretTokens((_, _) => Task.FromResult<Kubernetes.Secret?>(null), time), time, new Testing.TestLogger(), CancellationToken.None);
        using var http = new HttpClient();
        gateway.Routes.Apply(null, Cluster.Slice("stable", new Uri("http://127.0.0.1:1")));
        gateway.Routes.Apply(null, Cluster.Deployment(stable: Cluster.Release("r-stable", "stable", 100)));

        using (var early = await http.GetAsync(new Uri(gateway.AdminAddress, "/readyz")))
            Assert.Equal(503, (int)early.StatusCode);
        Assert.Contains("\"data\":[]", await http.GetStringAsync(new Uri(gateway.ClientAddress, "/v1/models")));

        gateway.Routes.MarkSynced();
        Assert.Equal("ok", await http.GetStringAsync(new Uri(gateway.AdminAddress, "/readyz")));
        Assert.Equal("ok", await http.GetStringAsync(new Uri(gateway.AdminAddress, "/healthz")));
        Assert.Contains("\"id\":\"bot\"", await http.GetStringAsync(new Uri(gateway.ClientAddress, "/v1/models")));
    }

    private static async Task<string[]> ModelsAsync(GatewayBed bed)
    {
        using var response = await bed.GetAsync("/v1/models");
        return [.. JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("data").EnumerateArray().Select(m => m.GetProperty("id").GetString()!)];
    }
}
