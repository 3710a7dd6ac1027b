using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.EndToEnd.Faults;

/// <summary>
/// The operator's process is killed (SIGKILL) right behind a write on the real API server, whose answer it never hears, and another one is started. The end is the same,
/// and no step is shorter than it must be. Behind a few writes spread over each story; <c>LLMOPS_FAULTS=all</c> takes all of them.
/// </summary>
[Collection(FaultGroup.Name)]
public sealed class CrashTests(FaultBed bed, ITestOutputHelper output)
{
    private const int Kills = 4;

    private static readonly TimeSpan Hold = TimeSpan.FromSeconds(1);
    private static readonly RolloutStep[] Steps = [new() { Weight = 25, Hold = Hold, MinRequests = 1 }, new() { Weight = 50, Hold = Hold, MinRequests = 1 }];
    private static readonly RolloutStep[] Endless = [new() { Weight = 50, Hold = TimeSpan.FromMinutes(10) }];

    [RealApiServerFact]
    public Task A_promotion_comes_to_the_same_end_whichever_write_the_operator_is_killed_behind() => CheckAsync(PromoteAsync);

    [RealApiServerFact]
    public Task A_revert_comes_to_the_same_end_whichever_write_the_operator_is_killed_behind() => CheckAsync(RevertAsync);

    [RealApiServerFact]
    public async Task A_deletion_in_the_middle_of_a_canary_leaves_nothing_whichever_write_the_operator_is_killed_behind()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        var ct = limit.Token;
        await using var scene = await FaultScene.CreateAsync(bed, ct);
        await using var killed = await ProxiedOperator.StartAsync(bed, scene.Namespace);
        // Its finalizers on the prompts, their stages: all that is left to write.
        for (var k = 1; k <= 2; k++)
        {
            await scene.ServeAsync(ct);
            var prompt = await scene.TryPromptAsync(Endless, ct);
            await scene.UntilTriedAsync(prompt, 50, ct);
            var kill = killed.KillAfterWrite(k);
            await bed.Client.DeleteAsync<LlmDeployment>(scene.Key, ct: ct);
            await kill.Done.WaitAsync(FaultBed.Patience, ct);
            var left = string.Empty;
            await Eventually.TrueAsync(async c => (left = await LeftAsync(scene, c)).Length == 0, FaultBed.Patience, () => $"nothing to be left; there is {left}", ct);
        }
    }

    private async Task CheckAsync(Func<FaultScene, CancellationToken, Task<(string Rollout, string Prompt)>> playAsync)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(15));
        var ct = limit.Token;
        var scene = await bed.SceneAsync(ct);
        await using var killed = await ProxiedOperator.StartAsync(bed, scene.Namespace);
        // The first one has to do with what the test before left; the second one counts.
        await EndAsync(scene, await playAsync(scene, ct), ct);
        var before = killed.Proxy.Writes.Count;
        var expected = await EndAsync(scene, await playAsync(scene, ct), ct);
        var writes = killed.Proxy.Writes.Skip(before).ToList();
        output.WriteLine($"{writes.Count} writes:\n{string.Join('\n', writes)}\n{expected}");
        Assert.InRange(writes.Count, Kills, 40);

        var missed = 0;
        var stride = Environment.GetEnvironmentVariable("LLMOPS_FAULTS") == "all" ? 1 : (writes.Count + Kills - 1) / Kills;
        for (var k = 1; k <= writes.Count; k += stride)
        {
            var kill = killed.KillAfterWrite(k);
            var played = await playAsync(scene, ct);
            await EndAsync(scene, played, ct);
            if (kill.IsReached)
                await kill.Done.WaitAsync(FaultBed.Patience, ct);
            else
                missed++;
            // The operator that was started last may have something to do still.
            var end = string.Empty;
            await Eventually.TrueAsync(
                async c => (end = await DescribeAsync(scene, played.Rollout, played.Prompt, c)) == expected, FaultBed.Patience,
                () => $"the end to be the same after write {k}, {writes[k - 1]}; it is\n{end}\nexpected:\n{expected}\n{killed.LogTail}", ct);
        }

        // Two changes that come close together are one write or two: there may be fewer than there were.
        Assert.InRange(missed, 0, 2);
    }

    private static async Task<(string Rollout, string Prompt)> PromoteAsync(FaultScene scene, CancellationToken ct)
    {
        var prompt = await scene.TryPromptAsync(Steps, ct);
        var tried = await scene.UntilAsync($"{prompt} to be tried", s => s.Candidate?.Prompt == prompt, ct);
        return (tried.Rollout!.Id, prompt);
    }

    private static async Task<(string Rollout, string Prompt)> RevertAsync(FaultScene scene, CancellationToken ct)
    {
        var prompt = await scene.TryPromptAsync(Endless, ct);
        var tried = await scene.UntilTriedAsync(prompt, 50, ct);
        await scene.AbortAsync(ct);
        return (tried.Rollout!.Id, prompt);
    }

    /// <summary>What there is when the rollout is over, without what is random, a time, or left by another rollout.</summary>
    private static async Task<string> EndAsync(FaultScene scene, (string Rollout, string Prompt) played, CancellationToken ct)
    {
        var text = string.Empty;
        // Conditions and stages follow a moment later.
        await scene.UntilEndedAsync(played.Rollout, ct);
        await Eventually.TrueAsync(
            async c =>
            {
                var before = text;
                text = await DescribeAsync(scene, played.Rollout, played.Prompt, c);
                return text == before && scene.Status.Conditions!.Any(condition => condition is { Type: ConditionTypes.Reconciling, Status: "False" }) &&
                    (await scene.ListAsync<PromptVersion>(c)).All(version => version.Status?.Stage != "Candidate");
            },
            FaultBed.Patience, () => $"the end to stay; it is\n{text}", ct);
        return text;
    }

    private static async Task<string> DescribeAsync(FaultScene scene, string rollout, string prompt, CancellationToken ct)
    {
        var status = scene.Status;
        var record = Assert.Single(await scene.ListAsync<RolloutRecord>(ct), record => record.Spec.Rollout == rollout).Spec;
        var steps = record.Steps!.Where(step => step.Name.StartsWith("weight", StringComparison.Ordinal) && step.StartedAt is not null).ToList();
        var held = record.Outcome == "Promoted" ? Steps.Length : 0;
        Assert.All(steps.Take(held), step => Assert.True(step.EndedAt - step.StartedAt >= Hold, $"{step.Name} was from {step.StartedAt:O} to {step.EndedAt:O}"));
        return string.Join('\n',
        [
            $"phase {status.Phase}, stable is the new one: {status.Stable!.Prompt == prompt}, {status.Stable.Weight}%, replicas {status.Replicas}",
            $"recorded {record.Outcome} {record.Reason} {record.MaxWeight}%, steps {string.Join(", ", steps.Select(step => step.Name))}, in the history {status.History!.Count(entry => entry.Id == rollout)}",
            $"locked {status.FailedReleases?.Any(failed => failed.Release == record.Candidate.Release) ?? false}",
            $"conditions {string.Join(", ", status.Conditions!.Select(condition => $"{condition.Type} {condition.Status} {condition.Reason}"))}",
            $"deployments {string.Join(", ", (await scene.ListAsync<Deployment>(ct)).Select(deployment => $"{deployment.Metadata.Name} {deployment.Spec!.Replicas}"))}",
            $"services {string.Join(", ", (await scene.ListAsync<Service>(ct)).Select(service => service.Metadata.Name))}",
            $"stage {(await scene.ListAsync<PromptVersion>(ct)).Single(version => version.Metadata.Name == prompt).Status?.Stage}",
        ]);
    }

    private static async Task<string> LeftAsync(FaultScene scene, CancellationToken ct) => string.Join(", ",
    [
        .. await NamesAsync<LlmDeployment>(scene, ct), .. await NamesAsync<Deployment>(scene, ct), .. await NamesAsync<Service>(scene, ct), .. await NamesAsync<Pod>(scene, ct),
        .. await NamesAsync<ControllerRevision>(scene, ct), .. await NamesAsync<RolloutRecord>(scene, ct), .. await NamesAsync<PodDisruptionBudget>(scene, ct),
        .. (await scene.ListAsync<PromptVersion>(ct)).Where(prompt => prompt.Metadata.Finalizers is { Count: > 0 }).Select(prompt => $"the finalizer of {prompt.Metadata.Name}"),
    ]);

    private static async Task<IEnumerable<string>> NamesAsync<T>(FaultScene scene, CancellationToken ct)
        where T : class, IResource<T> => (await scene.ListAsync<T>(ct)).Select(one => $"{T.ResourceKind.Kind} {one.Metadata.Name}");
}
