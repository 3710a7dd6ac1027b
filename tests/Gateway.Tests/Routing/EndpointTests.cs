using LlmOps.Gateway.Routing;
using LlmOps.Gateway.Tests.Fakes;
using LlmOps.Kubernetes;

namespace LlmOps.Gateway.Tests.Routing;

/// <summary>Endpoints from EndpointSlices.</summary>
public sealed class EndpointTests
{
    private static readonly ObjectKey Service = new("default", "stable");

    private readonly EndpointRegistry registry = new();

    [Theory]
    [InlineData("IPv4", "10.0.0.2", 8000, "10.0.0.2:8000")]
    [InlineData("IPv6", "fd00::1", 8000, "[fd00::1]:8000")]
    [InlineData("IPv6", "::ffff:10.0.0.2", 8000, "[::ffff:10.0.0.2]:8000")]
    [InlineData("IPv4", "a b", 8000, null)]
    [InlineData("IPv4", "10.0.0.2/x?", 8000, null)]
    [InlineData("IPv4", "user@10.0.0.2", 8000, null)]
    [InlineData("IPv4", "evil.example", 8000, null)]
    [InlineData("IPv4", "010.0.0.2", 8000, null)]
    [InlineData("IPv4", "10.2", 8000, null)]
    [InlineData("IPv4", "fd00::1", 8000, null)]
    [InlineData("IPv4", null, 8000, null)]
    [InlineData("IPv6", "10.0.0.2", 8000, null)]
    [InlineData("IPv6", "[fd00::1]", 8000, null)]
    [InlineData("IPv6", "fd00::1%eth0", 8000, null)]
    [InlineData("FQDN", "10.0.0.2", 8000, null)]
    [InlineData("IPv4", "10.0.0.2", 0, null)]
    [InlineData("IPv4", "10.0.0.2", -1, null)]
    [InlineData("IPv4", "10.0.0.2", 65536, null)]
    public void An_address_is_an_endpoint_and_what_is_none_keeps_no_other_from_coming_and_going(string type, string? address, int port, string? authority)
    {
        var slice = Cluster.Slice("stable", new Uri("http://10.0.0.1:8000"));
        var odd = slice with { Metadata = slice.Metadata with { Name = "odd" }, AddressType = type, Ports = [new() { Name = "http", Port = port }], Endpoints = [new() { Addresses = [address!] }] };
        registry.Apply(null, odd);
        registry.Apply(null, slice);
        Assert.Equal([.. authority is null ? [] : new[] { authority }, "10.0.0.1:8000"], Authorities().OrderBy(a => a == "10.0.0.1:8000"));

        registry.Apply(slice, null);
        Assert.Equal(authority is null ? [] : [authority], Authorities());
        registry.Apply(odd, null);
        Assert.Empty(Authorities());
    }

    private IEnumerable<string> Authorities() => registry.Ready(Service).Select(endpoint => endpoint.Authority);
}
