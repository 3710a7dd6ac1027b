using Xunit;

namespace LlmOps.Kubernetes.Tests.Conformance;

/// <summary>Status and scale.</summary>
public abstract partial class ApiServerConformance
{
    [ConformanceFact]
    public async Task Writes_of_the_object_ignore_status()
    {
        var created = await Api.CreatedAsync(WidgetsPath, Widgets.Of("a", status: """{"phase":"Smuggled"}"""));
        var patched = await Api.MergePatchAsync(Widget("a"), Json("""{"status":{"phase":"Smuggled"}}"""));

        Assert.Null(created.Json["status"]);
        Assert.Null(patched.Json["status"]);
        Assert.Equal(created.ResourceVersion, patched.ResourceVersion);
    }

    [ConformanceFact]
    public async Task Writes_of_status_ignore_all_else_and_keep_the_generation()
    {
        var created = await Api.CreatedAsync(WidgetsPath, Widgets.Of("a"));

        var patched = await Api.MergePatchAsync(
            Widget("a") + "/status", Json("""{"metadata":{"labels":{"x":"y"}},"spec":{"color":"green"},"status":{"phase":"Ready"}}"""));

        Assert.Equal("Ready", (string?)patched.Json["status"]!["phase"]);
        Assert.Equal("red", (string?)patched.Json["spec"]!["color"]);
        Assert.Null(patched.Json["metadata"]!["labels"]);
        Assert.Equal(1, patched.Generation);
        Assert.NotEqual(created.ResourceVersion, patched.ResourceVersion);
    }

    [ConformanceFact]
    public async Task Replacing_the_object_keeps_its_status()
    {
        await Api.CreatedAsync(WidgetsPath, Widgets.Of("a"));
        var withStatus = (await Api.MergePatchAsync(Widget("a") + "/status", Json("""{"status":{"phase":"Ready"}}"""))).Json;
        withStatus.Remove("status");
        withStatus["spec"]!["size"] = 9;

        var replaced = await Api.PutAsync(Widget("a"), withStatus);

        Assert.Equal("Ready", (string?)replaced.Json["status"]!["phase"]);
        Assert.Equal(9, (int?)replaced.Json["spec"]!["size"]);
    }

    [ConformanceFact]
    public async Task Status_is_checked_against_the_schema()
    {
        await Api.CreatedAsync(WidgetsPath, Widgets.Of("a"));

        var reply = await Api.MergePatchAsync(Widget("a") + "/status", Json("""{"status":{"replicas":"many"}}"""));

        Assert.Equal((422, "Invalid"), (reply.Code, reply.Reason));
        Assert.Contains(reply.Causes, static c => c.Field == "status.replicas");
    }

    [ConformanceFact]
    public async Task A_kind_without_status_has_no_status_subresource()
    {
        await Api.CreatedAsync(ConfigMaps, ConfigMap("a"));

        Assert.Equal(404, (await Api.GetAsync($"{ConfigMaps}/a/status")).Code);
    }

    [ConformanceFact]
    public async Task Scale_shows_replicas_and_selector_of_a_custom_resource()
    {
        await Api.CreatedAsync(WidgetsPath, Widgets.Of("a", """{"color":"red","replicas":2}"""));
        await Api.MergePatchAsync(Widget("a") + "/status", Json("""{"status":{"replicas":1,"selector":"app=a"}}"""));

        var scale = await Api.GetAsync(Widget("a") + "/scale");

        Assert.Equal(("autoscaling/v1", "Scale"), ((string?)scale.Json["apiVersion"], (string?)scale.Json["kind"]));
        Assert.Equal(2, (int?)scale.Json["spec"]!["replicas"]);
        AssertJson("""{"replicas":1,"selector":"app=a"}""", scale.Json["status"]);
    }

    [ConformanceFact]
    public async Task Writing_scale_changes_the_replicas_and_the_generation()
    {
        await Api.CreatedAsync(WidgetsPath, Widgets.Of("a", """{"color":"red","replicas":2}"""));
        var scale = await Api.GetAsync(Widget("a") + "/scale");
        scale.Json["spec"]!["replicas"] = 5;

        var replaced = await Api.PutAsync(Widget("a") + "/scale", scale.Json);
        var stale = await Api.PutAsync(Widget("a") + "/scale", scale.Json);
        var patched = await Api.MergePatchAsync(Widget("a") + "/scale", Json("""{"spec":{"replicas":7}}"""));
        var widget = await Api.GetAsync(Widget("a"));

        Assert.Equal(5, (int?)replaced.Json["spec"]!["replicas"]);
        Assert.Equal((409, "Conflict"), (stale.Code, stale.Reason));
        Assert.Equal(7, (int?)patched.Json["spec"]!["replicas"]);
        Assert.Equal(7, (int?)widget.Json["spec"]!["replicas"]);
        Assert.Equal(3, widget.Generation);
    }

    [ConformanceFact]
    public async Task Scale_of_a_deployment_has_its_selector_as_text()
    {
        await Api.CreatedAsync($"/apis/apps/v1/namespaces/{Ns}/deployments", Deployment("a", replicas: 2));

        var scale = await Api.GetAsync($"/apis/apps/v1/namespaces/{Ns}/deployments/a/scale");

        Assert.Equal(2, (int?)scale.Json["spec"]!["replicas"]);
        Assert.Equal("app=a", (string?)scale.Json["status"]!["selector"]);
    }
}
