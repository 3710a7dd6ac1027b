using System.Text.Json.Nodes;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.Kubernetes.Tests.ApiServer;

public sealed class AccessControlTests : InProcessApiServerTests
{
    [Fact]
    public async Task Who_was_given_rules_may_do_nothing_else()
    {
        Server.Access.Restrict(_ => true, [new(string.Empty, "configmaps", "get"), new(string.Empty, "configmaps", "list", "other")]);

        Assert.Equal(404, (await Api.GetAsync($"{ConfigMaps}/a")).Code);
        Assert.Equal(403, (await Api.GetAsync(ConfigMaps)).Code);
        Assert.Equal(403, (await Api.PostAsync(ConfigMaps, Map("a"))).Code);
        Assert.Equal(2, Server.Access.Refused.Count);
        Assert.Equal(["get"], Server.Access.Used.Keys.Select(rule => rule.Verb));
    }

    [Fact]
    public async Task An_apply_that_makes_an_object_needs_create_beside_patch()
    {
        Server.Access.Restrict(_ => true, [new(string.Empty, "configmaps", "patch")]);

        Assert.Equal(403, (await Api.ApplyAsync($"{ConfigMaps}/a", Map("a"), "m")).Code);
    }

    /// <summary>As the conformance suite has it of the real server, which never makes an object through a subresource.</summary>
    [Fact]
    public async Task The_status_of_what_is_gone_is_not_found_and_needs_no_create()
    {
        Server.Access.Restrict(_ => true, [new(string.Empty, "pods/status", "patch")]);
        var status = JsonNode.Parse("""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"status":{"phase":"Running"}}""")!.AsObject();

        Assert.Equal(404, (await Api.ApplyAsync("/api/v1/namespaces/default/pods/a/status", status, "m")).Code);
        Assert.Empty(Server.Access.Refused);
    }
}
