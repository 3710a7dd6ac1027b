using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Scenarios;

/// <summary>Behind an HTTPRoute.</summary>
public sealed class HttpRouteRolloutTests(ITestOutputHelper output) : RoutedRolloutTests(RouteKind.OfGatewayApi, output);

/// <summary>Behind a VirtualService, with an Istio that writes statuses.</summary>
public sealed class VirtualServiceRolloutTests(ITestOutputHelper output) : RoutedRolloutTests(RouteKind.OfIstio, output);

/// <summary>
/// The paths that a rollout can take behind a route, and the order of writes: after each write of the operator the route, as its gateway took it up, sends nobody more
/// than their pods carry (<see cref="InvariantWatch"/>), and no request is lost. The same for routes of each kind.
/// </summary>
public abstract class RoutedRolloutTests
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(5);
    private readonly RouteKind route;
    private readonly ITestOutputHelper output;

    private protected RoutedRolloutTests(RouteKind route, ITestOutputHelper output) => (this.route, this.output) = (route, output);

    [Fact]
    public async Task A_promotion_leads_the_route_to_ready_pods_first_and_ends_at_100_to_0_on_the_new_ones()
    {
        await using var world = await StartedWorld.RoutedAsync("v1", output.WriteLine, route: route);
        var trail = RouteTrail.Follow(world);
        var before = world.Get().Status!.Stable!.ServingHash;
        await world.ApplyAsync(route.Routed(Samples.Canary("v2")));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2", Retiring: null }, "v2 is stable");
        await TestWorld.UntilAsync(() => trail.Any(line => line.StartsWith("gone", StringComparison.Ordinal)), "v1 is gone");
        var after = world.Get().Status!.Stable!.ServingHash;

        Assert.Equal(
            [
                $"candidate selects {after}", "status 25", "route 75/25", "status 50", "route 50/50",
                "status 0", $"stable selects {after}", "route 100/0", $"gone {before}",
            ],
            trail);
        Assert.Empty(world.Router.Failures);
        Assert.True(world.Router.AnsweredBy(after) > 100, $"the new pods answered {world.Router.AnsweredBy(after)} requests");
    }

    /// <summary>The operator looks again whether there are such routes; nothing else tells it.</summary>
    [Fact]
    public async Task A_kind_that_is_installed_later_is_found_with_the_routes_that_it_has_by_then()
    {
        await using var world = await TestWorld.StartAsync(output.WriteLine, time: new ManualTime(), route: route);
        await world.ApplyAsync(Samples.AsApplied(Samples.Gate()));
        await world.ApplyAsync(route.Routed(Samples.Canary("v1")));
        await UntilToldAsync("cannot be read: install");
        world.LongPatience = TimeSpan.FromSeconds(20);

        world.StartRouter();
        await UntilToldAsync("does not exist: create it");
        world.Server.Seed(world.Route.Route(100, 0));
        await world.UntilAsync(deployment => RouteKind.Accepted(deployment) is { Status: "True" }, "the route is accepted");

        Task UntilToldAsync(string what) => world.UntilAsync(
            deployment => RouteKind.Accepted(deployment) is { Reason: Reasons.RouteNotFound } told && told.Message.Contains(what, StringComparison.Ordinal), what);
    }

    [Fact]
    public async Task A_revert_writes_the_status_and_then_the_route_before_anything_else()
    {
        await using var world = await StartedWorld.RoutedAsync("v1", output.WriteLine, route: route);
        var stable = world.Get().Status!.Stable!.ServingHash;
        var trail = RouteTrail.Follow(world);
        var writes = new ConcurrentQueue<string>();
        world.Server.OnWrite += write =>
        {
            if (TestWorld.IsOperator(write.Request) && write.Changed)
                writes.Enqueue(write.ToString());
        };
        await world.ApplyAsync(route.Routed(Samples.Canary("v2", steps: [new RolloutStep { Weight = 25, Hold = TimeSpan.FromMinutes(1) }])));
        await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 25, Rollout.HoldStartedAt: not null }, "v2 holds 25%");
        writes.Clear();
        world.Gateway.CandidateErrorRate = 0.5;
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1, Retiring: null }, "v2 is reverted");

        var reverting = writes.SkipWhile(write => write.Contains("llmdeployments", StringComparison.Ordinal)).ToList();
        Assert.Contains(route.Resource, reverting[0], StringComparison.Ordinal);
        Assert.Contains("services", reverting[1], StringComparison.Ordinal);
        Assert.Equal(["status 25", "route 75/25", "status 0", "route 100/0", $"candidate selects {stable}"], trail.Skip(1).Take(5));
        Assert.Empty(world.Router.Failures);
    }

    [Fact]
    public async Task A_bake_has_its_weight_on_the_route_and_the_old_pods_stay_until_nothing_leads_to_them()
    {
        await using var world = await StartedWorld.RoutedAsync("v1", output.WriteLine, route: route);
        var trail = RouteTrail.Follow(world);
        var before = world.Get().Status!.Stable!.ServingHash;
        await world.ApplyAsync(Bakes("v2", Long));
        await world.UntilAsync(deployment => deployment.Status?.Rollout is { Phase: "Baking", HoldStartedAt: not null }, "v2 bakes");
        Assert.Equal((5, 95), RouteTrail.Weights(world));

        await world.ApplyAsync(Bakes("v2", TimeSpan.FromMilliseconds(1)));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2", Retiring: null }, "v2 is stable");
        await TestWorld.UntilAsync(() => trail.Contains($"gone {before}"), "v1 is gone");
        var after = world.Get().Status!.Stable!.ServingHash;
        Assert.Equal(
            [
                $"candidate selects {after}", "status 50", "route 50/50", "status 95", "route 5/95",
                "status 0", $"stable selects {after}", "route 100/0", $"gone {before}",
            ],
            trail);
        Assert.Empty(world.Router.Failures);
    }

    [Fact]
    public async Task A_release_that_goes_wrong_while_it_bakes_is_off_the_route_though_that_accepts_nothing_any_more()
    {
        await using var world = await StartedWorld.RoutedAsync("v1", output.WriteLine, route: route);
        var stable = world.Get().Status!.Stable!.ServingHash;
        await world.ApplyAsync(Bakes("v2", Long));
        await world.UntilAsync(deployment => deployment.Status?.Rollout is { Phase: "Baking", HoldStartedAt: not null }, "v2 bakes");
        world.Router.Accepts = _ => null;
        world.Gateway.CandidateErrorRate = 0.5;
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1 } && RouteTrail.Weights(world) == (100, 0), "v2 is reverted");

        // The route goes on as it was: what it sends to the candidate's Service, stable answers.
        await TestWorld.UntilAsync(() => RouteTrail.Selects(world, Tracks.Candidate) == stable, "stable answers for v2");
        await world.UntilAsync(deployment => deployment.Status!.Retiring is null, "v2's pods go");
        Assert.Equal(95, world.Router.InEffect["bot-candidate"]);
        await world.QuietAsync();
        world.Invariants.Check();
        Assert.Empty(world.Router.Failures);
    }

    [Fact]
    public async Task Replicas_change_hands_only_after_the_route_has_taken_up_the_requests_that_go_with_them()
    {
        await using var world = await ScarceAsync(replicas: 4);
        var trail = RouteTrail.Follow(world, withReplicas: true);
        var before = world.Get().Status!.Stable!.ServingHash;
        await world.ApplyAsync(route.Routed(Samples.Canary("v2", replicas: 4, steps: [Weight(10, 0.1), Weight(50, 0.1)])));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2", Retiring: null, ReadyReplicas: 4 }, "v2 is stable");
        await TestWorld.UntilAsync(() => trail.Contains($"gone {before}"), "v1 is gone");

        Assert.Equal(
            [$"{before} has 3", "route 90/10", "route 67/33", $"{before} has 2", "route 50/50", "route 34/66", $"{before} has 1", "route 100/0", $"gone {before}"],
            trail.Where(line => line.StartsWith("route", StringComparison.Ordinal) || line.Contains(before, StringComparison.Ordinal)));
        Assert.Empty(world.Router.Failures);
    }

    [Fact]
    public async Task The_route_keeps_its_weights_over_a_promotion_until_the_endpoints_lead_to_the_new_pods()
    {
        await using var world = await ScarceAsync(replicas: 4);
        var before = world.Get().Status!.Stable!.ServingHash;
        await world.ApplyAsync(route.Routed(Samples.Canary("v2", replicas: 4, steps: [Weight(50)])));
        var held = await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 50, Rollout.HoldStartedAt: not null }, "v2 holds 50%");
        world.Router.Fills = service => service.Metadata.Name != "bot-stable";
        await world.Client.CreateAsync(ActionTests.Action("Promote", held.Status!.Candidate!.Release, "bot"), CancellationToken.None);
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2" } && RouteTrail.Selects(world, Tracks.Stable) != before, "v2 is stable");
        await world.QuietAsync();
        world.Invariants.Check();
        // All of it would go to the one pod that v1 has left.
        Assert.Equal((34, 66), RouteTrail.Weights(world));
        Assert.Equal(1, Replicas(world, $"bot-{before}"));

        world.Router.Fills = _ => true;
        await world.UntilAsync(deployment => RouteTrail.Weights(world) == (100, 0) && deployment.Status!.Retiring is null, "the route leads to the new pods");
        Assert.Empty(world.Router.Failures);
    }

    [Fact]
    public async Task A_revert_by_degrees_takes_pods_from_the_candidate_only_when_the_route_sends_it_less()
    {
        await using var world = await ScarceAsync(replicas: 4);
        var stable = world.Get().Status!.Stable!.Service;
        await world.ApplyAsync(route.Routed(Samples.Canary("v2", replicas: 4, steps: [Weight(50)])));
        var held = await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 50, Rollout.HoldStartedAt: not null }, "v2 holds 50%");
        var candidate = held.Status!.Candidate!.Service;
        world.Router.Accepts = _ => null;
        world.Nodes.MostReady = deployment => deployment.Metadata.Name == stable ? 2 : int.MaxValue;
        world.Gateway.CandidateErrorRate = 0.5;
        await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 34, Rollout.Phase: "Reverting" }, "v2 goes as far as stable can carry it");
        await world.QuietAsync();
        world.Invariants.Check();
        Assert.Equal((66, 34), RouteTrail.Weights(world));
        Assert.Equal((4, 2), (Replicas(world, stable), Replicas(world, candidate)));

        world.Router.Accepts = _ => "True";
        await world.UntilAsync(_ => Replicas(world, candidate) == 1, "the candidate makes room for stable's next pod");
        Assert.Equal(34, world.Get().Status!.Candidate!.Weight);
        world.Nodes.MostReady = _ => int.MaxValue;
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1, Retiring: null }, "v2 is reverted");
        Assert.Equal((100, 0), RouteTrail.Weights(world));
        Assert.Empty(world.Router.Failures);
    }

    [Fact]
    public async Task Where_an_outage_is_allowed_the_route_keeps_its_weights_and_leads_to_the_new_pods()
    {
        await using var world = await ScarceAsync(replicas: 1);
        var trail = RouteTrail.Follow(world);
        var canary = route.Routed(Samples.Canary("v2", replicas: 1));
        await world.ApplyAsync(canary with { Spec = canary.Spec with { Rollout = canary.Spec.Rollout! with { Capacity = new CapacitySpec { AllowDowntime = true } } } });
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable: { Revision: "v2", ReadyReplicas: 1 }, Retiring: null }, "v2 serves");
        var after = world.Get().Status!.Stable!.ServingHash;
        Assert.DoesNotContain(trail, line => line.StartsWith("route", StringComparison.Ordinal));
        await TestWorld.UntilAsync(() => RouteTrail.Selects(world, Tracks.Stable) == after && RouteTrail.Selects(world, Tracks.Candidate) == after, "both Services lead to v2");
        await AnsweredWithoutFailureAsync(world, after);
    }

    [Fact]
    public async Task A_rollback_leads_the_route_to_the_old_release_when_all_its_pods_are_ready()
    {
        await using var world = await StartedWorld.RoutedAsync("v1", output.WriteLine, route: route);
        var first = world.Get().Status!.Stable!;
        await world.ApplyAsync(route.Routed(Samples.Canary("v2")));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2", Retiring: null }, "v2 is stable");
        await TestWorld.UntilAsync(() => world.All<Deployment>("deployments.apps").Count == 1, "v1's pods are gone");
        var second = world.Get().Status!.Stable!;
        var trail = RouteTrail.Follow(world);

        await world.Client.CreateAsync(ActionTests.Action("Rollback", first.Release, "bot"), CancellationToken.None);
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v1", Retiring: null }, "v1 is stable again");
        await TestWorld.UntilAsync(() => trail.Contains($"gone {second.ServingHash}"), "v2's pods are gone");
        Assert.Equal([$"candidate selects {first.ServingHash}", $"gone {second.ServingHash}", $"stable selects {first.ServingHash}"], trail.Order(StringComparer.Ordinal));
        Assert.Equal($"gone {second.ServingHash}", trail.Last());
        Assert.Empty(world.Router.Failures);
    }

    [Fact]
    public async Task While_the_route_is_late_a_promotion_waits_for_it_and_an_abort_does_not()
    {
        await using var world = await StartedWorld.RoutedAsync("v1", output.WriteLine, route: route);
        var stable = world.Get().Status!.Stable!;
        var generation = (long)world.Chat!["metadata"]!["generation"]!;
        world.Router.Accepts = metadata => metadata.Generation == generation ? "True" : null;
        await world.ApplyAsync(route.Routed(Samples.Canary("v2", steps: [Weight(25)])));
        var late = await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 25, Rollout.Reason: Reasons.RouteNotAccepted }, "the route is late");
        await world.Client.CreateAsync(ActionTests.Action("Promote", late.Status!.Candidate!.Release, "bot"), CancellationToken.None);
        var waiting = await world.UntilAsync(deployment => deployment.Status?.Rollout is { Phase: "Promoting", Reason: Reasons.RouteNotAccepted }, "the promotion waits for the route");
        Assert.NotNull(waiting.Status!.Rollout!.Deadline);
        await world.Client.CreateAsync(ActionTests.Action("Abort", late.Status.Candidate.Release, "bot"), CancellationToken.None);
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1 } && RouteTrail.Weights(world) == (100, 0) && RouteTrail.Selects(world, Tracks.Candidate) == stable.ServingHash, "v2 is gone");

        world.Router.Accepts = _ => "True";
        await world.ApplyAsync(route.Routed(Samples.Canary("v3", steps: [Weight(25)])));
        var held = await world.UntilAsync(deployment => deployment.Status is { Candidate: { Revision: "v3", Weight: 25 }, Rollout.HoldStartedAt: not null }, "v3 holds 25%");
        await world.Client.CreateAsync(ActionTests.Action("Promote", held.Status!.Candidate!.Release, "bot"), CancellationToken.None);
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v3", Retiring: null }, "v3 is stable");
        Assert.Empty(world.Router.Failures);
    }

    [Fact]
    public async Task Requests_that_a_late_route_sends_to_a_candidate_without_pods_are_answered_by_stable()
    {
        await using var world = await StartedWorld.RoutedAsync("v1", output.WriteLine, route: route);
        var stable = world.Get().Status!.Stable!.ServingHash;
        await world.ApplyAsync(route.Routed(Samples.Canary("v2", steps: [Weight(25)])));
        var held = await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 25, Rollout.HoldStartedAt: not null }, "v2 holds 25%");
        world.Router.Accepts = _ => null;
        world.Nodes.Pods = deployment => deployment.Metadata.Name == held.Status!.Candidate!.Service ? PodFate.Starting : PodFate.Ready;
        await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 0 } && RouteTrail.Selects(world, Tracks.Candidate) == stable, "stable answers for v2");
        await TestWorld.UntilAsync(() => world.All<EndpointSlice>("endpointslices.discovery.k8s.io").Where(slice => FakeEndpoints.IsOfTrack(slice.Metadata)).All(slice => slice.Endpoints.Count == 2 && slice.Endpoints.All(endpoint => endpoint.Conditions?.Ready == true)), "both Services lead to stable's pods");
        Assert.Equal(25, world.Router.InEffect["bot-candidate"]);
        await AnsweredWithoutFailureAsync(world, stable);

        world.Router.Accepts = _ => "True";
        world.Nodes.Pods = _ => PodFate.Ready;
        await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 25, Rollout.HoldStartedAt: not null } && RouteTrail.Weights(world) == (75, 25), "v2 has its weight again");
    }

    [Fact]
    public async Task What_no_request_of_the_route_tells_is_said_as_soon_as_the_spec_asks_for_it()
    {
        await using var world = await StartedWorld.RoutedAsync("v1", output.WriteLine, route: route);
        world.Gateway.IsQuiet = true;
        var analysis = new AnalysisSpec { Limits = [new LimitSpec { Metric = LimitMetrics.Ttft, Quantile = 95, Max = "2s" }, new LimitSpec { Metric = LimitMetrics.Errors, Max = "2%" }], Tolerance = new ToleranceSpec { Errors = 2, Cost = 1.5 } };
        await world.ApplyAsync(Analysed("v1", analysis));
        var told = await world.UntilAsync(deployment => Condition(deployment).Reason == Reasons.NotMeasured, "it is told before any rollout");
        Assert.Equal("False", Condition(told).Status);
        Assert.StartsWith(
            $"requests of {route.Kind} chat tell only errors, so nothing is held against limit ttft p95, tolerance cost: make a check of each (rollout.analysis.checks) and leave these out", Condition(told).Message, StringComparison.Ordinal);

        await world.ApplyAsync(Analysed("v2", analysis));
        await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 25, Rollout.HoldStartedAt: not null }, "v2 has traffic");
        Assert.Equal(Reasons.NotMeasured, Condition(world.Get()).Reason);
        world.Gateway.IsQuiet = false;
        await world.UntilAsync(deployment => Condition(deployment).Reason == Reasons.MetricsRead, "requests that pass the operator's gateway tell all");
        world.Gateway.IsQuiet = true;
        await world.ApplyAsync(Analysed("v1", new AnalysisSpec { Tolerance = new ToleranceSpec { Errors = 2 } }));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null } && Condition(deployment).Reason == Reasons.NothingMeasured, "nothing is asked for that is not told");
    }

    private static RolloutStep Weight(int percent, double seconds = 300) => new() { Weight = percent, Hold = TimeSpan.FromSeconds(seconds), MinRequests = 20 };

    private LlmDeployment Bakes(string revision, TimeSpan bake)
    {
        var canary = route.Routed(Samples.Canary(revision, steps: [Weight(50, 0.1)]));
        return canary with { Spec = canary.Spec with { Rollout = canary.Spec.Rollout! with { Bake = bake } } };
    }

    private LlmDeployment Analysed(string revision, AnalysisSpec analysis)
    {
        var canary = route.Routed(Samples.Canary(revision, steps: [Weight(25)]));
        return canary with { Spec = canary.Spec with { Rollout = canary.Spec.Rollout! with { Analysis = analysis } } };
    }

    private static Condition Condition(LlmDeployment deployment) => deployment.Status!.Conditions!.First(condition => condition.Type == ConditionTypes.MetricsAvailable);

    /// <summary>A release behind the route that has all GPUs.</summary>
    private async Task<TestWorld> ScarceAsync(int replicas)
    {
        var world = await StartedWorld.RoutedAsync("v1", output.WriteLine, replicas, route);
        await world.Client.MergePatchAsync<Node>(
            new ObjectKey(string.Empty, "node-1"), new JsonObject { ["status"] = new JsonObject { ["allocatable"] = new JsonObject { ["nvidia.com/gpu"] = $"{replicas}" } } }, "status");
        return world;
    }

    /// <summary>From now on a release answers, and no request is lost.</summary>
    private static async Task AnsweredWithoutFailureAsync(TestWorld world, string servingHash)
    {
        // What the router has yet to learn may still be lost.
        await UntilAnsweredAsync(world, servingHash, 200);
        var failures = world.Router.Failures.Count;
        await UntilAnsweredAsync(world, servingHash, 200);
        Assert.Equal(failures, world.Router.Failures.Count);
    }

    private static async Task UntilAnsweredAsync(TestWorld world, string servingHash, int requests)
    {
        var before = world.Router.AnsweredBy(servingHash);
        await TestWorld.UntilAsync(() => world.Router.AnsweredBy(servingHash) >= before + requests, $"{servingHash} answers {requests} requests");
    }

    private static int? Replicas(TestWorld world, string name) => world.Find<Deployment>("deployments.apps", name)?.Spec?.Replicas;
}
