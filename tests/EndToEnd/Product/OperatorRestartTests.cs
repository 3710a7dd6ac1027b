using LlmOps.Demo.Stories;
using LlmOps.Kubernetes;
using Xunit;

namespace LlmOps.EndToEnd.Product;

/// <summary>The operator is killed, not stopped: no lease is released and nothing is tidied up.</summary>
[Collection(ProductCollection.Name)]
public sealed class OperatorRestartTests(ProductFixture product)
{
    private const string OperatorNamespace = "llmops-system";

    [RealApiServerFact]
    public async Task Killing_the_operator_in_the_canary_of_the_unstable_model_changes_nothing_in_the_outcome()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        await using var scene = await product.ServeAsync(Samples.FirstRelease, limit.Token);
        await using var users = scene.Users(50);
        var stage = scene.With(users);
        var before = scene.Recorder.Latest!.Status!;

        var play = new UnstableModel().PlayAsync(stage, limit.Token);
        var at5 = await scene.Recorder.WaitAsync("the candidate to get its first weight", s => s.Candidate?.Weight > 0, ProductFixture.Patience, limit.Token);
        var restarts = await KillOperatorAsync(limit.Token);
        var outcome = await play;

        Assert.Empty(outcome.Problems);
        Assert.True(await RestartsAsync(limit.Token) > restarts, "the operator was not started again: the story ended without a restart");
        var status = scene.Recorder.Latest!.Status!;
        Assert.Equal(before.Stable!.Release, status.Stable!.Release);
        Assert.Equal(at5.Status!.Rollout!.Id, status.Rollout!.Id);
        Assert.Equal(at5.Status.Rollout.StartedAt, status.Rollout.StartedAt);
        AssertNoStepWasShorterThanAsked(scene.Recorder, status.Rollout.Id);
    }

    private static void AssertNoStepWasShorterThanAsked(DeploymentRecorder recorder, string rollout)
    {
        var seen = recorder.Since(DateTimeOffset.MinValue).Where(s => s.Status?.Rollout?.Id == rollout && s.Status.Candidate is not null).ToList();
        var at5 = seen.First(s => s.Status!.Candidate!.Weight == 5);
        var at25 = seen.First(s => s.Status!.Candidate!.Weight == 25);
        Assert.True(
            at25.Status!.Rollout!.StepStartedAt - at5.Status!.Rollout!.HoldStartedAt >= TimeSpan.FromSeconds(5),
            $"5 % was held from {at5.Status.Rollout.HoldStartedAt} to {at25.Status.Rollout.StepStartedAt}, less than 5 s");
    }

    /// <summary>Kills every replica at once: a stand-by must not save the day.</summary>
    private async Task<int> KillOperatorAsync(CancellationToken ct)
    {
        var restarts = await RestartsAsync(ct);
        foreach (var pod in await OperatorPodsAsync(ct))
            Assert.True(product.Cluster.Nodes!.Failures.KillProcesses(OperatorNamespace, pod.Metadata.Name!), $"{pod.Metadata.Name} has no process to kill");
        return restarts;
    }

    private async Task<int> RestartsAsync(CancellationToken ct) =>
        (await OperatorPodsAsync(ct)).Sum(p => p.Status?.ContainerStatuses?.Sum(c => c.RestartCount) ?? 0);

    private async Task<IReadOnlyList<Pod>> OperatorPodsAsync(CancellationToken ct) =>
        [.. (await product.Client.ListAsync<Pod>(OperatorNamespace, ct: ct)).Items.Where(p => p.Metadata.Name!.StartsWith("llmops-operator", StringComparison.Ordinal))];
}
