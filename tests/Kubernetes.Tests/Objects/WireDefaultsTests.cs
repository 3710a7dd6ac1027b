using System.Text.Json;
using LlmOps.Kubernetes;
using Xunit;

namespace LlmOps.Kubernetes.Tests.Objects;

/// <summary>Source-generated JSON sets init-only properties that the text lacks to null; wire records must keep their defaults all the same.</summary>
public sealed class WireDefaultsTests
{
    [Fact]
    public void Lists_and_names_that_the_server_leaves_out_keep_their_defaults()
    {
        var slice = JsonSerializer.Deserialize("""{"metadata": {"name": "a"}}""", EndpointSlice.JsonType)!;
        Assert.Empty(slice.Endpoints);
        Assert.Equal("IPv4", slice.AddressType);
        Assert.Equal("discovery.k8s.io/v1", slice.ApiVersion);
        Assert.Equal("EndpointSlice", slice.Kind);
    }

    [Fact]
    public void Null_in_the_text_is_the_default_too()
    {
        var list = JsonSerializer.Deserialize("""{"metadata": null, "items": null}""", Pod.JsonListType)!;
        Assert.Empty(list.Items);
        Assert.Null(list.Metadata.ResourceVersion);
    }
}
