using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Scenarios;

/// <summary>What the operator writes, what it leaves alone, and what goes with an LlmDeployment.</summary>
public sealed class OwnershipTests(ITestOutputHelper output)
{
    private static readonly string[] Kinds =
    [
        "deployments.apps", "services", "controllerrevisions.apps", "poddisruptionbudgets.policy", "horizontalpodautoscalers.autoscaling", "evalruns.llmops.dev", "rolloutrecords.llmops.dev", "jobs.batch",
        "configmaps", "serviceaccounts", "roles.rbac.authorization.k8s.io", "rolebindings.rbac.authorization.k8s.io", "pods",
    ];

    [Fact]
    public async Task A_reconcile_that_changes_nothing_writes_nothing_also_after_a_restart()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        await world.QuietAsync();
        var before = world.OperatorWrites.Count;

        await world.StopOperatorAsync();
        world.StartOperator();
        // What wakes every controller without a reason to write.
        await world.Client.MergePatchAsync<LlmDeployment>(new ObjectKey(Samples.Namespace, "bot"), new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { ["touched"] = "yes" } } });
        await world.QuietAsync();
        Assert.Equal(before, world.OperatorWrites.Count);
    }

    [Fact]
    public async Task A_canary_that_holds_its_weight_is_watched_and_written_at_most_once_in_ten_seconds()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        world.Gateway.IsQuiet = true;
        await world.ApplyAsync(Samples.Canary("v2"));
        await world.UntilAsync(deployment => deployment.Status?.Rollout?.Reason == Reasons.WaitingForRequests, "it holds");
        await world.QuietAsync();
    }

    [Fact]
    public async Task A_foreign_edit_of_what_the_operator_wants_is_undone_and_other_fields_are_left_alone()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        var deployment = Assert.Single(world.All<Deployment>("deployments.apps"));
        await world.Client.MergePatchAsync<Deployment>(deployment.Key(), new JsonObject
        {
            ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { ["note"] = "mine" } },
            ["spec"] = new JsonObject { ["replicas"] = 7 },
        });
        await TestWorld.UntilAsync(() => world.All<Deployment>("deployments.apps")[0] is { Spec.Replicas: 2 } edited && edited.Metadata.Annotations!["note"] == "mine", "the replicas are back");
    }

    [Fact]
    public async Task Deleting_an_LlmDeployment_removes_all_that_it_owns_and_nothing_else()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        await world.ApplyAsync(Scaled("other"));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable: not null }, "the other one serves", "other");
        await world.QuietAsync();
        Assert.Contains(Objects(world), name => name.StartsWith("horizontalpodautoscalers.autoscaling/other", StringComparison.Ordinal));
        var others = Objects(world).Where(name => !name.Contains("/bot", StringComparison.Ordinal)).ToList();
        Assert.NotEqual(others.Count, Objects(world).Count);

        await world.Client.DeleteAsync<LlmDeployment>(new ObjectKey(Samples.Namespace, "bot"));
        await TestWorld.UntilAsync(() => Objects(world).All(name => !name.Contains("/bot", StringComparison.Ordinal)), "everything of bot is gone");
        await world.QuietAsync();
        Assert.Equal(others, Objects(world));
        Assert.NotNull(world.Find<EvalGate>("evalgates.llmops.dev", "quality"));
        Assert.NotNull(world.Find<ConfigMap>("configmaps", "questions"));
    }

    [Theory]
    [InlineData("Baking", false)]
    [InlineData("Baking", true)]
    [InlineData("Reverting", false)]
    [InlineData("Reverting", true)]
    public async Task Deleting_an_LlmDeployment_whose_rollout_is_not_over_leaves_nothing_of_either_release(string phase, bool isRouted)
    {
        await using var world = isRouted ? await StartedWorld.RoutedAsync("v1", output.WriteLine) : await StartedWorld.ServingAsync("v1", output.WriteLine);
        await world.ApplyAsync(Scaled("other"));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable: not null }, "the other one serves", "other");
        await world.QuietAsync();
        var others = Objects(world).Where(name => !name.Contains("/bot", StringComparison.Ordinal)).ToList();
        await ReachAsync(world, phase, isRouted);
        Assert.Equal(2, Objects(world).Count(name => name.StartsWith("deployments.apps/bot", StringComparison.Ordinal)));
        await world.QuietAsync();
        var weights = world.Weights();

        await world.Client.DeleteAsync<LlmDeployment>(new ObjectKey(Samples.Namespace, "bot"));
        await TestWorld.UntilAsync(() => Objects(world).All(name => !name.Contains("/bot", StringComparison.Ordinal)), "everything of bot is gone");
        await world.QuietAsync();
        Assert.Equal(others, Objects(world));
        // Its owner's, as it was.
        Assert.Equal(weights, world.Weights());
        Assert.Equal(isRouted, weights.Count > 0);
        // Pods end what they answer: none goes before the router has learnt that it goes.
        Assert.DoesNotContain(world.Router.Failures, failure => failure.StartsWith("pod ", StringComparison.Ordinal));
        Assert.DoesNotContain(world.Logger.Lines, line => line.Level >= Microsoft.Extensions.Logging.LogLevel.Error);
    }

    /// <summary>Brings v2 to a bake, or on its way back while stable lacks a pod.</summary>
    private static async Task ReachAsync(TestWorld world, string phase, bool isRouted)
    {
        var canary = Samples.Canary("v2", steps: [new RolloutStep { Weight = 75, Hold = phase == "Baking" ? TimeSpan.FromMilliseconds(1) : TimeSpan.FromMinutes(5) }]);
        canary = canary with { Spec = canary.Spec with { Rollout = canary.Spec.Rollout! with { Bake = TimeSpan.FromMinutes(5) } } };
        await world.ApplyAsync(isRouted ? Samples.Routed(canary) : canary);
        if (phase == "Reverting")
        {
            var held = await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 75, Rollout.HoldStartedAt: not null }, "v2 has traffic");
            world.Nodes.MostReady = deployment => deployment.Metadata.Name == held.Status!.Stable!.Service ? 1 : int.MaxValue;
            await world.UntilAsync(deployment => deployment.Status!.Stable!.ReadyReplicas == 1, "stable lost a pod");
            world.Gateway.CandidateErrorRate = 0.5;
        }

        await world.UntilAsync(deployment => deployment.Status?.Rollout is { } rollout && rollout.Phase == phase && (phase == "Reverting" || rollout.HoldStartedAt is not null), $"v2 is {phase}");
    }

    [Fact]
    public async Task An_object_of_the_same_name_that_belongs_to_somebody_else_is_not_touched_and_a_condition_says_so()
    {
        await using var world = await TestWorld.StartAsync(output.WriteLine);
        await world.ApplyAsync(Samples.AsApplied(Samples.Gate()));
        var foreign = new PodDisruptionBudget
        {
            Metadata = new ObjectMeta { Name = "bot", Namespace = Samples.Namespace, Labels = new Dictionary<string, string> { [Labels.ManagedBy] = Labels.ManagedByValue } },
            Spec = new PodDisruptionBudgetSpec { MinAvailable = 5 },
        };
        await world.ApplyAsync(foreign);
        await world.ApplyAsync(Samples.Canary("v1"));
        var refused = await world.UntilAsync(
            deployment => deployment.Status?.Conditions?.Any(condition => condition is { Type: ConditionTypes.Stalled, Reason: Reasons.ApplyRefused }) == true, "the condition says so");
        Assert.Contains("belongs to nobody: delete or rename it", refused.Status!.Conditions!.First(condition => condition.Type == ConditionTypes.Stalled).Message, StringComparison.Ordinal);
        Assert.Equal(5, world.Find<PodDisruptionBudget>("poddisruptionbudgets.policy", "bot")!.Spec!.MinAvailable!.Value.Number);

        await world.Client.DeleteAsync<PodDisruptionBudget>(foreign.Key());
        await world.UntilAsync(deployment => deployment.Status is { Stable: not null, Candidate: null }, "it goes on");
    }

    [Fact]
    public async Task The_lease_is_released_and_the_operator_ends_soon_when_it_is_told_to()
    {
        await using var world = await TestWorld.StartAsync(output.WriteLine, withOperator: false);
        using var stop = new CancellationTokenSource();
        var running = Hosting.OperatorHost.RunAsync(new() { Identity = "one" }, world.Server.Configuration, TimeProvider.System, world.Logger, stop.Token);
        await TestWorld.UntilAsync(() => Lease(world)?.Spec?.HolderIdentity == "one", "the lease is taken");
        await world.ApplyAsync(Samples.AsApplied(Samples.Gate()));
        await world.ApplyAsync(Samples.Canary("v1"));
        await world.UntilAsync(deployment => deployment.Status?.Stable is not null, "the leader works");

        await stop.CancelAsync();
        await running.WaitAsync(TimeSpan.FromSeconds(5));
        Assert.True(string.IsNullOrEmpty(Lease(world)!.Spec!.HolderIdentity));
    }

    [Fact]
    public async Task Health_readiness_and_metrics_are_served_each_on_its_port()
    {
        await using var world = await TestWorld.StartAsync(output.WriteLine, withOperator: false);
        using var stop = new CancellationTokenSource();
        var options = new Hosting.OperatorOptions { LeaderElect = false, BindAddress = System.Net.IPAddress.Parse(world.Engine.Address), HealthPort = 8081, MetricsPort = 8080 };
        var running = Hosting.OperatorHost.RunAsync(options, world.Server.Configuration, TimeProvider.System, world.Logger, stop.Token);
        using var http = new HttpClient { BaseAddress = new Uri($"http://{world.Engine.Address}:8081") };
        await Eventually.TrueAsync(async ct => (await http.GetAsync("/readyz", ct)).IsSuccessStatusCode, TimeSpan.FromSeconds(60), () => "it is ready");
        Assert.Equal("ok\n", await http.GetStringAsync("/healthz"));
        Assert.Equal(System.Net.HttpStatusCode.NotFound, (await http.GetAsync("/metrics")).StatusCode);

        await world.ApplyAsync(Samples.AsApplied(Samples.Gate()));
        await world.ApplyAsync(Samples.Canary("v1"));
        await world.UntilAsync(deployment => deployment.Status is { Stable: not null }, "it serves");
        var metrics = await http.GetStringAsync(new Uri($"http://{world.Engine.Address}:8080/metrics"));
        Assert.Contains("llmops_rollout_outcomes_total{outcome=\"Promoted\",reason=\"Promoted\"}", metrics, StringComparison.Ordinal);
        Assert.Contains("controller_runtime_reconcile_total{controller=\"llmdeployment\"", metrics, StringComparison.Ordinal);
        await stop.CancelAsync();
        await running.WaitAsync(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_name_that_no_label_can_hold_serves_like_any_other()
    {
        const string name = "a.name.with.dots.that.is.longer.than.a.dns.label.may.be.which.is.sixty-three";
        await using var world = await TestWorld.StartAsync(output.WriteLine);
        await world.ApplyAsync(Samples.AsApplied(Samples.Gate()));
        await world.ApplyAsync(Samples.Canary("v1", name));
        await world.UntilAsync(deployment => deployment.Status is { Stable: not null }, "v1 serves", name);
        await world.ApplyAsync(Samples.Canary("v2", name));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2" }, "v2 serves", name);
        await TestWorld.UntilAsync(() => world.All<Deployment>("deployments.apps").Count == 1, "v1's pods are gone");
    }

    private static Lease? Lease(TestWorld world) =>
        world.Server.Find("leases.coordination.k8s.io", "llmops-system", "llmops-operator") is { } node ? System.Text.Json.JsonSerializer.Deserialize(node, Kubernetes.Lease.JsonType) : null;

    private static LlmDeployment Scaled(string name)
    {
        var deployment = Samples.Canary("v1", name);
        return deployment with { Spec = deployment.Spec with { Replicas = null, Autoscaling = new AutoscalingSpec { Min = 1, Max = 3 } } };
    }

    private static List<string> Objects(TestWorld world) =>
        [.. Kinds.SelectMany(kind => world.Server.FindAll(kind, Samples.Namespace).Select(node => $"{kind}/{(string?)node["metadata"]!["name"]}")).Order(StringComparer.Ordinal)];
}
