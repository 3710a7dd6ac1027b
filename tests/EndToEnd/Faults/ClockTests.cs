using LlmOps.Api;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.EndToEnd.Faults;

/// <summary>Two operators on machines whose clocks are minutes off from that of the API server, by the <c>Date</c> of its answers; the leader is killed while a step is held.</summary>
[Collection(FaultGroup.Name)]
public sealed class ClockTests(FaultBed bed, ITestOutputHelper output)
{
    private static readonly TimeSpan Hold = TimeSpan.FromSeconds(6);

    /// <summary>A <c>Date</c> has whole seconds.</summary>
    private static readonly TimeSpan Resolution = TimeSpan.FromSeconds(1);

    private static readonly RolloutStep[] Steps = [new() { Weight = 25, Hold = Hold, MinRequests = 1 }, new() { Weight = 50, Hold = Hold, MinRequests = 1 }];

    [RealApiServerFact]
    public Task A_stand_by_goes_on_with_a_step_on_a_machine_whose_clock_is_five_minutes_slow() => CheckAsync(TimeSpan.FromMinutes(5));

    [RealApiServerFact]
    public Task A_stand_by_goes_on_with_a_step_on_a_machine_whose_clock_is_five_minutes_fast() => CheckAsync(TimeSpan.FromMinutes(-5));

    private async Task CheckAsync(TimeSpan error)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        var ct = limit.Token;
        await using var pair = await Pair.StartAsync(bed, ct, error);
        var start = TimeProvider.System.GetUtcNow();
        var prompt = await pair.Scene.TryPromptAsync(Steps, ct);
        var tried = await pair.Scene.UntilTriedAsync(prompt, 25, ct);
        await pair.Leader.KillAsync();
        var ended = await pair.Scene.UntilEndedAsync(tried.Rollout!.Id, ct);
        Assert.Equal("Promoted", ended.Outcome);

        // The times are the API server's, and no step was shorter by them or by ours, or minutes longer.
        Assert.InRange(tried.Rollout.HoldStartedAt!.Value - start, error - Resolution, error + FaultBed.Patience);
        var seen = pair.Scene.Recorder.Since(start);
        foreach (var weight in new[] { 25, 50 })
        {
            var first = seen.First(sighting => sighting.Status is { Rollout.HoldStartedAt: not null } status && status.Candidate?.Weight == weight && status.Rollout.Id == tried.Rollout.Id);
            var from = first.Status!.Rollout!.HoldStartedAt!.Value - error is var held && held < first.SeenAt ? held : first.SeenAt;
            var length = seen.First(sighting => sighting.SeenAt > first.SeenAt && sighting.Status?.Candidate?.Weight != weight).SeenAt - from;
            output.WriteLine($"{weight}% for {length.TotalSeconds:0.0} s");
            Assert.InRange(length, Hold - Resolution, FaultBed.Patience);
        }
    }
}
