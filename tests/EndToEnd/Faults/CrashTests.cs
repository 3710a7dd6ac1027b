using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.EndToEnd.Faults;

/// <summary>
/// The operator's process is killed (SIGKILL) right behind a write on the real API server, whose answer it never hears, and another one is started. The end is the same,
/// and no step is shorter than it must be. Behind a few writes spread over each story, others each day (<see cref="FaultSlice"/>); <c>make faults</c> takes all of them.
/// </summary>
[Collection(FaultGroup.Name)]
public sealed class CrashTests(FaultBed bed, ITestOutputHelper output)
{
    private const int Kills = 4;

    private const string Bad = "v4-unstable";

    private static readonly TimeSpan Hold = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Bake = TimeSpan.FromSeconds(2);
    private static readonly RolloutStep[] Steps = [new() { Weight = 25, Hold = Hold, MinRequests = 1 }, new() { Weight = 50, Hold = Hold, MinRequests = 1 }];
    private static readonly RolloutStep[] Endless = [new() { Weight = 50, Hold = TimeSpan.FromMinutes(10) }];
    private static readonly (string Step, TimeSpan Length)[] Held = [("weight 25%", Hold), ("weight 50%", Hold)];

    [RealApiServerFact]
    public async Task A_promotion_of_a_prompt_comes_to_the_same_end_whichever_write_the_operator_is_killed_behind() => await CheckAsync(await SharedAsync(), PromptAsync, Held);

    [RealApiServerFact]
    public async Task A_revert_that_is_asked_for_comes_to_the_same_end_whichever_write_the_operator_is_killed_behind() =>
        await CheckAsync(await SharedAsync(), AbortAsync, [("weight 50%", TimeSpan.Zero)]);

    [RealApiServerFact]
    public Task A_model_with_gate_weights_and_bake_is_promoted_whichever_write_the_operator_is_killed_behind() => CheckOwnAsync(PromoteAsync, [.. Held, ("bake", Bake)]);

    [RealApiServerFact]
    public Task A_model_that_fails_its_users_is_reverted_and_locked_whichever_write_the_operator_is_killed_behind() =>
        CheckOwnAsync(RevertAsync, [("weight 25%", Hold), ("weight 50%", TimeSpan.Zero)]);

    [RealApiServerFact]
    public async Task A_deletion_in_the_middle_of_a_canary_leaves_nothing_whichever_write_the_operator_is_killed_behind()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(15));
        var ct = limit.Token;
        await using var scene = await FaultScene.CreateAsync(bed, ct);
        await using var killed = await ProxiedOperator.StartAsync(bed, scene.Namespace);
        var writes = new List<ProxiedRequest>();
        async Task PlayAsync(int k)
        {
            await scene.ServeAsync(ct);
            var before = killed.Proxy.Writes.Count;
            var kill = killed.KillAfterWrite(k);
            var prompt = await scene.TryNewAsync(Bad, Endless, null, ct);
            await scene.UntilTriedAsync(prompt, 50, ct);
            await bed.Client.DeleteAsync<LlmDeployment>(scene.Key, ct: ct);
            var left = string.Empty;
            await Eventually.TrueAsync(async c => (left = await LeftAsync(scene, c)).Length == 0, FaultBed.Patience, () => $"nothing to be left after write {k}; there is {left}", ct);
            if (kill.IsReached)
                await kill.Done.WaitAsync(FaultBed.Patience, ct);
            else if (writes.Count > 0)
                Assert.InRange(k, Latest(writes.Count), writes.Count);
            else
                writes = [.. killed.Proxy.Writes.Skip(before)];
        }

        await PlayAsync(int.MaxValue);
        output.WriteLine($"{writes.Count} writes, {FaultSlice.Description}:\n{string.Join('\n', writes)}");
        foreach (var k in Chosen(writes.Count))
            await PlayAsync(k);
    }

    /// <summary>Of so many writes, those that an operator is killed behind.</summary>
    private static IEnumerable<int> Chosen(int writes)
    {
        Assert.InRange(writes, Kills, 80);
        return Enumerable.Range(1, writes).Where(k => FaultSlice.Has(k, (writes + Kills - 1) / Kills));
    }

    /// <summary>Two changes that come close together are one write or two: the last ones need not be reached each time.</summary>
    private static int Latest(int writes) => writes - (writes / 5);

    private async Task<FaultScene> SharedAsync()
    {
        using var limit = new CancellationTokenSource(FaultBed.Patience);
        return await bed.SceneAsync(limit.Token);
    }

    private async Task CheckOwnAsync(Func<FaultScene, CancellationToken, Task<(string Rollout, string Prompt)>> playAsync, IReadOnlyList<(string Step, TimeSpan Length)> steps)
    {
        await using var scene = await FaultScene.CreateAsync(bed, CancellationToken.None);
        await scene.GateAsync(CancellationToken.None);
        await using (await OperatorProcess.StartAsync("first", bed.Accounts.OperatorKubeconfig, scene.Namespace))
            await scene.ServeAsync(CancellationToken.None);
        await CheckAsync(scene, playAsync, steps);
    }

    private async Task CheckAsync(FaultScene scene, Func<FaultScene, CancellationToken, Task<(string Rollout, string Prompt)>> playAsync, IReadOnlyList<(string Step, TimeSpan Length)> steps)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(FaultSlice.IsAll ? 60 : 15));
        var ct = limit.Token;
        await using var killed = await ProxiedOperator.StartAsync(bed, scene.Namespace);
        // The first one has to do with what the test before left; the second one counts.
        await EndAsync(scene, await playAsync(scene, ct), ct);
        var before = killed.Proxy.Writes.Count;
        var first = await playAsync(scene, ct);
        var expected = await EndAsync(scene, first, ct);
        CheckSteps(scene, first.Rollout, steps);
        var writes = killed.Proxy.Writes.Skip(before).ToList();
        output.WriteLine($"{writes.Count} writes, {FaultSlice.Description}:\n{string.Join('\n', writes)}\n{expected}");

        foreach (var k in Chosen(writes.Count))
        {
            var kill = killed.KillAfterWrite(k);
            var played = await playAsync(scene, ct);
            await EndAsync(scene, played, ct);
            if (kill.IsReached)
                await kill.Done.WaitAsync(FaultBed.Patience, ct);
            else
                Assert.InRange(k, Latest(writes.Count), writes.Count);
            // The operator that was started last may have something to do still.
            var end = string.Empty;
            await Eventually.TrueAsync(
                async c => (end = await DescribeAsync(scene, played.Rollout, played.Prompt, c)) == expected, FaultBed.Patience,
                () => $"the end to be the same after write {k}, {writes[k - 1]}; it is\n{end}\nexpected:\n{expected}\n{killed.LogTail}", ct);
            CheckSteps(scene, played.Rollout, steps);
        }
    }

    private static async Task<(string Rollout, string Prompt)> PromptAsync(FaultScene scene, CancellationToken ct) =>
        await StartedAsync(scene, await scene.TryPromptAsync(Steps, ct), ct);

    private static async Task<(string Rollout, string Prompt)> AbortAsync(FaultScene scene, CancellationToken ct)
    {
        var prompt = await scene.TryPromptAsync(Endless, ct);
        var tried = await scene.UntilTriedAsync(prompt, 50, ct);
        await scene.AbortAsync(ct);
        return (tried.Rollout!.Id, prompt);
    }

    /// <summary>There and back again: what is stable is never tried.</summary>
    private static async Task<(string Rollout, string Prompt)> PromoteAsync(FaultScene scene, CancellationToken ct) =>
        await StartedAsync(scene, await scene.TryNewAsync(scene.Status.Stable!.Revision == "v1" ? "v2" : "v1", [new() { Gate = "brief" }, .. Steps], Bake, ct), ct);

    private static async Task<(string Rollout, string Prompt)> RevertAsync(FaultScene scene, CancellationToken ct)
    {
        var prompt = await scene.TryNewAsync(Bad, [new() { Gate = "brief" }, Steps[0], Endless[0]], null, ct);
        var tried = await scene.UntilTriedAsync(prompt, 50, ct);
        await FaultScene.FailAsync(await scene.PodsAsync(tried.Candidate!, ct), ct);
        return (tried.Rollout!.Id, prompt);
    }

    private static async Task<(string Rollout, string Prompt)> StartedAsync(FaultScene scene, string prompt, CancellationToken ct)
    {
        var tried = await scene.UntilAsync($"{prompt} to be tried", s => s.Candidate?.Prompt == prompt, ct);
        return (tried.Rollout!.Id, prompt);
    }

    /// <summary>
    /// That there were these steps, and that none was shorter than its hold: from when it began by the status, at the latest when it was first seen, to when another was seen.
    /// </summary>
    private static void CheckSteps(FaultScene scene, string rollout, IReadOnlyList<(string Step, TimeSpan Length)> least)
    {
        var seen = new List<(string Name, DateTimeOffset HeldSince, DateTimeOffset? To)>();
        foreach (var (at, deployment) in scene.Recorder.Since(DateTimeOffset.MinValue))
        {
            var now = deployment.Status is { Candidate.Weight: > 0, Rollout: { } current } && current.Id == rollout ? current : null;
            var name = now?.StepName ?? now?.Phase;
            var since = now?.HoldStartedAt < at ? now.HoldStartedAt.Value : at;
            if (seen is [.., (var last, var before, null)])
                seen[^1] = last == name ? (last, since, null) : (last, before, at);
            if (name is not null && seen is not [.., (_, _, null)])
                seen.Add((name, since, null));
        }

        var held = seen.Where(step => step.Name != "promotion").ToList();
        Assert.True(
            held.Count == least.Count && held.Zip(least).All(pair => pair.First.Name.StartsWith(pair.Second.Step, StringComparison.Ordinal) && pair.First.To - pair.First.HeldSince >= pair.Second.Length),
            $"steps were {string.Join(", ", held.Select(step => $"{step.Name} {(step.To - step.HeldSince)?.TotalSeconds:0.###} s"))}, expected {string.Join(", ", least.Select(step => $"{step.Step} {step.Length.TotalSeconds} s or more"))}");
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
                return text == before && text.Contains(", replicas 1\n", StringComparison.Ordinal) && text.Contains($"{ConditionTypes.Reconciling} False", StringComparison.Ordinal) &&
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
        string Mine(string? name) => name?.StartsWith(status.Stable!.Service, StringComparison.Ordinal) == true ? $"stable{name[status.Stable.Service.Length..]}" : $"{name}";
        return string.Join('\n',
        [
            $"phase {status.Phase}, stable is the new one: {status.Stable!.Prompt == prompt}, {status.Stable.Weight}%, replicas {status.Replicas}",
            $"recorded {record.Outcome} {record.Reason} {record.MaxWeight}%, steps {string.Join(", ", steps.Select(step => step.Name))}, in the history {status.History!.Count(entry => entry.Id == rollout)}",
            $"runs {string.Join(", ", (await scene.ListAsync<EvalRun>(ct)).Where(run => run.Spec.Rollout == rollout).Select(run => run.Status?.Verdict))}",
            $"locked {status.FailedReleases?.Any(failed => failed.Release == record.Candidate.Release) ?? false}",
            $"conditions {string.Join(", ", status.Conditions!.Select(condition => $"{condition.Type} {condition.Status} {condition.Reason}"))}",
            $"deployments {string.Join(", ", (await scene.ListAsync<Deployment>(ct)).Select(deployment => $"{Mine(deployment.Metadata.Name)} {deployment.Spec!.Replicas}"))}",
            $"services {string.Join(", ", (await scene.ListAsync<Service>(ct)).Select(service => Mine(service.Metadata.Name)))}",
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
