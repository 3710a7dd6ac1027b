using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Traffic;
using Xunit;

namespace LlmOps.Operator.Tests.Traffic;

/// <summary>What a VirtualService says, and the patch of it. The arithmetic is that of every route: <see cref="RouteWeightsTests"/>.</summary>
public sealed class VirtualServiceFormatTests
{
    private static readonly VirtualServiceFormat Format = new();

    [Fact]
    public void The_patch_names_nothing_but_weights_and_the_version_it_was_made_for()
    {
        var route = Samples.VirtualService();
        route["metadata"]!["resourceVersion"] = "7";
        Assert.Equal(
            """[{"op":"replace","path":"/metadata/resourceVersion","value":"7"},{"op":"add","path":"/spec/http/0/route/0/weight","value":75},{"op":"add","path":"/spec/http/0/route/1/weight","value":25}]""",
            Patch(route, 25)!.ToJsonString());
        Assert.Null(Patch(Samples.VirtualService(75, 25), 25));

        var after = JsonPatches.Apply(route, Patch(route, 25));
        after["spec"]!["http"]![0]!["route"]![0]!["weight"] = 100;
        after["spec"]!["http"]![0]!["route"]![1]!["weight"] = 0;
        Assert.Equal(route.ToJsonString(), after.ToJsonString());
    }

    /// <summary>Weights as they are written (null: left out), of another destination (-1: there is none), the share in per cent, and ours after.</summary>
    [Theory]
    [InlineData(100, 0, -1, 5, 95, 5)]
    [InlineData(100, null, -1, 5, 95, 5)]
    [InlineData(null, null, -1, 5, 95, 5)]
    [InlineData(null, null, -1, 0, 100, null)]
    [InlineData(90, null, 10, 5, 90, null)]
    [InlineData(100, null, 50, 50, 50, 50)]
    [InlineData(null, null, 50, 5, null, null)]
    [InlineData(1, null, -1, 5, 95, 5)]
    public void A_weight_that_was_left_out_counts_as_0_beside_others(int? stable, int? candidate, int others, int percent, int? newStable, int? newCandidate)
    {
        var route = Samples.VirtualService();
        var destinations = route["spec"]!["http"]![0]!["route"]!.AsArray();
        Set(destinations[0]!, stable);
        Set(destinations[1]!, candidate);
        if (others >= 0)
            destinations.Insert(0, Destination("elsewhere", others));
        var after = JsonPatches.Apply(route, Patch(route, percent))["spec"]!["http"]![0]!["route"]!.AsArray();
        Assert.Equal((newStable, newCandidate), ((int?)after[^2]!["weight"], (int?)after[^1]!["weight"]));
        if (others >= 0)
            Assert.Equal(others, (int)after[0]!["weight"]!);
    }

    [Theory]
    [InlineData("bot-candidate", true)]
    [InlineData("bot-candidate.default", false)]
    [InlineData("bot-candidate.default.svc", false)]
    [InlineData("bot-candidate.default.svc.cluster.local", true)]
    [InlineData("Bot-Candidate.Default.SVC.cluster.local", true)]
    [InlineData("bot-candidate.other.svc.cluster.local", false)]
    [InlineData("bot-candidate.default.svc.clusterset.local", false)]
    [InlineData("bot-candidate.example.com", false)]
    [InlineData("other", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void A_host_is_our_Service_where_Istio_finds_it_by_that_and_nothing_else_is(string? host, bool isOurs)
    {
        var route = Samples.VirtualService();
        route["spec"]!["http"]![0]!["route"]![1]!["destination"]!["host"] = host;
        Assert.Equal(isOurs, Read(route).Splits.Count == 1);
        if (!isOurs)
            Assert.Equal("no route of VirtualService chat lists both Services: add destinations bot-stable (weight 100) and bot-candidate (weight 0), port 8000", Read(route).Problem);
    }

    [Fact]
    public void A_sole_destination_has_all_requests_and_routes_without_destinations_are_left_alone()
    {
        var route = Samples.VirtualService();
        var http = route["spec"]!["http"]!.AsArray();
        http.Insert(0, new JsonObject { ["match"] = new JsonArray(), ["redirect"] = new JsonObject { ["uri"] = "/" } });
        http.Add(new JsonObject { ["name"] = "docs", ["route"] = new JsonArray(new JsonObject { ["destination"] = new JsonObject { ["host"] = "bot-stable" } }) });
        var rules = Format.Rules(route.Deserialize(VirtualService.JsonType)!).ToList();
        Assert.Empty(rules[0].Destinations);
        Assert.Equal([new RouteDestination("bot-stable", 100)], rules[2].Destinations);
        Assert.Equal([1], Read(route).Splits.Select(split => split.Rule));
        Assert.Equal(0, Read(route).WeightPercent);
    }

    [Fact]
    public void Routes_are_chosen_by_name_or_index_and_problems_are_told_in_words_of_the_kind()
    {
        var route = Samples.VirtualService();
        var second = route["spec"]!["http"]![0]!.DeepClone();
        second["name"] = "admin";
        route["spec"]!["http"]!.AsArray().Add(second);
        foreach (var chosen in (string[])["admin", "1"])
            Assert.Equal([1], Read(route, [chosen]).Splits.Select(split => split.Rule));
        Assert.Equal("VirtualService chat has no route 2: correct traffic.virtualService.routes, or name a route so", Read(route, ["2"]).Problem);
        route["spec"]!["http"]![1]!["route"]!.AsArray().Add(Destination("bot-stable", 0));
        Assert.Equal("route 1 of VirtualService chat lists a Service of this LlmDeployment twice: list bot-stable and bot-candidate once each", Read(route, ["1"]).Problem);
        route["spec"]!["http"]![1]!["route"]!.AsArray().RemoveAt(0);
        route["spec"]!["http"]![1]!["route"]!.AsArray().RemoveAt(0);
        Assert.StartsWith("route 1 of VirtualService chat does not list both Services: add destinations", Read(route, ["1"]).Problem, StringComparison.Ordinal);
    }

    /// <summary>The status as Istio writes it at generation 3, and what stands in the way.</summary>
    [Theory]
    [InlineData("null", null, false)]
    [InlineData("{}", null, false)]
    [InlineData("""{"observedGeneration":"2"}""", null, false)]
    [InlineData("""{"observedGeneration":"3","conditions":[{"type":"Reconciled","status":"True"}]}""", null, false)]
    [InlineData("""{"observedGeneration":3,"conditions":[{"type":"PassedAnalysis","status":"False"},{"type":"Reconciled","status":"True"}]}""", null, false)]
    [InlineData("""{"conditions":[{"type":"Reconciled","status":"True","observedGeneration":"3"}]}""", null, false)]
    [InlineData("""{"conditions":[{"type":"PassedAnalysis","status":"False"}]}""", null, false)]
    [InlineData("""{"observedGeneration":"2","conditions":[{"type":"Reconciled","status":"True"}]}""", "Istio has not taken up the newest weights of VirtualService chat yet", false)]
    [InlineData("""{"observedGeneration":"2","conditions":[{"type":"Reconciled","status":"True","observedGeneration":"3"}]}""", "Istio has not taken up the newest weights of VirtualService chat yet", false)]
    [InlineData("""{"observedGeneration":3,"conditions":[{"type":"Reconciled","status":"False","observedGeneration":2}]}""", "Istio has not taken up the newest weights of VirtualService chat yet", false)]
    [InlineData("""{"conditions":[{"type":"Reconciled","status":"True"}]}""", "Istio has not taken up the newest weights of VirtualService chat yet", false)]
    [InlineData("""{"observedGeneration":3,"conditions":[{"type":"Reconciled","status":"False","message":"61/122 complete"}]}""", "Istio says of VirtualService chat: Reconciled is False: 61/122 complete", false)]
    [InlineData("""{"observedGeneration":3,"conditions":[{"type":"Reconciled","status":"Unknown"}]}""", "Istio says of VirtualService chat: Reconciled is Unknown: ", false)]
    [InlineData("""{"validationMessages":[{"type":{"code":"IST0102","name":"A"},"level":"WARNING"},{"level":"INFO"}]}""", null, false)]
    [InlineData("""{"validationMessages":[{"type":{"code":"IST0101","name":"ReferencedResourceNotFound"},"level":"ERROR","documentationUrl":"https://istio.io"}]}""", "Istio finds an error in VirtualService chat: IST0101 ReferencedResourceNotFound (https://istio.io)", true)]
    [InlineData("""{"observedGeneration":3,"conditions":[{"type":"Reconciled","status":"True"}],"validationMessages":[{"level":"Error"}]}""", "Istio finds an error in VirtualService chat", true)]
    public void A_weight_is_in_effect_when_it_is_written_unless_Istio_says_otherwise(string status, string? obstacle, bool needsSomebody)
    {
        var route = Samples.VirtualService();
        route["metadata"]!["generation"] = 3;
        route["status"] = JsonNode.Parse(status);
        var found = Format.Obstacle(route.Deserialize(VirtualService.JsonType)!);
        if (obstacle is null)
            Assert.Null(found);
        else
            Assert.StartsWith(obstacle, found!.Message, StringComparison.Ordinal);
        Assert.Equal(needsSomebody, found?.NeedsSomebody == true);
    }

    private static RouteReading Read(JsonObject route, IReadOnlyList<string>? routes = null) => RouteWeights.Read(Format, route.Deserialize(VirtualService.JsonType)!, Asked(routes));

    private static JsonArray? Patch(JsonObject route, int percent) => RouteWeights.Patch(Format, route.Deserialize(VirtualService.JsonType)!, Read(route), percent, mayRise: true);

    private static AskedRoute Asked(IReadOnlyList<string>? routes) =>
        new(new(Samples.Namespace, "chat"), RouteReference.Of(new TrafficSpec { VirtualService = new VirtualServiceTrafficSpec { Name = "chat", Routes = routes } })!, RouteBackends.Of("bot"));

    private static JsonObject Destination(string host, int weight) => new() { ["destination"] = new JsonObject { ["host"] = host }, ["weight"] = weight };

    private static void Set(JsonNode destination, int? weight)
    {
        destination.AsObject().Remove("weight");
        if (weight is not null)
            destination["weight"] = weight;
    }
}
