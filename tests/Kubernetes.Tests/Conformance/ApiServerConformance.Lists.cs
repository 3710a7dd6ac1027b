using System.Text.Json.Nodes;
using Xunit;

namespace LlmOps.Kubernetes.Tests.Conformance;

/// <summary>Lists: selectors, namespaces, pages.</summary>
public abstract partial class ApiServerConformance
{
    [ConformanceFact]
    public async Task A_list_has_a_version_to_watch_from_and_its_objects_in_order_of_names()
    {
        foreach (var name in new[] { "b", "a", "c" })
            await Api.CreatedAsync(WidgetsPath, Widgets.Of(name));

        var list = await Api.GetAsync(WidgetsPath);

        Assert.Equal(["a", "b", "c"], list.Names);
        Assert.Equal("WidgetList", (string?)list.Json["kind"]);
        Assert.True(long.Parse(list.ResourceVersion) >= list.Items.Max(static i => long.Parse((string)i["metadata"]!["resourceVersion"]!)));
    }

    [ConformanceFact]
    public async Task A_list_of_all_namespaces_holds_those_of_every_namespace()
    {
        await Api.CreatedAsync(WidgetsPath, Widgets.Of("a"));

        var list = await Api.GetAsync($"/apis/{Widgets.ApiVersion}/widgets");

        Assert.Contains(list.Items, i => (string?)i["metadata"]!["namespace"] == Ns && (string?)i["metadata"]!["name"] == "a");
    }

    [ConformanceFact]
    public async Task Label_selectors_select()
    {
        await Api.CreatedAsync(ConfigMaps, ConfigMap("a", labels: """{"track":"stable","app":"x"}"""));
        await Api.CreatedAsync(ConfigMaps, ConfigMap("b", labels: """{"track":"candidate","app":"x"}"""));
        await Api.CreatedAsync(ConfigMaps, ConfigMap("c", labels: """{"app":"y"}"""));

        Assert.Equal(["a"], await Selected("track=stable"));
        Assert.Equal(["a", "b"], await Selected("app==x"));
        Assert.Equal(["a", "b"], await Selected("track"));
        Assert.Equal(["a", "b"], await Selected("track in (stable,candidate),app=x"));
        Assert.Equal(["b", "c"], await Selected("app,track!=stable"));
        Assert.Equal(["c"], await Selected("app,track notin (stable,candidate)"));
        Assert.Equal(["c"], await Selected("app,!track"));

        async Task<IReadOnlyList<string>> Selected(string selector) =>
            (await Api.GetAsync($"{ConfigMaps}?labelSelector={Uri.EscapeDataString(selector)}")).Names;
    }

    [ConformanceFact]
    public async Task Field_selectors_select_by_name_node_and_phase()
    {
        await Api.CreatedAsync($"/api/v1/namespaces/{Ns}/pods", Pod("a", "node-1"));
        await Api.CreatedAsync($"/api/v1/namespaces/{Ns}/pods", Pod("b", "node-2"));

        Assert.Equal(["a"], (await Api.GetAsync($"/api/v1/namespaces/{Ns}/pods?fieldSelector=spec.nodeName%3Dnode-1")).Names);
        Assert.Equal(["b"], (await Api.GetAsync($"/api/v1/namespaces/{Ns}/pods?fieldSelector=metadata.name%3Db")).Names);
        Assert.Equal(["a", "b"], (await Api.GetAsync($"/api/v1/namespaces/{Ns}/pods?fieldSelector=status.phase%3DPending")).Names);
        Assert.Equal(400, (await Api.GetAsync($"{ConfigMaps}?fieldSelector=spec.color%3Dred")).Code);
    }

    [ConformanceFact]
    public async Task Pages_of_a_list_show_one_state()
    {
        foreach (var name in new[] { "a", "b", "c", "d", "e" })
            await Api.CreatedAsync(WidgetsPath, Widgets.Of(name));

        var first = await Api.GetAsync(WidgetsPath + "?limit=2");
        await Api.CreatedAsync(WidgetsPath, Widgets.Of("bb"));
        await Api.DeleteAsync(Widget("d"));
        var second = await Api.GetAsync($"{WidgetsPath}?limit=2&continue={Continue(first)}");
        var third = await Api.GetAsync($"{WidgetsPath}?limit=2&continue={Continue(second)}");

        Assert.Equal(["a", "b"], first.Names);
        Assert.Equal(3, (int?)first.Json["metadata"]!["remainingItemCount"]);
        Assert.Equal(["c", "d"], second.Names);
        Assert.Equal(["e"], third.Names);
        Assert.Equal(string.Empty, (string?)third.Json["metadata"]!["continue"]);
        Assert.Equal(first.ResourceVersion, third.ResourceVersion);
    }

    [ConformanceFact]
    public async Task Deleting_a_collection_deletes_what_the_selector_selects()
    {
        await Api.CreatedAsync(ConfigMaps, ConfigMap("a", labels: """{"x":"1"}"""));
        await Api.CreatedAsync(ConfigMaps, ConfigMap("b", labels: """{"x":"2"}"""));

        Assert.Equal(200, (await Api.DeleteAsync($"{ConfigMaps}?labelSelector=x%3D1")).Code);

        Assert.Equal(404, (await Api.GetAsync($"{ConfigMaps}/a")).Code);
        Assert.Equal(200, (await Api.GetAsync($"{ConfigMaps}/b")).Code);
    }

    private static string Continue(ApiReply page) => Uri.EscapeDataString((string)page.Json["metadata"]!["continue"]!);

    private static JsonObject Pod(string name, string node) => Json(
        $$$"""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{{name}}}"},"spec":{"nodeName":"{{{node}}}","containers":[{"name":"c","image":"i"}]}}""");

    private static JsonObject Deployment(string name, int replicas) => Json(
        $$$"""
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"{{{name}}}"},"spec":{"replicas":{{{replicas}}},
         "selector":{"matchLabels":{"app":"{{{name}}}"}},
         "template":{"metadata":{"labels":{"app":"{{{name}}}"}},"spec":{"containers":[{"name":"engine","image":"i:1","env":[{"name":"A","value":"1"}],"ports":[{"name":"http","containerPort":8000}]}]} } }}
        """);
}
