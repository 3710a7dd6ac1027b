using System.Collections.Concurrent;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Scenarios;

/// <summary>What a change of the spec leads to, with the whole operator over a real API.</summary>
public sealed class CanaryTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_better_release_is_promoted_by_role_swap_and_no_pod_is_started_twice()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        var first = world.Get().Status!.Stable!;

        await world.ApplyAsync(Samples.Canary("v2"));
        var promoted = await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable: { } stable } && stable.Release != first.Release, "v2 is stable");
        await world.UntilAsync(
            deployment => deployment.Status!.Retiring is null && world.EnginePods.Count == 2 && world.All<Service>("services").Count == 1, "what v1 needed is gone");

        Assert.Equal("v2", promoted.Status!.Stable!.Revision);
        Assert.Equal(100, promoted.Status.Stable.Weight);
        // Two pods of v1 and two of v2: none of v2's was made again for the promotion.
        Assert.Equal(4, world.Nodes.Created);
        Assert.All(world.EnginePods, pod => Assert.Equal(Tracks.Stable, pod.Metadata.Labels![Labels.Track]));
        Assert.Equal(["Promoted", "Promoted"], world.Get().Status!.History!.Select(record => record.Outcome));
        Assert.Single(world.All<Deployment>("deployments.apps"));
    }

    [Fact]
    public async Task A_change_is_answered_by_a_write_at_once_and_its_author_is_on_record()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        await world.QuietAsync();
        var asked = new ConcurrentQueue<ApiRequest>();
        using var record = world.Server.Faults.Choose(request =>
        {
            if (TestWorld.IsFromOperator(request) && request.Plural != "leases")
                asked.Enqueue(request);
            return null;
        });
        await world.ApplyAsync(Samples.Canary("v2"));
        var started = await world.UntilAsync(deployment => deployment.Status is { Candidate.Revision: "v2" }, "v2 is tried");

        // Nothing is asked for before: the snapshot of the release, then the status.
        Assert.Equal([("create", "controllerrevisions"), ("patch", "llmdeployments")], asked.Take(2).Select(request => (request.Verb, request.Plural)));
        Assert.Equal("user (Apply)", started.Status!.Rollout!.Actor);
    }

    [Fact]
    public async Task No_request_reaches_a_candidate_before_its_gate_passed_and_a_pod_answered_a_warm_up_request()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        world.Nodes.Jobs = _ => JobFate.Run;
        world.Engine.FailsToGenerate = true;
        var warmUps = world.Engine.Generations;

        await world.ApplyAsync(Samples.Canary("v2"));
        var silent = await world.UntilAsync(
            deployment => deployment.Status is { Rollout.Reason: Reasons.WaitingForWarmUp } status && status.Conditions!.Any(condition => condition is { Type: ConditionTypes.Stalled, Status: "True" }),
            "the warm-up fails");
        AssertCondition(silent, ConditionTypes.Stalled, "True", Reasons.CandidateUnavailable);
        Assert.True(world.Engine.Generations > warmUps);
        Assert.DoesNotContain(world.All<EvalRun>("evalruns.llmops.dev"), run => run.Spec.Candidate.Release == world.Get().Status!.Candidate!.Release);

        world.Engine.FailsToGenerate = false;
        var waiting = await world.UntilAsync(deployment => deployment.Status?.Rollout?.Reason == Reasons.WaitingForGate, "it waits for the gate");
        Assert.Equal(0, waiting.Status!.Candidate!.Weight);
        Assert.Equal(100, waiting.Status.Stable!.Weight);

        world.Nodes.Jobs = _ => JobFate.Pass;
        await world.UntilAsync(deployment => deployment.Status?.Candidate?.Weight > 0, "traffic begins");
    }

    [Fact]
    public async Task A_release_gets_requests_only_once_its_Service_lists_its_pods_also_by_a_rollback_to_100_percent()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        var first = world.Get().Status!.Stable!;

        world.Nodes.Lists = service => service.Metadata.Name == first.Service;
        await world.ApplyAsync(Samples.Canary("v2"));
        var waiting = await world.UntilAsync(deployment => deployment.Status?.Rollout?.Reason == Reasons.WaitingForEndpoints, "its Service lists nobody");
        Assert.Equal((0, 100), (waiting.Status!.Candidate!.Weight, waiting.Status.Stable!.Weight));
        Assert.DoesNotContain(world.All<EvalRun>("evalruns.llmops.dev"), run => run.Spec.Candidate.Release == waiting.Status.Candidate.Release);
        world.Nodes.Lists = _ => true;
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2", Retiring: null } && world.EnginePods.Count == 2, "v2 is stable, and the pods of v1 are gone");

        world.Nodes.Lists = service => service.Metadata.Name != first.Service;
        await world.Client.CreateAsync(ActionTests.Action("Rollback", first.Release, "bot"), CancellationToken.None);
        var back = await world.UntilAsync(deployment => deployment.Status?.Rollout?.Reason == Reasons.WaitingForEndpoints, "the pods of v1 are ready again, and nobody lists them");
        Assert.Equal(("v2", 100, 0), (back.Status!.Stable!.Revision, back.Status.Stable.Weight, back.Status.Candidate!.Weight));
        world.Nodes.Lists = _ => true;
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v1" }, "v1 is stable");
        world.Invariants.Check();
    }

    [Fact]
    public async Task Traffic_moves_only_to_pods_that_are_there_and_pods_go_only_after_their_traffic()
    {
        // InvariantWatch looks after each write: a track with traffic has pods.
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        world.Nodes.Pods = deployment => deployment.Spec!.Template!.Spec!.Containers[0].Args!.Contains("v2") ? PodFate.Starting : PodFate.Ready;
        await world.ApplyAsync(Samples.Canary("v2"));
        var waiting = await world.UntilAsync(deployment => deployment.Status?.Rollout?.Reason == Reasons.WaitingForPods, "it waits for pods");
        Assert.Equal(0, waiting.Status!.Candidate!.Weight);

        world.Nodes.Pods = _ => PodFate.Ready;
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2" }, "v2 is stable");
        world.Invariants.Check();
    }

    [Fact]
    public async Task A_candidate_whose_gate_fails_never_serves_and_is_locked()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        world.Nodes.Jobs = _ => JobFate.Fail;
        await world.ApplyAsync(Samples.Canary("v2"));
        var locked = await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1 }, "v2 is locked");

        Assert.Equal("v1", locked.Status!.Stable!.Revision);
        Assert.Equal(0, locked.Status.History![0].MaxWeight);
        Assert.Equal(Reasons.GateFailed, locked.Status.FailedReleases![0].Reason);
        AssertCondition(locked, ConditionTypes.GatePassed, "False", Reasons.GateFailed);
    }

    [Fact]
    public async Task A_locked_release_is_not_tried_again_until_the_spec_changes()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        world.Nodes.Jobs = _ => JobFate.Fail;
        await world.ApplyAsync(Samples.Canary("v2"));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1 }, "v2 is locked");
        world.Nodes.Jobs = _ => JobFate.Pass;

        // Another generation with the same release: locked all the same, also for an operator that starts anew.
        await world.StopOperatorAsync();
        world.StartOperator();
        await world.ApplyAsync(Samples.Canary("v2", replicas: 3));
        var still = await world.UntilAsync(deployment => deployment.Status is { Candidate: null } status && status.ObservedGeneration == deployment.Metadata.Generation, "the new generation is seen");
        AssertCondition(still, ConditionTypes.Stalled, "True", Reasons.ReleaseLocked);
        Assert.Equal(2, still.Status!.History!.Count);

        await world.ApplyAsync(Samples.Canary("v3", replicas: 3));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v3" }, "v3 is stable");
    }

    [Fact]
    public async Task A_candidate_that_fails_requests_is_reverted_by_the_live_test_and_stable_keeps_its_pods()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        var pods = world.EnginePods.Select(pod => pod.Metadata.Uid).ToHashSet();
        world.Gateway.CandidateErrorRate = 0.3;
        await world.ApplyAsync(Samples.Canary("v2"));
        var reverted = await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1 }, "v2 is reverted");

        Assert.Equal(Reasons.LiveTestFailed, reverted.Status!.FailedReleases![0].Reason);
        Assert.Equal(100, reverted.Status.Stable!.Weight);
        Assert.Contains(reverted.Status.Rollout!.Verdicts!, verdict => verdict is { Name: "live/errors", Verdict: Verdicts.Fail });
        await TestWorld.UntilAsync(() => world.EnginePods.Count == 2, "the candidate's pods are gone");
        Assert.Equal(pods, world.EnginePods.Select(pod => pod.Metadata.Uid).ToHashSet());
    }

    [Fact]
    public async Task A_better_prompt_is_promoted_on_the_same_pods_and_the_old_one_is_let_go()
    {
        await using var world = await TestWorld.StartAsync(output.WriteLine, time: new ManualTime(TimeProvider.System.GetUtcNow()));
        await world.ApplyAsync(Samples.AsApplied(Samples.Gate()));
        await world.ApplyAsync(Samples.AsApplied(Samples.Prompt("support-1.0.0")));
        await world.ApplyAsync(Samples.AsApplied(Samples.Prompt("support-1.1.0", "Answer kindly: {{query}}")));
        await world.ApplyAsync(Samples.Canary("v1", prompt: "support-1.0.0"));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Prompt: "support-1.0.0" }, "the first release serves");
        await world.UntilAsync(() => IsHeld(world, "support-1.0.0"), () => "the prompt that serves is held");

        await world.ApplyAsync(Samples.Canary("v1", prompt: "support-1.1.0"));
        var promoted = await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Prompt: "support-1.1.0" }, "the new prompt serves");
        Assert.Equal(2, world.Nodes.Created);
        Assert.Equal(["Promoted", "Promoted"], promoted.Status!.History!.Select(record => record.Outcome));
        await world.UntilAsync(() => IsHeld(world, "support-1.1.0") && !IsHeld(world, "support-1.0.0"), () => "the finalizer moves");
        await world.UntilAsync(() => world.Find<PromptVersion>("promptversions.llmops.dev", "support-1.0.0")!.Status!.Stage == "Archived", () => "the old prompt is archived");
    }

    [Fact]
    public async Task Another_spec_in_the_middle_of_a_canary_starts_over_at_weight_0_and_stable_stays()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        await world.ApplyAsync(Slow("v2"));
        await world.UntilAsync(deployment => deployment.Status?.Candidate?.Weight == 25, "v2 has traffic");
        var before = world.Get().Status!;
        world.Nodes.Jobs = _ => JobFate.Run;

        await world.ApplyAsync(Slow("v3"));
        var after = await world.UntilAsync(deployment => deployment.Status?.Candidate?.Revision == "v3", "v3 is tried");
        Assert.Equal(0, after.Status!.Candidate!.Weight);
        Assert.Equal("v1", after.Status.Stable!.Revision);
        Assert.NotEqual(before.Rollout!.Id, after.Status.Rollout!.Id);
        Assert.Equal("Superseded", after.Status.History![0].Outcome);
        await TestWorld.UntilAsync(() => world.All<Deployment>("deployments.apps").Count == 2, "v2's pods are gone");
    }

    [Fact]
    public async Task Stables_own_spec_in_the_middle_of_a_canary_reverts_at_once_and_locks_nothing()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        await world.ApplyAsync(Slow("v2"));
        await world.UntilAsync(deployment => deployment.Status?.Candidate?.Weight == 25, "v2 has traffic");

        await world.ApplyAsync(Slow("v1"));
        var reverted = await world.UntilAsync(deployment => deployment.Status?.Candidate is null, "stable serves alone");
        Assert.Equal("v1", reverted.Status!.Stable!.Revision);
        Assert.Equal(Reasons.SpecReverted, reverted.Status.History![0].Reason);
        Assert.Null(reverted.Status.FailedReleases);
    }

    [Fact]
    public async Task A_metric_source_that_is_down_or_quiet_holds_the_weight_and_never_promotes()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        world.Gateway.IsQuiet = true;
        await world.ApplyAsync(Samples.Canary("v2"));
        await world.UntilAsync(deployment => deployment.Status?.Rollout?.Reason == Reasons.WaitingForRequests, "it waits for requests");
        world.Gateway.IsDown = true;
        var held = await world.UntilAsync(deployment => deployment.Status?.Rollout?.Reason == Reasons.WaitingForMetrics, "it waits for the metrics");
        Assert.Equal(25, held.Status!.Candidate!.Weight);
        Assert.NotNull(held.Status.Rollout!.Deadline);

        (world.Gateway.IsDown, world.Gateway.IsQuiet) = (false, false);
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2" }, "v2 is stable");
    }

    private static LlmDeployment Slow(string revision) =>
        Samples.Canary(revision, steps: [new RolloutStep { Gate = "quality" }, new RolloutStep { Weight = 25, Hold = TimeSpan.FromMinutes(5) }]);

    private static bool IsHeld(TestWorld world, string prompt) =>
        world.Find<PromptVersion>("promptversions.llmops.dev", prompt)!.Metadata.Finalizers?.Contains(Finalizers.PromptInUse) == true;

    internal static void AssertCondition(LlmDeployment deployment, string type, string status, string reason)
    {
        var condition = Assert.Single(deployment.Status!.Conditions!, condition => condition.Type == type);
        Assert.Equal((status, reason), (condition.Status, condition.Reason));
        Assert.Equal(deployment.Metadata.Generation, condition.ObservedGeneration);
    }
}
