using LlmOps.Api;
using LlmOps.EngineEmulator;
using LlmOps.EngineEmulator.Behaviour;
using LlmOps.EngineEmulator.Catalog;
using LlmOps.Gateway.Tests.Fakes;
using LlmOps.Testing;

namespace LlmOps.Gateway.Tests;

/// <summary>The gateway in front of engines that speak vLLM's and TGI's dialects.</summary>
public sealed class EmulatedEngineTests
{
    [Theory]
    [InlineData(EngineKind.Vllm, true)]
    [InlineData(EngineKind.Vllm, false)]
    [InlineData(EngineKind.Tgi, true)]
    [InlineData(EngineKind.Tgi, false)]
    public async Task Both_dialects_are_answered_and_metered(EngineKind engine, bool stream)
    {
        await using var emulator = await StartAsync(engine);
        await using var bed = await GatewayBed.StartAsync();
        Serve(bed, "stable", emulator);

        var reply = await bed.ChatAsync(GatewayBed.Body(stream));

        Assert.Equal(200, reply.Status);
        Assert.NotEmpty(reply.Text);
        var metrics = await bed.AdminAsync("/metrics");
        Assert.Contains("direction=\"input\"", metrics);
        Assert.Contains("estimated=\"false\"", metrics);
    }

    [Fact]
    public async Task No_user_request_is_lost_by_a_candidate_that_fails_in_every_way()
    {
        await using var stable = await StartAsync(EngineKind.Vllm);
        await using var candidate = await StartAsync(EngineKind.Vllm);
        candidate.Behaviour.Update(s => s with { Failures = new FailureProfile { Rate5xx = 0.3, RefuseRate = 0.3, EmptyRate = 0.2 } });
        await using var bed = await GatewayBed.StartAsync();
        Serve(bed, "stable", stable);
        Serve(bed, "candidate", candidate);
        bed.Weigh(50);

        var calls = Enumerable.Range(0, 200).Select(i => bed.ChatAsync(GatewayBed.Body(stream: i % 3 != 0)));
        var replies = await Task.WhenAll(calls);

        Assert.All(replies, r => Assert.True(r is { Status: 200, Text.Length: > 0 }));
        var epoch = (await bed.EpochsAsync())[0];
        Assert.Equal(200, epoch.GetProperty("stable").GetProperty("requests").GetInt64() + epoch.GetProperty("candidate").GetProperty("requests").GetInt64());
        Assert.Equal(0, epoch.GetProperty("stable").GetProperty("errors").GetInt64());
        Assert.Equal(
            candidate.Stats.InjectedFailures.Values.Sum(),
            epoch.GetProperty("candidate").GetProperty("errors").GetInt64());
        Assert.Contains(replies, r => r.Track == Tracks.Candidate);
    }

    [Fact]
    public async Task A_candidate_that_dies_in_the_middle_of_traffic_costs_only_streams_that_had_begun()
    {
        await using var stable = await StartAsync(EngineKind.Vllm);
        await using var candidate = await StartAsync(EngineKind.Vllm);
        await using var bed = await GatewayBed.StartAsync();
        Serve(bed, "stable", stable);
        Serve(bed, "candidate", candidate);
        bed.Weigh(100);

        var replies = new List<Reply>();
        for (var i = 0; i < 40; i++)
        {
            if (i == 20)
                await candidate.StopAsync();
            replies.Add(await bed.ChatAsync());
        }

        Assert.All(replies, r => Assert.Equal(200, r.Status));
        Assert.All(replies.Skip(20), r => Assert.Equal(Tracks.Stable, r.Track));
        Assert.Equal(20, (await bed.EpochsAsync())[0].GetProperty("candidate").GetProperty("errors").GetInt64());
    }

    private static Task<EmulatorServer> StartAsync(EngineKind engine) => EmulatorServer.StartAsync(new EmulatorOptions
    {
        Engine = engine,
        Profile = new ModelProfile { Model = "org/model" },
        ServedNames = ["served"],
    });

    private static void Serve(GatewayBed bed, string service, EmulatorServer engine)
    {
        var fake = service == "stable" ? bed.Stable : bed.Candidate;
        bed.Gateway.Routes.Apply(Cluster.Slice(service, fake.Address), Cluster.Slice(service, engine.Address));
    }
}
