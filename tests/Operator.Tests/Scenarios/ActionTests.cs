using System.Text.Json;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Controllers;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Scenarios;

/// <summary>What people do with RolloutActions, with the whole operator over a real API.</summary>
public sealed class ActionTests(ITestOutputHelper output)
{
    [Fact]
    public async Task An_approval_is_asked_for_with_a_command_and_only_the_release_that_was_looked_at_moves_on()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        await world.ApplyAsync(Samples.Canary("v2", steps: [new RolloutStep { Weight = 25, Hold = TimeSpan.FromMilliseconds(100) }, new RolloutStep { Approve = new ApproveSpec() }]));
        var waiting = await world.UntilAsync(deployment => deployment.Status?.Rollout?.Reason == Reasons.AwaitingApproval, "it waits for an approval");
        var reconciling = Assert.Single(waiting.Status!.Conditions!, condition => condition.Type == ConditionTypes.Reconciling);
        Assert.Equal(Reasons.AwaitingApproval, reconciling.Reason);
        Assert.Contains("kubectl create -n default -f -", reconciling.Message, StringComparison.Ordinal);
        Assert.Contains($"\"release\":\"{waiting.Status.Candidate!.Release}\"", reconciling.Message, StringComparison.Ordinal);
        CanaryTests.AssertCondition(waiting, ConditionTypes.Stalled, "False", Reasons.NoRollout);

        var wrong = await ActAsync(world, "Approve", waiting.Status.Stable!.Release);
        Assert.Equal(RolloutActionPhases.Refused, wrong.Status!.Phase);
        Assert.Contains("is not being tried", wrong.Status.Message, StringComparison.Ordinal);
        Assert.Equal(25, world.Get().Status!.Candidate!.Weight);

        var right = await ActAsync(world, "Approve", waiting.Status.Candidate.Release);
        Assert.Equal(RolloutActionPhases.Applied, right.Status!.Phase);
        Assert.Contains(right.Status.Conditions!, condition => condition is { Type: ConditionTypes.Ready, Status: "True" });
        Assert.Equal(world.Get().Metadata.Uid, Assert.Single(right.Metadata.OwnerReferences!).Uid);
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2" }, "v2 is stable");
        Assert.Contains(world.Logger.Lines, line => line.Message.Contains("approved at 25% by alice", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_abort_locks_what_the_spec_still_asks_for_and_a_retry_starts_it_again()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        await world.ApplyAsync(Slow("v2"));
        await world.UntilAsync(deployment => deployment.Status?.Candidate?.Weight == 25, "v2 has traffic");

        await ActAsync(world, "Abort", null);
        var aborted = await world.UntilAsync(deployment => deployment.Status?.Candidate is null, "stable serves alone");
        Assert.Equal(Reasons.Aborted, Assert.Single(aborted.Status!.FailedReleases!).Reason);
        CanaryTests.AssertCondition(aborted, ConditionTypes.Stalled, "True", Reasons.ReleaseLocked);
        var record = await RecordOfLastAsync(world);
        var asked = Assert.Single(record.Actions!);
        Assert.Equal(("Abort", "Applied", Reasons.Aborted), (asked.Action, asked.Outcome, record.Reason));
        Assert.Contains(record.Timeline!, moment => moment.Reason == Reasons.ActionApplied && moment.Message.StartsWith($"Abort by {asked.By} (", StringComparison.Ordinal));
        await world.ApplyAsync(Slow("v2"));
        await world.QuietAsync();
        Assert.Null(world.Get().Status!.Candidate);

        var retry = await ActAsync(world, "Retry", null);
        Assert.Equal(RolloutActionPhases.Applied, retry.Status!.Phase);
        await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 25, FailedReleases: null }, "v2 has traffic again");
    }

    [Fact]
    public async Task A_rollback_brings_the_old_release_back_and_the_spec_does_not_fight_it()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        var first = world.Get().Status!.Stable!.Release;
        await world.ApplyAsync(Samples.Canary("v2"));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2", Retiring: null }, "v2 is stable and v1's pods are gone");

        var action = await ActAsync(world, "Rollback", first);
        Assert.Equal(RolloutActionPhases.Applied, action.Status!.Phase);
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v1", Retiring: null }, "v1 is stable again");
        var record = await RecordOfLastAsync(world);
        Assert.Equal(("Rollback", "Promoted", "Rollback"), (record.Kind, record.Outcome, Assert.Single(record.Actions!).Action));
        await world.ApplyAsync(Samples.Canary("v2", replicas: 3));
        var still = await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v1" } status && status.ObservedGeneration == deployment.Metadata.Generation, "the spec is seen");
        CanaryTests.AssertCondition(still, ConditionTypes.Stalled, "True", Reasons.ReleaseLocked);
        Assert.Equal(Reasons.RolledBack, Assert.Single(still.Status!.FailedReleases!).Reason);
    }

    [Fact]
    public async Task A_rollback_waits_for_pods_of_its_own_and_does_not_go_by_those_that_the_garbage_collector_has_not_got_to_yet()
    {
        await using var world = await TestWorld.StartAsync(output.WriteLine, time: new ManualTime());
        await world.ApplyAsync(Samples.AsApplied(Samples.Gate()));
        await world.ApplyAsync(Samples.Canary("v1"));
        var first = await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable: not null, Retiring: null } && world.EnginePods.Count == 2, "v1 serves");
        var pod = world.EnginePods[0];
        await world.ApplyAsync(Samples.Canary("v2"));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2", Retiring: null }, "v2 is stable and v1's pods are gone");

        // Their Deployment is gone, and they still are ready and what its Service selects. Without an owner, since this server is faster than any garbage collector.
        foreach (var name in new[] { "left-over-1", "left-over-2" })
            world.Server.Seed(JsonSerializer.SerializeToNode(pod with { Metadata = new() { Name = name, Namespace = Samples.Namespace, Labels = pod.Metadata.Labels } }, Pod.JsonType)!.AsObject());
        await world.Clock!.PassAsync(TimeSpan.FromSeconds(5));
        world.Nodes.Pods = deployment => deployment.Metadata.Name == first.Status!.Stable!.Service ? PodFate.Starting : PodFate.Ready;
        await world.DoAsync(world.Client.CreateAsync(Action("Rollback", first.Status!.Stable!.Release, "bot"), CancellationToken.None));
        await world.UntilAsync(deployment => deployment.Status is { Candidate.Revision: "v1" } && world.EnginePods.Count == 6, "v1 has new pods, which are not ready yet");
        await world.Clock.PassAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(("v2", 0), (world.Get().Status!.Stable!.Revision, world.Get().Status!.Candidate?.Weight));

        world.Nodes.Pods = _ => PodFate.Ready;
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v1" }, "v1 serves again");
    }

    private static async Task<RolloutRecordSpec> RecordOfLastAsync(TestWorld world)
    {
        var named = await world.UntilAsync(deployment => deployment.Status is { History: [{ Record: not null }, ..] }, "the record is written");
        return world.All<RolloutRecord>("rolloutrecords.llmops.dev").Single(record => record.Metadata.Name == named.Status!.History![0].Record).Spec;
    }

    [Fact]
    public async Task An_action_for_nobody_is_refused_and_answered_ones_are_kept_to_the_newest()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        var lost = await ActAsync(world, "Abort", null, deployment: "nobody");
        Assert.Equal((RolloutActionPhases.Refused, "there is no LlmDeployment nobody in namespace default: check the name and create another action"), (lost.Status!.Phase, lost.Status.Message));

        for (var i = 0; i < RolloutActionReconciler.Kept + 3; i++)
            await world.Client.CreateAsync(Action("Resume", null, "bot"), CancellationToken.None);
        await TestWorld.UntilAsync(
            () => world.All<RolloutAction>("rolloutactions.llmops.dev").Where(action => action.Spec.Deployment == "bot").ToList() is { Count: RolloutActionReconciler.Kept } kept && kept.TrueForAll(action => action.Status?.Phase is not null),
            "the oldest are gone");
        await world.QuietAsync();
        Assert.Equal(RolloutActionReconciler.Kept, world.Get().Status!.Actions!.Count);
    }

    [Fact]
    public async Task Gates_of_a_step_run_at_the_same_time_and_all_must_pass()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        await world.ApplyAsync(Samples.AsApplied(Samples.Gate("safety")));
        world.Nodes.Jobs = run => run.Spec.Gate == "safety" ? JobFate.Run : JobFate.Pass;
        await world.ApplyAsync(Samples.Canary("v2", steps: [new RolloutStep { Gates = ["quality", "safety"] }, new RolloutStep { Weight = 25, Hold = TimeSpan.FromMinutes(5) }]));
        var waiting = await world.UntilAsync(deployment => deployment.Status is { Candidate: not null, Rollout.Verdicts.Count: 1 }, "one gate has passed");
        Assert.Equal(["quality", "safety"], world.All<EvalRun>("evalruns.llmops.dev").Where(run => run.Spec.Rollout == waiting.Status!.Rollout!.Id).Select(run => run.Spec.Gate).Order());
        Assert.Equal(0, waiting.Status!.Candidate!.Weight);
        CanaryTests.AssertCondition(waiting, ConditionTypes.GatePassed, "Unknown", Reasons.WaitingForGate);

        world.Nodes.Jobs = _ => JobFate.Pass;
        await world.UntilAsync(deployment => deployment.Status?.Candidate?.Weight == 25, "traffic begins");
    }

    internal static LlmDeployment Slow(string revision) =>
        Samples.Canary(revision, steps: [new RolloutStep { Gate = "quality" }, new RolloutStep { Weight = 25, Hold = TimeSpan.FromMinutes(5) }]);

    internal static RolloutAction Action(string action, string? release, string deployment) => new()
    {
        Metadata = new ObjectMeta { GenerateName = $"{action.ToLowerInvariant()}-", Namespace = Samples.Namespace },
        Spec = new RolloutActionSpec { Deployment = deployment, Action = action, Release = release, RequestedBy = "alice" },
    };

    /// <summary>Creates an action and waits for its answer.</summary>
    private static async Task<RolloutAction> ActAsync(TestWorld world, string action, string? release, string deployment = "bot")
    {
        var created = await world.Client.CreateAsync(Action(action, release, deployment), CancellationToken.None);
        RolloutAction Read() => world.Find<RolloutAction>("rolloutactions.llmops.dev", created.Metadata.Name!)!;
        await TestWorld.UntilAsync(() => Read().Status?.Phase is not null, $"{action} is answered");
        return Read();
    }
}
