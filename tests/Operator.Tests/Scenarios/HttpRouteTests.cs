using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Scenarios;

/// <summary>Requests that come by an HTTPRoute of somebody else: what stays as it is, and what is waited for. The rest is the same for routes of each kind: <see cref="RoutedRolloutTests"/>.</summary>
public sealed class HttpRouteTests(ITestOutputHelper output)
{
    private const string Routes = "httproutes.gateway.networking.k8s.io";

    [Fact]
    public async Task A_weight_that_is_not_accepted_starts_no_hold_and_a_revert_does_not_wait_for_it()
    {
        await using var world = await StartedWorld.RoutedAsync("v1", output.WriteLine);
        var generation = world.Find<HttpRoute>(Routes, "chat")!.Metadata.Generation;
        world.Router.Accepts = route => route.Generation == generation ? "True" : "False";
        await world.ApplyAsync(Samples.Routed(Samples.Canary("v2", steps: [new RolloutStep { Weight = 25, Hold = TimeSpan.FromMilliseconds(1) }])));
        var waiting = await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 25, Rollout.Reason: Reasons.RouteNotAccepted } && IsRefused(deployment), "the weight is refused");
        Assert.Null(waiting.Status!.Rollout!.HoldStartedAt);
        Assert.NotNull(waiting.Status.Rollout.Deadline);
        Assert.Contains("the listener refuses it", Condition(waiting, ConditionTypes.Stalled).Message, StringComparison.Ordinal);
        await world.QuietAsync();
        Assert.Equal(25, world.Get().Status!.Candidate!.Weight);

        await world.ApplyAsync(Samples.Routed(Samples.Canary("v1")));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Retiring: null } && Weights(world) == (100, 0), "v2 is reverted");
    }

    [Fact]
    public async Task A_foreign_edit_of_our_weights_is_undone_and_of_anything_else_stays()
    {
        await using var world = await StartedWorld.RoutedAsync("v1", output.WriteLine);
        await world.ApplyAsync(Samples.Routed(Samples.Canary("v2", steps: [new RolloutStep { Weight = 25, Hold = TimeSpan.FromMinutes(1) }])));
        await world.UntilAsync(_ => Weights(world) == (75, 25), "v2 has 25%");
        await world.UntilAsync(deployment => deployment.Status is { Rollout.HoldStartedAt: not null }, "v2 holds 25%");

        var mine = world.Server.Find(Routes, Samples.Namespace, "chat")!["spec"]!.DeepClone();
        mine["rules"]![0]!["backendRefs"]![0]!["weight"] = 0;
        mine["rules"]![0]!["backendRefs"]![1]!["weight"] = 100;
        mine["rules"]![0]!["filters"]!.AsArray().Add(new JsonObject { ["type"] = "RequestMirror", ["requestMirror"] = new JsonObject { ["backendRef"] = new JsonObject { ["name"] = "audit" } } });
        mine["rules"]!.AsArray().Add(new JsonObject { ["backendRefs"] = new JsonArray(new JsonObject { ["name"] = "docs", ["weight"] = 3 }) });
        await world.Client.MergePatchAsync<HttpRoute>(new(Samples.Namespace, "chat"), new JsonObject { ["spec"] = mine.DeepClone() });
        await TestWorld.UntilAsync(() => Weights(world) == (75, 25), "the weights are back");

        mine["rules"]![0]!["backendRefs"]![0]!["weight"] = 75;
        mine["rules"]![0]!["backendRefs"]![1]!["weight"] = 25;
        Assert.Equal(mine.ToJsonString(), world.Server.Find(Routes, Samples.Namespace, "chat")!["spec"]!.ToJsonString());
        Assert.Equal("platform", (string?)world.Server.Find(Routes, Samples.Namespace, "chat")!["metadata"]!["annotations"]!["owner"]);
    }

    [Fact]
    public async Task A_route_that_is_missing_or_without_our_backends_holds_a_rollout_until_it_is_mended()
    {
        await using var world = await TestWorld.StartAsync(output.WriteLine, withRouter: true);
        await world.ApplyAsync(Samples.AsApplied(Samples.Gate()));
        await world.ApplyAsync(Samples.Routed(Samples.Canary("v1")));
        var missing = await world.UntilAsync(deployment => deployment.Status is { Stable: not null, Candidate: null } && Condition(deployment, ConditionTypes.Stalled).Status == "True", "the route is missed");
        Assert.Equal(Reasons.RouteNotFound, Condition(missing, ConditionTypes.RouteAccepted).Reason);

        await world.ApplyAsync(Samples.Routed(Samples.Canary("v2")));
        await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 0, Rollout.Reason: Reasons.RouteNotFound }, "the rollout waits for the route");
        var empty = Samples.Route();
        empty["spec"]!["rules"]![0]!["backendRefs"]!.AsArray().RemoveAt(1);
        world.Server.Seed(empty);
        await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 0, Rollout.Reason: Reasons.RouteWithoutBackends }, "the rollout waits for the backends");

        world.Server.Seed(Samples.Route());
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2", Retiring: null }, "v2 is stable");
        await TestWorld.UntilAsync(() => Weights(world) == (100, 0), "the route ends at 100 to 0");
    }

    [Fact]
    public async Task Without_Gateway_API_the_operator_works_and_says_what_to_install()
    {
        await using var world = await TestWorld.StartAsync(output.WriteLine);
        await world.ApplyAsync(Samples.AsApplied(Samples.Gate()));
        await world.ApplyAsync(Samples.Canary("v1", name: "plain"));
        await world.ApplyAsync(Samples.Routed(Samples.Canary("v1")));
        await world.UntilAsync(deployment => deployment.Status is { Stable: not null, Candidate: null }, "a release without a route serves", "plain");
        var stalled = await world.UntilAsync(deployment => deployment.Status is { Stable: not null } && Condition(deployment, ConditionTypes.Stalled).Status == "True", "it is told");
        Assert.Equal(Reasons.RouteNotFound, Condition(stalled, ConditionTypes.Stalled).Reason);
        Assert.Contains("install Gateway API", Condition(stalled, ConditionTypes.Stalled).Message, StringComparison.Ordinal);
        Assert.DoesNotContain(world.Server.WriteLog, write => write.Request.Plural == "httproutes");
    }

    [Fact]
    public async Task The_engines_own_counters_stand_in_for_a_gateway_that_sees_no_requests()
    {
        await using var world = await StartedWorld.RoutedAsync("v1", output.WriteLine, replicas: 1);
        await using var second = await SplitEnginesAsync(world);
        world.Gateway.IsQuiet = true;
        await world.ApplyAsync(Samples.Routed(Samples.Canary("v2", replicas: 1, steps: [new RolloutStep { Weight = 25, Hold = TimeSpan.FromMilliseconds(100), MinRequests = 50 }])));
        var promoted = await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2" }, "v2 is stable");

        Assert.True(promoted.Status!.History![0].CandidateRequests >= 50);
        Assert.All(promoted.Status.Rollout!.Evidence!, row => Assert.True(row.OfEngine));
        Assert.True(promoted.Status.History[0].CandidateRequests <= second.Answered, "no request is counted twice");
        Assert.Empty(world.Router.Failures);
    }

    [Fact]
    public async Task Requests_that_do_not_follow_the_weight_hold_the_step_and_revert_nothing()
    {
        await using var world = await StartedWorld.RoutedAsync("v1", output.WriteLine, replicas: 1);
        await using var second = await SplitEnginesAsync(world);
        world.Gateway.IsQuiet = true;
        world.Router.Leak = 0.6;
        await world.ApplyAsync(Samples.Routed(Samples.Canary("v2", replicas: 1, steps: [new RolloutStep { Weight = 50, Hold = TimeSpan.FromSeconds(1), MinRequests = 400 }])));
        // A fifth of the requests in place of a half: with 400 of the candidate nobody takes that for chance, so the step cannot be over before it is seen.
        var held = await world.UntilAsync(deployment => deployment.Status?.Rollout?.Reason == Reasons.TrafficShareMismatch, "the share misses the weight");
        Assert.Contains("50% was asked for", held.Status!.Rollout!.Message, StringComparison.Ordinal);
        Assert.Equal(50, held.Status.Candidate!.Weight);
        Assert.Contains(held.Status.Rollout.Verdicts!, verdict => verdict is { Name: "traffic/share", Verdict: Verdicts.Inconclusive });
        Assert.Equal(Reasons.TrafficShareMismatch, Condition(held, ConditionTypes.Stalled).Reason);
    }

    private static async Task<FakeEngine> SplitEnginesAsync(TestWorld world)
    {
        var second = await FakeEngine.StartAsync();
        world.Router.Engines[world.Engine.Address] = world.Engine;
        world.Router.Engines[second.Address] = second;
        world.Nodes.Addresses = deployment => deployment.Spec!.Template!.Spec!.Containers[0].Args!.Contains("v2") ? second.Address : world.Engine.Address;
        return second;
    }

    private static (int Stable, int Candidate) Weights(TestWorld world) => RouteTrail.Weights(world);

    private static bool IsRefused(LlmDeployment deployment) => Condition(deployment, ConditionTypes.Stalled).Reason == Reasons.RouteNotAccepted;

    private static Condition Condition(LlmDeployment deployment, string type) => deployment.Status!.Conditions!.First(condition => condition.Type == type);
}
