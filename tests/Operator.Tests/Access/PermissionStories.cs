using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Controllers;
using LlmOps.Operator.Resources;
using LlmOps.Operator.Tests.Faults;
using LlmOps.Operator.Tests.Scenarios;
using LlmOps.Operator.Tests.World;
using LlmOps.Rollouts;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.Operator.Tests.Access;

/// <summary>What the stories of faults leave out of all that the operator does with the API server.</summary>
internal static class PermissionStories
{
    public const string Elected = "an operator that must be elected";

    public const string Sharded = "two shards that an operator gives back";

    public const string Selected = "a namespace that is chosen by its labels";

    public const string Meshed = "a VirtualService in the place of an HTTPRoute, which somebody else changes at the same time";

    private static readonly RolloutStep Quick = new() { Weight = 50, Hold = TimeSpan.FromMilliseconds(100) };

    public static IReadOnlyList<Story> All { get; } =
    [
        new(Elected, false, ElectedAsync, []),
        new(Sharded, false, ShardedAsync, []),
        new(Selected, false, SelectedAsync, []),
        new("more actions than are kept", false, ActionsAsync, []),
        new("more rollouts than history keeps", false, RolloutsAsync, []),
        new("a release with an API key", false, KeyAsync, []),
        new("an autoscaler that comes and goes", false, AutoscalerAsync, []),
        new("a route that somebody else changes at the same time", true, ConflictAsync, []),
        new(Meshed, true, MeshedAsync, []),
        new("a mistake that is made twice", false, MistakeAsync, []),
        new("a snapshot that loses its label", false, SnapshotAsync, []),
        new("a disruption budget that somebody deletes, and then changes", false, BudgetAsync, []),
        new("a server that does not stream lists", true, PagesAsync, []),
    ];

    private static async Task ElectedAsync(TestWorld world)
    {
        Lease? Lease() => world.Server.Find("leases.coordination.k8s.io", "llmops-system", "llmops-operator") is { } node ? System.Text.Json.JsonSerializer.Deserialize(node, Kubernetes.Lease.JsonType) : null;
        await world.UntilAsync(() => Lease()?.Spec?.HolderIdentity is { Length: > 0 }, () => "the lease is taken");
        var taken = Lease()!.Spec!.RenewTime;
        await world.UntilAsync(() => Lease()!.Spec!.RenewTime > taken, () => "the lease is renewed");
    }

    private static async Task ShardedAsync(TestWorld world)
    {
        bool IsHeld(int shard) => (string?)world.Server.Find("leases.coordination.k8s.io", "llmops-system", $"llmops-operator-{shard}")?["spec"]?["holderIdentity"] is { Length: > 0 };
        await world.UntilAsync(() => IsHeld(0) && IsHeld(1), () => "both are held");
        await world.StopOperatorAsync();
        Assert.False(IsHeld(0) || IsHeld(1));
    }

    private static async Task SelectedAsync(TestWorld world)
    {
        await world.ApplyAsync(Story.Canary("v2", Quick));
        await world.Clock!.PassAsync(TimeSpan.FromSeconds(30));
        Assert.Empty(world.OperatorWrites);
        await world.DoAsync(world.Client.MergePatchAsync<Namespace>(new(string.Empty, Samples.Namespace), new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["team"] = "a" } } }));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2" }, "v2 is stable");
        // Only lists of streams that are refused use that verb.
        using var refused = world.Server.Faults.When(request => request.IsStreamedList && TestWorld.IsFromOperator(request), FaultEffect.Status(422, "Invalid"));
        world.Server.Watches.Expire("namespaces");
        await world.UntilAsync(() => world.Server.Access.Used.Keys.Any(rule => rule is { Verb: "list", Resource: "namespaces" }), () => "namespaces are listed in pages");
    }

    /// <summary>It is in no cache any more, so it is made, is there already, and is looked at and mended.</summary>
    private static async Task SnapshotAsync(TestWorld world)
    {
        await world.ApplyAsync(Story.Canary("v2", new RolloutStep { Weight = 25, Hold = TimeSpan.FromMinutes(30) }));
        var tried = await world.UntilAsync(deployment => deployment.Status?.Candidate?.Weight == 25, "v2 has traffic");
        var key = new ObjectKey(Samples.Namespace, ObjectNames.Revision("bot", tried.Status!.Candidate!.Release));
        JsonNode? Label() => world.Server.Find("controllerrevisions.apps", key.Namespace, key.Name)?["metadata"]?["labels"]?[Labels.ManagedBy];
        await world.DoAsync(world.Client.MergePatchAsync<ControllerRevision>(key, new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [Labels.ManagedBy] = null } } }));
        await world.UntilAsync(() => Label() is not null, () => $"{key} has its label again");
    }

    private static async Task BudgetAsync(TestWorld world)
    {
        const string budgets = "poddisruptionbudgets.policy";
        JsonObject? Budget() => world.Server.FindAll(budgets, Samples.Namespace).SingleOrDefault();
        var (uid, most) = ((string?)Budget()!["metadata"]!["uid"], Budget()!["spec"]!["maxUnavailable"]!.DeepClone());
        var key = new ObjectKey(Samples.Namespace, (string)Budget()!["metadata"]!["name"]!);
        await world.DoAsync(world.Client.DeleteAsync<PodDisruptionBudget>(key));
        await world.UntilAsync(() => Budget() is { } made && (string?)made["metadata"]!["uid"] != uid, () => "it is made again");
        await world.DoAsync(world.Client.MergePatchAsync<PodDisruptionBudget>(key, new JsonObject { ["spec"] = new JsonObject { ["maxUnavailable"] = 5 } }));
        await world.UntilAsync(() => JsonNode.DeepEquals(Budget()?["spec"]?["maxUnavailable"], most), () => "it is as it was");
    }

    private static async Task ActionsAsync(TestWorld world)
    {
        for (var i = 0; i < RolloutActionReconciler.Kept + 2; i++)
            await world.DoAsync(world.Client.CreateAsync(ActionTests.Action("Resume", null, "bot"), CancellationToken.None));
        await world.UntilAsync(
            () => world.All<RolloutAction>("rolloutactions.llmops.dev") is { Count: RolloutActionReconciler.Kept } kept && kept.All(action => action.Status?.Phase is not null),
            () => "the oldest are gone");
        // The cache may be behind an LlmDeployment that was made a moment ago.
        await world.DoAsync(world.Client.CreateAsync(ActionTests.Action("Resume", null, "nobody"), CancellationToken.None));
        await world.UntilAsync(() => world.All<RolloutAction>("rolloutactions.llmops.dev").Any(action => action is { Spec.Deployment: "nobody", Status.Phase: not null }), () => "nobody is looked for");
    }

    private static async Task RolloutsAsync(TestWorld world)
    {
        for (var i = 2; i < RolloutState.MaxHistory + 4; i++)
        {
            await world.ApplyAsync(Story.Canary($"v{i}", new RolloutStep { Gate = "quality" }, Quick));
            await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Retiring: null } status && status.Stable!.Revision == $"v{i}", $"v{i} is stable");
        }

        await world.UntilAsync(() => world.All<EvalRun>("evalruns.llmops.dev").Count <= RolloutState.MaxHistory, () => "the oldest runs are gone");
    }

    private static async Task KeyAsync(TestWorld world)
    {
        await world.ApplyAsync(new Secret { Metadata = new ObjectMeta { Name = "keys", Namespace = Samples.Namespace }, Data = new Dictionary<string, string> { ["apiKey"] = "a2V5" } });
        var canary = Story.Canary("v2", Quick);
        await world.ApplyAsync(canary with { Spec = canary.Spec with { Engine = canary.Spec.Engine with { ApiKeySecretRef = new SecretKeyReference { Name = "keys", Key = "apiKey" } } } });
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2" }, "v2 is stable");
    }

    private static async Task AutoscalerAsync(TestWorld world)
    {
        const string autoscalers = "horizontalpodautoscalers.autoscaling";
        var canary = Story.Canary("v1");
        await world.ApplyAsync(canary with { Spec = canary.Spec with { Replicas = null, Autoscaling = new AutoscalingSpec { Min = 1, Max = 8 } } });
        await world.UntilAsync(() => world.All<HorizontalPodAutoscaler>(autoscalers).Count == 1, () => "it has an autoscaler");
        await world.ApplyAsync(canary);
        await world.UntilAsync(() => world.All<HorizontalPodAutoscaler>(autoscalers).Count == 0, () => "the autoscaler is gone");
    }

    private static async Task ConflictAsync(TestWorld world)
    {
        using var conflict = world.Server.Faults.When(FaultEffect.Status(409, "Conflict"), verb: "patch", resource: "httproutes.gateway.networking.k8s.io", times: 1);
        await Story.All.Single(story => story.Name == "a promotion behind a route").PlayAsync(world);
        Assert.Equal(1, conflict.HitCount);
    }

    private static async Task MeshedAsync(TestWorld world)
    {
        using var conflict = world.Server.Faults.When(request => request.Verb == "patch" && request.GroupResource == RouteKind.OfIstio.Resource && TestWorld.IsOperator(request), FaultEffect.Status(409, "Conflict"), times: 1);
        await world.DoAsync(world.Client.DeleteAsync<HttpRoute>(new(Samples.Namespace, "chat")));
        world.Server.Seed(Samples.VirtualService());
        await world.ApplyAsync(Samples.InMesh(Story.Canary("v1")));
        await world.UntilAsync(deployment => deployment.Status!.Conditions!.Any(condition => condition is { Type: ConditionTypes.RouteAccepted, Status: "True" } && condition.Message.Contains("VirtualService", StringComparison.Ordinal)), "the route is accepted");
        await world.ApplyAsync(Samples.InMesh(Story.Canary("v2", Quick)));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2", Retiring: null }, "v2 is stable");
        Assert.Equal(1, conflict.HitCount);
    }

    private static async Task MistakeAsync(TestWorld world)
    {
        for (var i = 0; i < 2; i++)
        {
            var wrong = Story.Canary("v1");
            await world.ApplyAsync(wrong with { Spec = wrong.Spec with { Prompt = new PromptReference { Name = "nowhere" } } });
            await world.UntilAsync(deployment => IsStalled(deployment, "True"), "the missing prompt is named");
            await world.ApplyAsync(Story.Canary("v1"));
            await world.UntilAsync(deployment => IsStalled(deployment, "False"), "it is well again");
        }
    }

    private static async Task PagesAsync(TestWorld world)
    {
        world.Server.Faults.When(request => request.IsStreamedList && TestWorld.IsFromOperator(request), FaultEffect.Status(422, "Invalid", "sendInitialEvents is forbidden for watch"));
        world.Server.Watches.Expire();
        await world.UntilAsync(() => TestWorld.OperatorRules.Where(rule => rule is { Verb: "list", Resource: not ("namespaces" or "leases") }).All(world.Server.Access.Used.ContainsKey), () => "everything is listed in pages");
    }

    private static bool IsStalled(LlmDeployment deployment, string status) =>
        deployment.Status!.ObservedGeneration == deployment.Metadata.Generation && deployment.Status.Conditions!.Any(condition => condition.Type == ConditionTypes.Stalled && condition.Status == status);
}
