using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Traffic;
using Xunit;

namespace LlmOps.Operator.Tests.Traffic;

/// <summary>The arithmetic of weights, on an HTTPRoute, and when an HTTPRoute is accepted.</summary>
public sealed class RouteWeightsTests
{
    private static readonly HttpRouteFormat Format = new();

    [Fact]
    public void Only_the_two_weights_change_and_everything_else_stays_byte_by_byte()
    {
        var route = Samples.Route();
        route["metadata"]!["resourceVersion"] = "7";
        var after = Patched(route, 25);
        Assert.Equal((75, 25), Weights(after, 0));
        after["spec"]!["rules"]![0]!["backendRefs"]![0]!["weight"] = 100;
        after["spec"]!["rules"]![0]!["backendRefs"]![1]!["weight"] = 0;
        Assert.Equal(route.ToJsonString(), after.ToJsonString());
    }

    [Fact]
    public void The_patch_names_nothing_but_weights_and_the_version_it_was_made_for()
    {
        var route = Samples.Route();
        route["metadata"]!["resourceVersion"] = "7";
        Assert.Equal(
            """[{"op":"replace","path":"/metadata/resourceVersion","value":"7"},{"op":"add","path":"/spec/rules/0/backendRefs/0/weight","value":75},{"op":"add","path":"/spec/rules/0/backendRefs/1/weight","value":25}]""",
            Patch(route, 25)!.ToJsonString());
        Assert.Null(Patch(Samples.Route(75, 25), 25));
    }

    /// <summary>Weights of ours before, of others, the share in per cent, and ours after.</summary>
    [Theory]
    [InlineData(100, 0, 0, 5, 95, 5)]
    [InlineData(100, 0, 50, 5, 95, 5)]
    [InlineData(95, 5, 50, 0, 100, 0)]
    [InlineData(1000, 0, 0, 5, 950, 50)]
    [InlineData(1, 1, 0, 0, 2, 0)]
    [InlineData(1, 1, 0, 5, 95, 5)]
    [InlineData(0, 0, 0, 5, 95, 5)]
    [InlineData(0, 0, 0, 0, 100, 0)]
    [InlineData(0, 0, 10, 5, 0, 0)]
    [InlineData(10, 0, 7, 5, 10, 0)]
    [InlineData(3, 7, 7, 0, 10, 0)]
    [InlineData(0, 100, 30, 100, 0, 100)]
    public void Our_two_share_what_they_have_and_others_keep_their_part(int stable, int candidate, int others, int percent, int newStable, int newCandidate)
    {
        var route = Samples.Route(stable, candidate);
        if (others > 0)
            route["spec"]!["rules"]![0]!["backendRefs"]!.AsArray().Insert(0, new JsonObject { ["name"] = "elsewhere", ["port"] = 80, ["weight"] = others });
        var after = Patched(route, percent);
        var first = others > 0 ? 1 : 0;
        Assert.Equal((newStable, newCandidate), Weights(after, first));
        if (others > 0)
            Assert.Equal(others, (int)after["spec"]!["rules"]![0]!["backendRefs"]![0]!["weight"]!);
    }

    [Fact]
    public void A_weight_that_was_left_out_counts_as_1_and_is_written()
    {
        var route = Samples.Route();
        route["spec"]!["rules"]![0]!["backendRefs"]![0]!.AsObject().Remove("weight");
        Assert.Equal((75, 25), Weights(Patched(route, 25), 0));
        Assert.Equal(0, Read(route).WeightPercent);
    }

    [Fact]
    public void A_sum_that_cannot_be_divided_beside_other_backends_is_a_problem_and_can_still_be_taken_back()
    {
        var route = Samples.Route(6, 4);
        route["spec"]!["rules"]![0]!["backendRefs"]!.AsArray().Add(new JsonObject { ["name"] = "elsewhere", ["weight"] = 5 });
        Assert.Contains("add up to 10", Read(route).Problem, StringComparison.Ordinal);
        Assert.Equal((10, 0), Weights(Patched(route, 0), 0));
    }

    [Fact]
    public void Rules_are_chosen_by_name_or_index_and_the_others_are_left_alone()
    {
        var route = Samples.Route();
        var second = route["spec"]!["rules"]![0]!.DeepClone();
        second["name"] = "admin";
        route["spec"]!["rules"]!.AsArray().Add(second);
        foreach (var chosen in (string[])["admin", "1"])
        {
            var after = Patched(route, 25, [chosen]);
            Assert.Equal((100, 0), Weights(after, 0));
            Assert.Equal(25, (int)after["spec"]!["rules"]![1]!["backendRefs"]![1]!["weight"]!);
        }

        Assert.Contains("has no rule 2", Read(route, ["2"]).Problem, StringComparison.Ordinal);
        Assert.Equal(2, Read(route).Splits.Count);
    }

    [Theory]
    [InlineData("namespace", "other")]
    [InlineData("kind", "InferencePool")]
    [InlineData("group", "example.com")]
    public void A_backend_of_our_name_that_is_something_else_is_not_ours(string field, string value)
    {
        var route = Samples.Route();
        route["spec"]!["rules"]![0]!["backendRefs"]![1]![field] = value;
        Assert.Contains("no rule of HTTPRoute chat lists both Services", Read(route).Problem, StringComparison.Ordinal);
        Assert.Null(Patch(route, 25));
    }

    [Fact]
    public void A_Service_that_is_listed_twice_is_a_problem()
    {
        var route = Samples.Route();
        route["spec"]!["rules"]![0]!["backendRefs"]!.AsArray().Add(route["spec"]!["rules"]![0]!["backendRefs"]![0]!.DeepClone());
        Assert.Contains("twice", Read(route).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Rules_that_differ_have_no_common_share()
    {
        var route = Samples.Route(75, 25);
        var second = route["spec"]!["rules"]![0]!.DeepClone();
        second["backendRefs"]![1]!["weight"] = 75;
        route["spec"]!["rules"]!.AsArray().Add(second);
        Assert.Null(Read(route).WeightPercent);
        Assert.Equal(25, Read(Samples.Route(75, 25)).WeightPercent);
    }

    [Theory]
    [InlineData(3, "True", 3, "True", 3, null, false)]
    [InlineData(3, "True", 3, "True", 2, "has not taken up the newest weights", false)]
    [InlineData(3, "False", 3, "True", 3, "Accepted is False", true)]
    [InlineData(3, "True", 3, "False", 3, "ResolvedRefs is False", true)]
    [InlineData(3, "False", 2, "True", 3, "has not taken up the newest weights", false)]
    public void A_route_is_accepted_when_its_parent_says_so_of_its_generation(long generation, string accepted, long acceptedAt, string resolved, long resolvedAt, string? problem, bool refused)
    {
        var route = Route(generation, new RouteParentReference { Name = "public" }, Answer("public", ("Accepted", accepted, acceptedAt), ("ResolvedRefs", resolved, resolvedAt)));
        CheckAcceptance(route, problem, refused);
    }

    [Fact]
    public void Every_parent_that_a_route_asks_for_must_answer_and_one_that_it_left_does_not_matter()
    {
        var yes = Answer("public", ("Accepted", "True", 1), ("ResolvedRefs", "True", 1));
        var route = Route(1, new RouteParentReference { Name = "public" }, yes, Answer("left", ("Accepted", "False", 1)));
        CheckAcceptance(route, null, false);
        CheckAcceptance(route with { Spec = route.Spec! with { ParentRefs = [.. route.Spec.ParentRefs!, new RouteParentReference { Name = "second" }] } }, "Gateway second has not accepted", false);
    }

    private static void CheckAcceptance(HttpRoute route, string? problem, bool refused)
    {
        var found = Format.Obstacle(route);
        if (problem is null)
            Assert.Null(found);
        else
            Assert.Contains(problem, found!.Message, StringComparison.Ordinal);
        Assert.Equal(refused, found?.NeedsSomebody == true);
    }

    private static HttpRoute Route(long generation, RouteParentReference parent, params RouteParentStatus[] answers) => new()
    {
        Metadata = new ObjectMeta { Name = "chat", Namespace = "default", Generation = generation },
        Spec = new HttpRouteSpec { ParentRefs = [parent] },
        Status = new HttpRouteStatus { Parents = answers },
    };

    private static RouteParentStatus Answer(string parent, params (string Type, string Status, long Generation)[] conditions) => new()
    {
        ParentRef = new RouteParentReference { Name = parent, Group = "gateway.networking.k8s.io", Kind = "Gateway", Namespace = "default" },
        Conditions =
        [
            .. conditions.Select(condition => new Condition
            {
                Type = condition.Type, Status = condition.Status, Reason = "Test", Message = "told", LastTransitionTime = DateTimeOffset.UnixEpoch, ObservedGeneration = condition.Generation,
            }),
        ],
    };

    private static RouteReading Read(JsonObject route, IReadOnlyList<string>? rules = null) => RouteWeights.Read(Format, route.Deserialize(HttpRoute.JsonType)!, Asked(rules));

    private static JsonArray? Patch(JsonObject route, int percent, IReadOnlyList<string>? rules = null) =>
        RouteWeights.Patch(Format, route.Deserialize(HttpRoute.JsonType)!, Read(route, rules), percent, mayRise: true);

    private static JsonObject Patched(JsonObject route, int percent, IReadOnlyList<string>? rules = null) => JsonPatches.Apply(route, Patch(route, percent, rules));

    private static AskedRoute Asked(IReadOnlyList<string>? rules) =>
        new(new(Samples.Namespace, "chat"), RouteReference.Of(new TrafficSpec { HttpRoute = new HttpRouteTrafficSpec { Name = "chat", Rules = rules } })!, RouteBackends.Of("bot"));

    private static (int Stable, int Candidate) Weights(JsonObject route, int first) =>
        ((int)route["spec"]!["rules"]![0]!["backendRefs"]![first]!["weight"]!, (int)route["spec"]!["rules"]![0]!["backendRefs"]![first + 1]!["weight"]!);
}
