using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Applying;
using LlmOps.Operator.Gathering;
using LlmOps.Operator.Resources;
using LlmOps.Operator.Tests.World;
using LlmOps.Rollouts;
using Xunit;

namespace LlmOps.Operator.Tests.Applying;

/// <summary>Objects of a held canary that were found in their place are not compared again before one of them is another. What is undone then is in <c>Faults/ForeignActorTests</c>.</summary>
public sealed class SettledObjectsTests
{
    private static readonly ObjectKey Bot = new(Samples.Namespace, "bot");

    private static readonly RolloutState Tried = RolloutState.Initial with
    {
        Stable = new Release("r1", "s1", "p1"),
        Candidate = new Release("r2", "s2", "p2"),
        Current = new Rollout { Id = "0a1b2c3d", ReleaseHash = "r2", Phase = RolloutPhase.Stepping, WeightPercent = 25, StartedAt = DateTimeOffset.UnixEpoch, StepStartedAt = DateTimeOffset.UnixEpoch, Reason = Reasons.Holding, Message = "holds 25%" },
    };

    [Fact]
    public async Task What_was_in_its_place_counts_until_one_of_it_is_another()
    {
        await using var bed = await ClusterBed.StartAsync();
        var (client, cluster) = (bed.Client, bed.Cluster);
        var owner = await client.ApplyAsync(Samples.Canary("v1"), "user");
        var service = await client.ApplyAsync(ServingResources.TrackService(owner, Tracks.Stable, "s1"), "operator");
        await client.ApplyAsync(ScalingResources.DisruptionBudget(owner), "operator");
        await bed.WatchAsync();

        var settled = new SettledObjects(cluster);
        var releases = new ReleaseBook([], null);
        SettledObjects.Sight? Look(RolloutState? state = null, EquatableArray<ServingTarget> pods = default) => settled.Look(Seen(cluster, releases, state ?? Tried), Decided(pods));
        bool Settle()
        {
            settled.Note(Bot, Look(), Look());
            return settled.Has(Bot, Look());
        }

        Assert.False(settled.Has(Bot, Look()));
        Assert.True(Settle());
        // Nothing is promised where it would not be known: other pods, no requests, evaluations.
        Assert.False(settled.Has(Bot, Look(pods: [new("s2", 2)])));
        Assert.Null(Look(Tried with { Current = Tried.Current! with { WeightPercent = 0 } }));
        Assert.Null(settled.Look(Seen(cluster, releases, Tried), Decided([]) with { Gates = [new("quality", 0, 1, "0a1b2c3d")] }));
        Assert.Null(settled.Look(Seen(cluster, releases, Tried) with { Deployment = owner with { } }, Decided([])));

        // Each kind that is compared.
        await ChangeAsync<Service>(client, service.Key(), () => cluster.Services.Store.Get(service.Key()));
        Assert.False(settled.Has(Bot, Look()));
        Assert.True(Settle());
        await ChangeAsync<PodDisruptionBudget>(client, Bot, () => cluster.DisruptionBudgets.Store.Get(Bot));
        Assert.False(settled.Has(Bot, Look()));
        Assert.True(Settle());
        await ChangeAsync<LlmDeployment>(client, Bot, () => cluster.LlmDeployments.Store.Get(Bot));
        Assert.False(settled.Has(Bot, Look()));

        // What was written while it was compared is looked at once more.
        var before = Look();
        await ChangeAsync<Service>(client, service.Key(), () => cluster.Services.Store.Get(service.Key()));
        settled.Note(Bot, before, Look());
        Assert.False(settled.Has(Bot, Look()));

        Assert.True(Settle());
        settled.Forget(Bot);
        Assert.False(settled.Has(Bot, Look()));
    }

    private static async Task ChangeAsync<T>(KubernetesClient client, ObjectKey key, Func<T?> cached)
        where T : class, IResource<T>
    {
        var before = cached();
        var changed = await client.MergePatchAsync<T>(key, new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { ["touched"] = before!.Metadata.ResourceVersion } } }, fieldManager: "somebody");
        await TestWorld.UntilAsync(() => cached()?.Metadata.ResourceVersion == changed.Metadata.ResourceVersion, "it is seen");
    }

    private static Gathered Seen(ClusterView cluster, ReleaseBook releases, RolloutState state)
    {
        var deployment = cluster.LlmDeployments.Store.Get(Bot)!;
        return new()
        {
            Deployment = deployment,
            Spec = PlanBuilder.Build(deployment, null),
            State = state,
            Releases = releases,
            Runs = [],
            Observation = new Observation { NewRolloutId = "ffffffff" },
        };
    }

    private static Decision Decided(EquatableArray<ServingTarget> pods) => new() { Next = Tried, Pods = pods, Reason = Reasons.Holding, Message = "holds 25%" };
}
