using LlmOps.Kubernetes;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Scenarios;

/// <summary>How an operator ends.</summary>
public sealed class StopTests(ITestOutputHelper output)
{
    /// <summary>After this the program is ended wherever it is.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(4.5);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task An_operator_whose_server_no_longer_answers_has_ended_before_it_is_cut_off()
    {
        await using var world = await TestWorld.StartAsync(output.WriteLine, withOperator: false);
        var (events, leases, others) = (new FaultGate(), new FaultGate(), new FaultGate());
        world.Server.Faults.When(FaultEffect.HangBefore(events), resource: "events.events.k8s.io");
        // A renew deadline within the limit would be one more timer that the clock is moved to, before those that matter are set.
        world.Options = options => options with { LeaderElect = true, LeaseDuration = TimeSpan.FromSeconds(15), RenewDeadline = TimeSpan.FromSeconds(10), RetryPeriod = TimeSpan.FromSeconds(2) };
        var time = new ManualTime();
        world.StartOperator(time);
        await world.ApplyAsync(Samples.Canary("v1"));
        await events.Reached.WaitAsync(Patience);
        world.Server.Faults.When(FaultEffect.HangBefore(leases), resource: "leases.coordination.k8s.io");
        world.Server.Faults.When(TestWorld.IsFromOperator, FaultEffect.HangBefore(others));

        var start = time.GetUtcNow();
        var ended = world.StopOperatorAsync();
        await leases.Reached.WaitAsync(Patience);
        while (!ended.IsCompleted)
        {
            await Eventually.TrueAsync(() => ended.IsCompleted || time.NextDue <= start + Limit, Patience, () => $"it ends within {Limit.TotalSeconds} s, or waits for something; next is {time.NextDue - start}");
            time.AdvanceToNextTimer();
        }

        await ended;
        Assert.InRange(time.GetUtcNow() - start, TimeSpan.Zero, Limit);
        Assert.Contains(world.Logger.Lines, line => line.EventName == "OperatorStopped");
    }

    [Fact]
    public async Task A_part_that_fails_ends_all_of_it_and_gives_the_lease_back()
    {
        await using var world = await TestWorld.StartAsync(output.WriteLine, withOperator: false);
        using var taken = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        taken.Start();
        world.Options = options => options with { LeaderElect = true, BindAddress = System.Net.IPAddress.Loopback, MetricsPort = ((System.Net.IPEndPoint)taken.LocalEndpoint).Port };
        world.StartOperator();
        await Assert.ThrowsAsync<IOException>(world.EndedAsync);
        Assert.True(world.Server.Find("leases.coordination.k8s.io", "llmops-system", "llmops-operator") is not { } lease || (string?)lease["spec"]!["holderIdentity"] is null or "");
    }
}
