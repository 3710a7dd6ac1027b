using System.Text.Json;
using LlmOps.Api;
using LlmOps.Operator.Tests.World;
using Xunit;

namespace LlmOps.Operator.Tests.Traffic;

public sealed class RoutersTests
{
    [Fact]
    public async Task Every_route_that_a_spec_can_name_has_a_router_and_the_test_bed_plays_it()
    {
        await using var bed = await ClusterBed.StartAsync();
        var fields = typeof(TrafficSpec).GetProperties().Where(property => property.PropertyType != typeof(string)).Select(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name)).ToList();
        Assert.NotEmpty(fields);
        var kinds = fields.ConvertAll(field =>
        {
            var traffic = JsonSerializer.Deserialize($$$"""{"{{{field}}}":{"name":"chat"}}""", ApiJson.Default.TrafficSpec);
            var reference = RouteReference.Of(traffic);
            Assert.Equal(("chat", $"traffic.{field}"), (reference!.Name, reference.Field));
            return bed.Cluster.RouterOf(reference).Kind;
        });
        Assert.Equal(bed.Cluster.Routers.Select(router => router.Kind), kinds);
        Assert.Equal(RouteKind.All.Select(kind => kind.Kind), kinds);
        Assert.Null(RouteReference.Of(new TrafficSpec { Stickiness = "user" }));
        Assert.Null(RouteReference.Of(null));
    }
}
