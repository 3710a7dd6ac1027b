using System.Diagnostics;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Hosting;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.EndToEnd.Faults;

/// <summary>Two operators as processes, one lease on the real API server.</summary>
[Collection(FaultGroup.Name)]
public sealed class LeadershipTests(FaultBed bed, ITestOutputHelper output)
{
    private static readonly RolloutStep[] Endless = [new() { Weight = 50, Hold = TimeSpan.FromMinutes(10) }];

    private static readonly OperatorOptions AsInstalled = new();

    /// <summary>
    /// From the last renewal that was made to the attempt that took the lease, as both are written in it: a stand-by sees a renewal one look later at most, and then waits for the
    /// lease's duration. Five seconds are for a machine that has other things to do; the arithmetic alone is held by LeaderElectorTests.
    /// </summary>
    private static readonly TimeSpan MostFailOver = AsInstalled.LeaseDuration + (2 * AsInstalled.RetryPeriod) + TimeSpan.FromSeconds(5);

    [RealApiServerFact]
    public async Task A_stand_by_reverts_a_canary_soon_after_the_leader_was_killed_in_the_middle_of_it()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        var ct = limit.Token;
        await using var pair = await Pair.StartAsync(bed, ct);
        var prompt = await pair.Scene.TryPromptAsync(Endless, ct);
        var tried = await pair.Scene.UntilTriedAsync(prompt, 50, ct);

        var start = Stopwatch.GetTimestamp();
        await pair.Leader.KillAsync();
        var renewed = (await pair.LeaseAsync(ct))!.Spec!;
        await pair.Scene.AbortAsync(ct);
        await pair.Scene.UntilAsync("the candidate to lose its traffic", s => s.Candidate is null or { Weight: 0 }, ct);
        var took = Stopwatch.GetElapsedTime(start);
        var taken = (await pair.LeaseAsync(ct))!.Spec!;
        var without = taken.AcquireTime!.Value - renewed.RenewTime!.Value;
        output.WriteLine($"{without.TotalSeconds:0.00} s from the last renewal to the next leader; {took.TotalSeconds:0.00} s from SIGKILL of the leader to weight 0 by the stand-by");
        Assert.Equal(("a", "b"), (renewed.HolderIdentity, taken.HolderIdentity));
        Assert.InRange(without, AsInstalled.LeaseDuration, MostFailOver);
        Assert.Equal(Reasons.Aborted, (await pair.Scene.UntilEndedAsync(tried.Rollout!.Id, ct)).Reason);
    }

    [RealApiServerFact]
    public async Task A_leader_that_is_frozen_in_the_middle_of_a_reconcile_and_woken_after_its_lease_writes_nothing_and_stands_by()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        var ct = limit.Token;
        await using var pair = await Pair.StartAsync(bed, ct);

        var (held, prompt) = await pair.BeginHeldAsync(Endless, ct);
        pair.Leader.Freeze();
        var tried = await pair.Scene.UntilTriedAsync(prompt, 50, ct);
        var before = pair.LeaderProxy.Writes.Count;

        // The answer waits for it when it wakes.
        held.Release();
        pair.Leader.Wake();
        await pair.Leader.UntilAsync(leads: false, ct);
        await AbortedWithoutAsync(pair, tried.Rollout!.Id, before, ct);
        Assert.False(pair.Leader.Exited.IsCompleted);
    }

    [RealApiServerFact]
    public async Task A_leader_whose_lease_is_taken_in_the_middle_of_a_reconcile_writes_nothing_more()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        var ct = limit.Token;
        await using var pair = await Pair.StartAsync(bed, ct);

        var (held, prompt) = await pair.BeginHeldAsync(Endless, ct);
        await pair.GiveLeaseAsync("b", ct);
        await pair.Leader.UntilAsync(leads: false, ct);
        var before = pair.LeaderProxy.Writes.Count;
        held.Release();
        var tried = await pair.Scene.UntilTriedAsync(prompt, 50, ct);
        await AbortedWithoutAsync(pair, tried.Rollout!.Id, before, ct);
    }

    [RealApiServerFact]
    public async Task An_operator_that_is_told_to_end_abandons_what_it_does_releases_the_lease_and_is_gone_in_five_seconds()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        var ct = limit.Token;
        await using var pair = await Pair.StartAsync(bed, ct);

        var (held, prompt) = await pair.BeginHeldAsync(Endless, ct);
        var before = pair.LeaderProxy.Writes.Count;
        var (code, took) = await pair.Leader.TerminateAsync();
        held.Release();
        output.WriteLine($"{took.TotalSeconds:0.00} s from SIGTERM to the end, in the middle of a write that is not answered");

        Assert.Equal(0, code);
        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        var lease = pair.LeaderProxy.Requests.Last(request => request.IsLease && request.Method == "PUT");
        Assert.True(pair.LeaderProxy.Requests.TakeLast(5).Contains(lease), "the lease was not released at the end");
        Assert.Equal([], pair.LeaderProxy.Writes.Skip(before));
        var tried = await pair.Scene.UntilTriedAsync(prompt, 50, ct);
        Assert.Equal("b", (await pair.LeaseAsync(ct))!.Spec!.HolderIdentity);
        await pair.Scene.AbortAsync(ct);
        await pair.Scene.UntilEndedAsync(tried.Rollout!.Id, ct);
    }

    /// <summary>Somebody else ends the rollout, and the first leader has written nothing more.</summary>
    private static async Task AbortedWithoutAsync(Pair pair, string rollout, int before, CancellationToken ct)
    {
        // What it did itself it may tell still.
        var told = pair.LeaderProxy.Events.Count;
        await pair.Scene.AbortAsync(ct);
        Assert.Equal(Reasons.Aborted, (await pair.Scene.UntilEndedAsync(rollout, ct)).Reason);
        Assert.Equal([], pair.LeaderProxy.Writes.Skip(before));
        Assert.Equal([], pair.LeaderProxy.Events.Skip(told));
        Assert.NotEmpty(pair.StandByProxy.Events);
    }
}
