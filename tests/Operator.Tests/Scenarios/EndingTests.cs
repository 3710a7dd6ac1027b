using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Scenarios;

/// <summary>How a rollout ends: bake, revert by degrees, drain, and what the autoscaler may not take.</summary>
public sealed class EndingTests(ITestOutputHelper output)
{
    private static readonly RolloutStep[] Half = [new RolloutStep { Weight = 50, Hold = TimeSpan.FromMinutes(5) }];

    [Fact]
    public async Task A_bake_keeps_both_releases_at_full_size_and_then_swaps_the_roles_without_a_new_pod()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        await world.ApplyAsync(Bakes("v2", TimeSpan.FromMinutes(5)));
        var baking = await world.UntilAsync(deployment => deployment.Status?.Rollout?.Phase == "Baking", "v2 bakes");

        Assert.Equal((95, 5), (baking.Status!.Candidate!.Weight, baking.Status.Stable!.Weight));
        Assert.Equal("v1", baking.Status.Stable.Revision);
        Assert.Equal("bake 95%", baking.Status.Rollout!.StepName);
        Assert.NotNull(baking.Status.Rollout.Deadline);
        Assert.Equal(DeploymentPhases.Progressing, baking.Status.Phase);
        Assert.Equal(2, Replicas(world, baking.Status.Stable.Service));
        Assert.Equal(2, Replicas(world, baking.Status.Candidate.Service));
        CanaryTests.AssertCondition(baking, ConditionTypes.Reconciling, "True", Reasons.Baking);

        await world.ApplyAsync(Bakes("v2", TimeSpan.FromMilliseconds(1)));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2", Retiring: null }, "v2 is stable");
        Assert.Equal(4, world.Nodes.Created);
        world.Invariants.Check();
    }

    [Fact]
    public async Task A_release_that_goes_wrong_while_it_bakes_is_off_all_traffic_with_the_first_write()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        await world.ApplyAsync(Bakes("v2", TimeSpan.FromMinutes(5)));
        await world.UntilAsync(deployment => deployment.Status?.Rollout?.Phase == "Baking", "v2 bakes");
        await world.UntilAsync(deployment => deployment.Status!.Rollout!.Evidence?.Any(row => row.Weight == 95 && row.Candidate.Requests > 400) == true, "v2 has answered");
        world.Gateway.CandidateErrorRate = 0.5;
        var reverted = await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1 }, "v2 is reverted");

        Assert.Equal(("v1", 100), (reverted.Status!.Stable!.Revision, reverted.Status.Stable.Weight));
        Assert.Equal((Reasons.LiveTestFailed, 95), (reverted.Status.History![0].Reason, reverted.Status.History[0].MaxWeight));
        await world.UntilAsync(deployment => deployment.Status!.Retiring is null && world.EnginePods.Count == 2, "v2's pods are gone");
        Assert.Equal(4, world.Nodes.Created);
    }

    [Fact]
    public async Task Another_release_ends_a_bake_with_a_promotion_and_is_tried_against_it()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        await world.ApplyAsync(Bakes("v2", TimeSpan.FromMinutes(5)));
        await world.UntilAsync(deployment => deployment.Status?.Rollout is { Phase: "Baking", Evidence: { } evidence } && evidence.Any(row => row.Weight == 95), "v2 bakes");
        await world.ApplyAsync(Bakes("v3", TimeSpan.FromMinutes(5)));
        var next = await world.UntilAsync(deployment => deployment.Status?.Candidate?.Revision == "v3", "v3 is tried");
        Assert.Equal("v2", next.Status!.Stable!.Revision);
        Assert.Equal("Promoted", next.Status.History![0].Outcome);
        Assert.Contains("bake ended early", next.Status.History[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_stable_is_short_of_pods_a_revert_gives_it_what_it_can_carry_and_the_rest_with_its_pods()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine, replicas: 4);
        var stable = world.Get().Status!.Stable!;
        await world.ApplyAsync(Samples.Canary("v2", replicas: 4, steps: [new RolloutStep { Weight = 75, Hold = TimeSpan.FromMinutes(5) }]));
        await world.UntilAsync(deployment => deployment.Status?.Candidate?.Weight == 75, "v2 has traffic");
        world.Nodes.MostReady = deployment => deployment.Metadata.Name == stable.Service ? 2 : int.MaxValue;
        await world.UntilAsync(deployment => deployment.Status!.Stable!.ReadyReplicas == 2, "stable lost two pods");
        var before = world.OperatorWrites.Count;
        world.Gateway.CandidateErrorRate = 0.5;

        var reverting = await world.UntilAsync(deployment => deployment.Status?.Rollout?.Phase == "Reverting", "v2 goes");
        Assert.Equal((50, 50), (reverting.Status!.Stable!.Weight, reverting.Status.Candidate!.Weight));
        Assert.Equal(Reasons.LiveTestFailed, reverting.Status.FailedReleases![0].Reason);
        Assert.Equal((Reasons.WaitingForStable, Reasons.LiveTestFailed), (reverting.Status.Rollout!.Reason, reverting.Status.Rollout.RevertReason));
        Assert.NotNull(reverting.Status.Rollout.Deadline);
        Assert.Equal((4, 3), (Replicas(world, stable.Service), Replicas(world, reverting.Status.Candidate.Service)));
        // Evidence may be written before; from the first revert on, nothing but status moves until the weight is 0.
        Assert.All(world.OperatorWrites.Skip(before), write => Assert.Equal("status", write.Request.Subresource));

        world.Nodes.MostReady = deployment => deployment.Metadata.Name == stable.Service ? 3 : int.MaxValue;
        await world.UntilAsync(deployment => deployment.Status?.Candidate is { Weight: 25 }, "a third pod takes its share");
        world.Nodes.MostReady = _ => int.MaxValue;
        var reverted = await world.UntilAsync(deployment => deployment.Status is { Candidate: null }, "v2 is off all traffic");
        Assert.Equal(("Reverted", Reasons.LiveTestFailed), (reverted.Status!.History![0].Outcome, reverted.Status.History[0].Reason));
        Assert.Null(reverted.Status.Rollout!.RevertReason);
        await world.UntilAsync(deployment => deployment.Status!.Retiring is null && world.All<Deployment>("deployments.apps").Count == 1, "v2's pods are gone");
    }

    [Fact]
    public async Task A_candidate_that_refuses_requests_as_unauthorized_is_reverted_by_the_first_one()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        world.Gateway.CandidateIsUnauthorized = true;
        await world.ApplyAsync(Samples.Canary("v2", steps: Half));
        var reverted = await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1 }, "v2 is reverted");
        Assert.Equal(Reasons.CandidateUnauthorized, reverted.Status!.FailedReleases![0].Reason);
        CanaryTests.AssertCondition(reverted, ConditionTypes.Stalled, "True", Reasons.ReleaseLocked);
    }

    [Fact]
    public async Task Old_pods_stay_while_the_engine_has_requests_in_flight_and_go_when_it_has_none()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        world.Engine.InFlight = 3;
        await world.ApplyAsync(Samples.Canary("v2"));
        var promoted = await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2", Retiring.Count: 1 }, "v2 is stable");
        var retiring = promoted.Status!.Retiring![0];
        Assert.Equal(TimeSpan.FromSeconds(Defaults.DrainSeconds), retiring.Deadline - retiring.Until);

        // Long after the delay of 300 ms, and with no write of it.
        await TestWorld.UntilAsync(() => TimeProvider.System.GetUtcNow() > retiring.Until.AddSeconds(2), "the delay is over");
        Assert.Equal(2, world.All<Deployment>("deployments.apps").Count);
        Assert.NotNull(world.Get().Status!.Retiring);
        world.Engine.InFlight = 0;
        await world.UntilAsync(deployment => deployment.Status!.Retiring is null && world.All<Deployment>("deployments.apps").Count == 1, "v1's pods are gone");
        Assert.True(TimeProvider.System.GetUtcNow() < retiring.Deadline, "the deadline ended it");
    }

    [Fact]
    public async Task An_engine_that_does_not_tell_what_it_has_in_flight_is_let_go_at_the_deadline()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        world.Engine.InFlight = null;
        var canary = Samples.Canary("v2");
        await world.ApplyAsync(canary with { Spec = canary.Spec with { Engine = canary.Spec.Engine with { DrainSeconds = 1 } } });
        var promoted = await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2", Retiring.Count: 1 }, "v2 is stable");
        await world.UntilAsync(deployment => deployment.Status!.Retiring is null && world.All<Deployment>("deployments.apps").Count == 1, "v1's pods are gone");
        Assert.True(TimeProvider.System.GetUtcNow() >= promoted.Status!.Retiring![0].Deadline, "nobody knew, and they went before the deadline");
    }

    [Fact]
    public async Task An_autoscaler_that_scales_down_while_a_candidate_has_traffic_takes_nothing_from_stable_until_the_rollout_is_over()
    {
        await using var world = await TestWorld.StartAsync(output.WriteLine);
        await world.ApplyAsync(Autoscaled("v1"));
        await ScaleAsync(world, 4);
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.ReadyReplicas: 4 }, "the first release serves with four pods");
        var stable = world.Get().Status!.Stable!;
        await world.ApplyAsync(Autoscaled("v2"));
        await world.UntilAsync(deployment => deployment.Status?.Candidate?.Weight == 50, "v2 has traffic");

        await ScaleAsync(world, 2);
        await world.UntilAsync(deployment => deployment.Status!.ObservedGeneration == deployment.Metadata.Generation && Replicas(world, deployment.Status.Candidate!.Service) == 1, "the new replicas are seen");
        Assert.Equal(4, Replicas(world, stable.Service));
        Assert.Equal(4, world.Get().Status!.Rollout!.StableFloor);

        world.Gateway.CandidateErrorRate = 0.5;
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null } && Replicas(world, stable.Service) == 2, "it is followed once the rollout is over");
    }

    private static LlmDeployment Bakes(string revision, TimeSpan bake)
    {
        var canary = Samples.Canary(revision);
        return canary with { Spec = canary.Spec with { Rollout = canary.Spec.Rollout! with { Bake = bake } } };
    }

    private static LlmDeployment Autoscaled(string revision)
    {
        var canary = Samples.Canary(revision, steps: Half);
        return canary with { Spec = canary.Spec with { Replicas = null, Autoscaling = new AutoscalingSpec { Min = 1, Max = 8 } } };
    }

    /// <summary>As an autoscaler does it: once more where somebody wrote in between.</summary>
    private static async Task ScaleAsync(TestWorld world, int replicas)
    {
        var key = new ObjectKey(Samples.Namespace, "bot");
        while (true)
        {
            var scale = await world.Client.GetScaleAsync<LlmDeployment>(key, CancellationToken.None);
            try
            {
                await world.Client.ReplaceScaleAsync<LlmDeployment>(key, scale with { Spec = scale.Spec! with { Replicas = replicas } }, CancellationToken.None);
                return;
            }
            catch (KubernetesException e) when (e.IsConflict)
            {
            }
        }
    }

    private static int? Replicas(TestWorld world, string name) => world.Find<Deployment>("deployments.apps", name)?.Spec?.Replicas;
}
