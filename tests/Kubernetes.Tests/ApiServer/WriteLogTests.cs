using System.Text.Json.Nodes;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.Kubernetes.Tests.ApiServer;

public sealed class WriteLogTests : InProcessApiServerTests
{
    [Fact]
    public async Task The_log_holds_every_successful_write_in_order_and_says_which_changed_nothing()
    {
        await Api.PostAsync(ConfigMaps, Map("a"));
        await Api.PostAsync(ConfigMaps, Map("a"));
        await Api.ApplyAsync($"{ConfigMaps}/b", Map("b"), "operator");
        await Api.ApplyAsync($"{ConfigMaps}/b", Map("b"), "operator");
        await Api.DeleteAsync($"{ConfigMaps}/a");

        Assert.Equal(
            ["create configmaps default/a", "apply configmaps default/b", "apply configmaps default/b (no change)", "delete configmaps default/a"],
            Server.WriteLog.Select(static w => w.ToString()));
        Assert.Equal("operator", Server.WriteLog[1].Request.FieldManager);
        Assert.Equal([1, 2, 3, 4], Server.WriteLog.Select(static w => w.Sequence));
    }

    [Fact]
    public async Task The_hook_sees_the_write_committed()
    {
        var seen = new List<JsonObject?>();
        Server.OnWrite += w => seen.Add(Server.Find("configmaps", w.Namespace, w.Name));

        await Api.PostAsync(ConfigMaps, Map("a", "7"));

        Assert.Equal("7", (string?)Assert.Single(seen)!["data"]!["k"]);
    }

    [Fact]
    public async Task A_crash_comes_right_after_the_write_it_was_set_for_and_its_answer_is_lost()
    {
        var crashed = new List<string>();
        Server.CrashAfterWrite(2, w => crashed.Add(w.Name), counts: r => r.Plural == "configmaps");

        await Api.PostAsync(ConfigMaps, Map("a"));
        await Assert.ThrowsAnyAsync<Exception>(() => Api.PostAsync(ConfigMaps, Map("b")));
        var after = await Api.PostAsync(ConfigMaps, Map("c"));

        Assert.Equal(["b"], crashed);
        Assert.NotNull(Server.Find("configmaps", "default", "b"));
        Assert.Equal(201, after.Code);
    }

    [Fact]
    public async Task Requests_are_counted_by_verb_resource_and_subresource()
    {
        await Api.PostAsync(ConfigMaps, Map("a"));
        await Api.GetAsync(ConfigMaps);
        await Api.GetAsync($"{ConfigMaps}/a");
        await Api.GetAsync("/apis/apps/v1/namespaces/default/deployments/x/scale");

        Assert.Equal(1, Server.Requests.Count("create", "configmaps"));
        Assert.Equal(3, Server.Requests.Count(resource: "configmaps"));
        Assert.Equal(1, Server.Requests.Count("get", "deployments.apps", "scale"));
        Assert.Equal(0, Server.Requests.Count("get", "deployments.apps", string.Empty));
    }

    [Fact]
    public async Task Seeds_are_neither_logged_nor_counted_and_bring_their_status()
    {
        Server.InstallYaml("""
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: a, namespace: default}
            spec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: i}]}}}
            status: {readyReplicas: 1}
            """);

        Assert.Equal(1, (int?)(await Api.GetAsync("/apis/apps/v1/namespaces/default/deployments/a")).Json["status"]!["readyReplicas"]);
        Assert.Empty(Server.WriteLog);
        Assert.Throws<ArgumentException>(() => Server.InstallYaml("{apiVersion: nowhere/v1, kind: Thing, metadata: {name: a}}"));
    }

    [Fact]
    public async Task A_fork_begins_where_its_source_is_and_goes_its_own_way()
    {
        await Api.PostAsync(ConfigMaps, Map("a"));
        Server.InstallYaml("""
            apiVersion: v1
            kind: Pod
            metadata: {name: owned, ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: a, uid: OWNER}]}
            spec: {containers: [{name: c, image: i}]}
            """.Replace("OWNER", (string)Server.Find("configmaps", "default", "a")!["metadata"]!["uid"]!, StringComparison.Ordinal));
        var before = Server.Find("configmaps", "default", "a")!;
        await using var fork = await Server.ForkAsync(new InProcessApiServerOptions { Time = Time });
        using var client = new KubernetesClient(fork.Configuration);

        Assert.Equal(before.ToJsonString(), fork.Find("configmaps", "default", "a")!.ToJsonString());
        Assert.Empty(fork.WriteLog);
        await client.DeleteAsync<ConfigMap>(new("default", "a"));
        await Api.PostAsync(ConfigMaps, Map("b"));

        Assert.Null(fork.Find("pods", "default", "owned"));
        Assert.Null(fork.Find("configmaps", "default", "b"));
        Assert.NotNull(Server.Find("pods", "default", "owned"));
        Assert.NotNull(Server.Find("configmaps", "default", "a"));
    }
}
