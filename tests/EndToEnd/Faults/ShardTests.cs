using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.EndToEnd.Faults;

/// <summary>Two operators as processes that share shards, by leases on the real API server.</summary>
[Collection(FaultGroup.Name)]
public sealed class ShardTests(FaultBed bed)
{
    private const int Shards = 4;
    private static readonly RolloutStep[] Endless = [new() { Weight = 50, Hold = TimeSpan.FromMinutes(10) }];

    /// <summary>Not so short that a slow machine makes leases change hands all the time.</summary>
    private static readonly IReadOnlyList<string> Flags = ["--shards", $"{Shards}", "--lease-duration", "6", "--lease-renew-deadline", "5", "--lease-retry-period", "0.5"];

    [RealApiServerFact]
    public async Task The_shard_of_a_replica_that_is_killed_in_the_middle_of_a_canary_is_taken_over()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(6));
        var ct = limit.Token;
        var scene = await bed.SceneAsync(ct);
        await using var a = await StartAsync("a", scene);
        await using var b = await StartAsync("b", scene);
        var shared = ShardAssignment.Of(Shards, ["a", "b"]);
        Assert.Equal(2, shared.Count(holder => holder == "a"));
        await UntilHeldAsync(scene, shared, ct);

        var prompt = await scene.TryPromptAsync(Endless, ct);
        var tried = await scene.UntilTriedAsync(prompt, 50, ct);
        var holder = shared[new ShardMap(Shards).Of(scene.Namespace)];
        var (dead, survivor) = holder == "a" ? (a, "b") : (b, "a");
        await dead.KillAsync();
        await scene.AbortAsync(ct);
        Assert.Equal(Reasons.Aborted, (await scene.UntilEndedAsync(tried.Rollout!.Id, ct)).Reason);
        await UntilHeldAsync(scene, [.. Enumerable.Repeat(survivor, Shards)], ct);
    }

    [RealApiServerFact]
    public async Task While_the_number_of_shards_is_changed_only_those_of_one_number_lead()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(6));
        var ct = limit.Token;
        var scene = await bed.SceneAsync(ct);
        await using var a = await StartAsync("a", scene);
        await UntilHeldAsync(scene, [.. Enumerable.Repeat("a", Shards)], ct);
        await using var one = await OperatorProcess.StartAsync("one", bed.Accounts.OperatorKubeconfig, scene.Namespace, ["--shards", "1", .. Flags.Skip(2)]);
        await Eventually.TrueAsync(() => one.LogTail.Contains($"of {Shards} shards, and this process knows 1", StringComparison.Ordinal), FaultBed.Patience, () => $"the new one to wait:\n{one.LogTail}");
        Assert.Null(await bed.Client.GetAsync<Lease>(new(scene.Namespace, "llmops-operator"), ct));

        var prompt = await scene.TryPromptAsync(Endless, ct);
        var tried = await scene.UntilTriedAsync(prompt, 50, ct);
        await a.KillAsync();
        await scene.AbortAsync(ct);
        Assert.Equal(Reasons.Aborted, (await scene.UntilEndedAsync(tried.Rollout!.Id, ct)).Reason);
        Assert.Equal("one", (await bed.Client.GetAsync<Lease>(new(scene.Namespace, "llmops-operator"), ct))?.Spec?.HolderIdentity);
    }

    private Task<OperatorProcess> StartAsync(string identity, FaultScene scene) => OperatorProcess.StartAsync(identity, bed.Accounts.OperatorKubeconfig, scene.Namespace, Flags);

    private async Task UntilHeldAsync(FaultScene scene, IReadOnlyList<string?> expected, CancellationToken ct)
    {
        string?[] held = [];
        await Eventually.TrueAsync(
            async c =>
            {
                var leases = await Task.WhenAll(Enumerable.Range(0, Shards).Select(shard => bed.Client.GetAsync<Lease>(new(scene.Namespace, $"llmops-operator-{shard}"), c)));
                held = [.. leases.Select(lease => lease?.Spec?.HolderIdentity)];
                return held.SequenceEqual(expected);
            },
            FaultBed.Patience,
            () => $"the shards to be held by {string.Join(", ", expected)}, not {string.Join(", ", held)}",
            ct);
    }
}
