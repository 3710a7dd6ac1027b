using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Operator.Tests.World;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Scenarios;

/// <summary>What only a VirtualService does. The rest is the same for routes of each kind: <see cref="RoutedRolloutTests"/>.</summary>
public sealed class VirtualServiceTests(ITestOutputHelper output)
{
    private static readonly RolloutStep Held = new() { Weight = 25, Hold = TimeSpan.FromMinutes(1) };

    [Fact]
    public async Task Where_Istio_writes_no_status_a_weight_is_in_effect_when_it_is_written()
    {
        await using var world = await TestWorld.StartAsync(output.WriteLine, withRouter: true, route: RouteKind.OfIstio);
        world.Router.TellsStatus = false;
        await world.ApplyAsync(Samples.AsApplied(Samples.Gate()));
        world.Server.Seed(Samples.VirtualService());
        await world.ApplyAsync(Samples.InMesh(Samples.Canary("v1")));
        var serving = await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable: not null } && RouteKind.Accepted(deployment) is { Status: "True" }, "v1 serves");
        Assert.Equal("VirtualService chat has its weights; Istio writes no status that says whether its proxies have them", RouteKind.Accepted(serving)!.Message);

        await world.ApplyAsync(Samples.InMesh(Samples.Canary("v2")));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2", Retiring: null }, "v2 is stable");
        await TestWorld.UntilAsync(() => RouteTrail.Weights(world) == (100, 0), "the route ends at 100 to 0");
        Assert.Null(world.Chat!["status"]);
    }

    [Fact]
    public async Task Proxies_that_lack_the_newest_weights_hold_the_step_and_stall_nothing_and_an_error_needs_somebody()
    {
        await using var world = await StartedWorld.RoutedAsync("v1", output.WriteLine, route: RouteKind.OfIstio);
        var generation = (long)world.Chat!["metadata"]!["generation"]!;
        world.Router.Accepts = metadata => metadata.Generation == generation ? "True" : "False";
        await world.ApplyAsync(Samples.InMesh(Samples.Canary("v2", steps: [Held])));
        var waiting = await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 25, Rollout.Reason: Reasons.RouteNotAccepted } && RouteKind.Accepted(deployment)!.Message.Contains("1/2 proxies", StringComparison.Ordinal), "proxies are late");
        Assert.Null(waiting.Status!.Rollout!.HoldStartedAt);
        Assert.Equal("False", Condition(waiting, ConditionTypes.Stalled).Status);

        world.Router.Accepts = _ => null;
        var error = new JsonObject { ["type"] = new JsonObject { ["code"] = "IST0101", ["name"] = "ReferencedResourceNotFound" }, ["level"] = "ERROR", ["documentationUrl"] = "https://istio.io" };
        await world.Route.PatchAsync(world.Client, new(Samples.Namespace, "chat"), new JsonObject { ["status"] = new JsonObject { ["validationMessages"] = new JsonArray(error) } }, "status", CancellationToken.None);
        var stalled = await world.UntilAsync(deployment => Condition(deployment, ConditionTypes.Stalled) is { Status: "True", Reason: Reasons.RouteNotAccepted }, "an error is told");
        Assert.Contains("IST0101 ReferencedResourceNotFound", Condition(stalled, ConditionTypes.Stalled).Message, StringComparison.Ordinal);
        Assert.Equal(25, stalled.Status!.Candidate!.Weight);

        await world.ApplyAsync(Samples.InMesh(Samples.Canary("v1")));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Retiring: null } && RouteTrail.Weights(world) == (100, 0), "v2 is reverted");
    }

    [Fact]
    public async Task A_foreign_edit_of_our_weights_is_undone_and_of_anything_else_stays()
    {
        await using var world = await StartedWorld.RoutedAsync("v1", output.WriteLine, route: RouteKind.OfIstio);
        await world.ApplyAsync(Samples.InMesh(Samples.Canary("v2", steps: [Held])));
        await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 25, Rollout.HoldStartedAt: not null }, "v2 holds 25%");

        var mine = world.Chat!["spec"]!.DeepClone();
        mine["http"]![0]!["route"]![0]!["weight"] = 0;
        mine["http"]![0]!["route"]![1]!["weight"] = 100;
        mine["http"]![0]!["retries"] = new JsonObject { ["attempts"] = 0 };
        mine["http"]!.AsArray().Add(new JsonObject { ["route"] = new JsonArray(new JsonObject { ["destination"] = new JsonObject { ["host"] = "docs" } }) });
        await world.Route.PatchAsync(world.Client, new(Samples.Namespace, "chat"), new JsonObject { ["spec"] = mine.DeepClone() }, null, CancellationToken.None);
        await TestWorld.UntilAsync(() => RouteTrail.Weights(world) == (75, 25), "the weights are back");

        mine["http"]![0]!["route"]![0]!["weight"] = 75;
        mine["http"]![0]!["route"]![1]!["weight"] = 25;
        Assert.Equal(mine.ToJsonString(), world.Chat!["spec"]!.ToJsonString());
        Assert.Equal("platform", (string?)world.Chat["metadata"]!["annotations"]!["owner"]);
    }

    [Fact]
    public async Task Without_Istio_the_operator_works_and_says_what_to_install()
    {
        await using var world = await TestWorld.StartAsync(output.WriteLine);
        await world.ApplyAsync(Samples.AsApplied(Samples.Gate()));
        await world.ApplyAsync(Samples.InMesh(Samples.Canary("v1")));
        var stalled = await world.UntilAsync(deployment => deployment.Status is { Stable: not null } && Condition(deployment, ConditionTypes.Stalled).Status == "True", "it is told");
        Assert.Equal(Reasons.RouteNotFound, Condition(stalled, ConditionTypes.Stalled).Reason);
        Assert.Contains("VirtualService chat cannot be read: install Istio (networking.istio.io/v1), and let the operator list VirtualServices", Condition(stalled, ConditionTypes.Stalled).Message, StringComparison.Ordinal);
    }

    private static Kubernetes.Condition Condition(LlmDeployment deployment, string type) => deployment.Status!.Conditions!.First(condition => condition.Type == type);
}
