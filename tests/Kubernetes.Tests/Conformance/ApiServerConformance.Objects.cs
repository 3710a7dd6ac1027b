using System.Text.Json.Nodes;
using Xunit;

namespace LlmOps.Kubernetes.Tests.Conformance;

/// <summary>Create, read, update, patch, delete: names, versions, generations, conflicts.</summary>
public abstract partial class ApiServerConformance
{
    [ConformanceFact]
    public async Task A_created_object_gets_uid_version_generation_and_creation_time()
    {
        var created = await Api.CreatedAsync(WidgetsPath, Widgets.Of("a"));

        Assert.NotEmpty(created.Uid);
        Assert.NotEmpty(created.ResourceVersion);
        Assert.Equal(1, created.Generation);
        Assert.Equal(Ns, (string?)created.Json["metadata"]!["namespace"]);
        Assert.True(DateTimeOffset.TryParse((string?)created.Json["metadata"]!["creationTimestamp"], out _));
        AssertJson(created.Json.ToJsonString(), (await Api.GetAsync(Widget("a"))).Json);
    }

    [ConformanceFact]
    public async Task A_generated_name_starts_with_its_prefix_and_is_unique()
    {
        var body = ConfigMap("x", extra: "\"generateName\":\"run-\"");
        body["metadata"]!.AsObject().Remove("name");

        var first = await Api.CreatedAsync(ConfigMaps, body);
        var second = await Api.CreatedAsync(ConfigMaps, body);

        Assert.StartsWith("run-", (string)first.Json["metadata"]!["name"]!, StringComparison.Ordinal);
        Assert.NotEqual((string)first.Json["metadata"]!["name"]!, (string)second.Json["metadata"]!["name"]!);
    }

    [ConformanceFact]
    public async Task Creating_twice_is_refused_with_already_exists()
    {
        await Api.CreatedAsync(ConfigMaps, ConfigMap("a"));

        var again = await Api.PostAsync(ConfigMaps, ConfigMap("a"));

        Assert.Equal((409, "AlreadyExists"), (again.Code, again.Reason));
        var thrown = await Assert.ThrowsAsync<KubernetesException>(() => Client.CreateAsync(
            new ConfigMap { Metadata = new ObjectMeta { Name = "a", Namespace = Ns } }, CancellationToken.None));
        Assert.True(thrown.IsAlreadyExists);
    }

    [ConformanceFact]
    public async Task A_missing_object_is_not_found_and_null_for_the_typed_client()
    {
        var reply = await Api.GetAsync($"{ConfigMaps}/none");

        Assert.Equal((404, "NotFound"), (reply.Code, reply.Reason));
        Assert.Equal("none", (string?)reply.Json["details"]!["name"]);
        Assert.Null(await Client.GetAsync<ConfigMap>(new ObjectKey(Ns, "none"), CancellationToken.None));
        Assert.False(await Client.DeleteAsync<ConfigMap>(new ObjectKey(Ns, "none"), ct: CancellationToken.None));
    }

    [ConformanceFact]
    public async Task An_unknown_resource_is_not_found_and_says_nothing_about_an_object_to_the_typed_client()
    {
        Assert.Equal(404, (await Api.GetAsync($"/apis/conformance.llmops.dev/v1/namespaces/{Ns}/gadgets")).Code);
        var thrown = await Assert.ThrowsAsync<KubernetesException>(() => Client.GetAsync<HttpRoute>(new ObjectKey(Ns, "a"), CancellationToken.None));
        Assert.True(thrown.IsNotServed);
    }

    [ConformanceFact]
    public async Task A_name_that_is_no_dns_name_is_invalid()
    {
        var reply = await Api.PostAsync(ConfigMaps, ConfigMap("Not_A_Name"));

        Assert.Equal((422, "Invalid"), (reply.Code, reply.Reason));
        Assert.Contains(("FieldValueInvalid", "metadata.name"), reply.Causes);
    }

    [ConformanceFact]
    public async Task A_namespace_that_does_not_exist_is_not_found() =>
        Assert.Equal((404, "NotFound"), await CodeAndReason(Api.PostAsync("/api/v1/namespaces/no-such-namespace/configmaps", ConfigMap("a"))));

    [ConformanceFact]
    public async Task Replacing_with_a_stale_version_is_a_conflict_and_changes_nothing()
    {
        var first = await Api.CreatedAsync(ConfigMaps, ConfigMap("a", """{"k":"1"}"""));
        await Api.MergePatchAsync($"{ConfigMaps}/a", Json("""{"data":{"k":"2"}}"""));
        var stale = first.Json.DeepClone().AsObject();
        stale["data"]!["k"] = "3";

        var reply = await Api.PutAsync($"{ConfigMaps}/a", stale);

        Assert.Equal((409, "Conflict"), (reply.Code, reply.Reason));
        Assert.Equal("2", (string?)(await Api.GetAsync($"{ConfigMaps}/a")).Json["data"]!["k"]);
    }

    [ConformanceFact]
    public async Task A_custom_resource_cannot_be_replaced_without_a_version()
    {
        await Api.CreatedAsync(WidgetsPath, Widgets.Of("a"));

        Assert.Equal(422, (await Api.PutAsync(Widget("a"), Widgets.Of("a", """{"color":"green"}"""))).Code);
    }

    [ConformanceFact]
    public async Task A_merge_patch_with_a_stale_version_is_a_conflict()
    {
        var created = await Api.CreatedAsync(WidgetsPath, Widgets.Of("a"));
        await Api.MergePatchAsync(Widget("a"), Json("""{"spec":{"size":5}}"""));

        var stale = await Api.MergePatchAsync(Widget("a"), Json($$$"""{"metadata":{"resourceVersion":"{{{created.ResourceVersion}}}"},"spec":{"size":6}}"""));

        Assert.Equal((409, "Conflict"), (stale.Code, stale.Reason));
    }

    [ConformanceFact]
    public async Task A_write_that_changes_nothing_keeps_the_resource_version()
    {
        var created = await Api.CreatedAsync(WidgetsPath, Widgets.Of("a"));

        var replaced = await Api.PutAsync(Widget("a"), created.Json);
        var patched = await Api.MergePatchAsync(Widget("a"), Json("""{"spec":{"color":"red"}}"""));

        Assert.Equal((200, created.ResourceVersion), (replaced.Code, replaced.ResourceVersion));
        Assert.Equal((200, created.ResourceVersion), (patched.Code, patched.ResourceVersion));
    }

    [ConformanceFact]
    public async Task Generation_rises_with_spec_and_not_with_metadata()
    {
        await Api.CreatedAsync(WidgetsPath, Widgets.Of("a"));

        var labelled = await Api.MergePatchAsync(Widget("a"), Json("""{"metadata":{"labels":{"x":"y"}}}"""));
        var changed = await Api.MergePatchAsync(Widget("a"), Json("""{"spec":{"size":4}}"""));

        Assert.Equal(1, labelled.Generation);
        Assert.Equal(2, changed.Generation);
        Assert.True(long.Parse(changed.ResourceVersion) > long.Parse(labelled.ResourceVersion));
    }

    [ConformanceFact]
    public async Task What_the_server_owns_cannot_be_written()
    {
        var created = await Api.CreatedAsync(WidgetsPath, Widgets.Of("a"));

        var patched = await Api.MergePatchAsync(Widget("a"), Json("""{"metadata":{"generation":77,"creationTimestamp":"2001-01-01T00:00:00Z"}}"""));

        Assert.Equal(1, patched.Generation);
        Assert.Equal((string?)created.Json["metadata"]!["creationTimestamp"], (string?)patched.Json["metadata"]!["creationTimestamp"]);
    }

    [ConformanceFact]
    public async Task A_merge_patch_removes_with_null()
    {
        await Api.CreatedAsync(ConfigMaps, ConfigMap("a", """{"k":"1","l":"2"}"""));

        var patched = await Api.MergePatchAsync($"{ConfigMaps}/a", Json("""{"data":{"k":null}}"""));

        AssertJson("""{"l":"2"}""", patched.Json["data"]);
    }

    [ConformanceFact]
    public async Task A_json_patch_adds_removes_and_tests()
    {
        await Api.CreatedAsync(WidgetsPath, Widgets.Of("a", """{"color":"red","tags":["x"],"size":2}"""));

        var patched = await Api.JsonPatchAsync(Widget("a"), JsonNode.Parse("""
            [{"op":"test","path":"/spec/size","value":2},{"op":"replace","path":"/spec/size","value":7},{"op":"add","path":"/spec/tags/-","value":"y"},{"op":"remove","path":"/spec/tags/0"}]
            """)!.AsArray());
        var failed = await Api.JsonPatchAsync(Widget("a"), JsonNode.Parse("""[{"op":"test","path":"/spec/size","value":2}]""")!.AsArray());

        Assert.Equal(7, (int?)patched.Json["spec"]!["size"]);
        AssertJson("""["y"]""", patched.Json["spec"]!["tags"]);
        Assert.Equal(422, failed.Code);
    }

    [ConformanceFact]
    public async Task A_strategic_merge_patch_merges_containers_by_name_and_obeys_its_directives()
    {
        var path = $"/apis/apps/v1/namespaces/{Ns}/deployments";
        await Api.CreatedAsync(path, Deployment("a", 1));

        var added = await Patch("""{"containers":[{"name":"sidecar","image":"s:1"}]}""");
        var changed = await Patch("""{"$setElementOrder/containers":[{"name":"engine"},{"name":"sidecar"}],"containers":[{"name":"engine","image":"i:2","env":[{"name":"B","value":"2"}]}]}""");
        var removed = await Patch("""{"containers":[{"name":"sidecar","$patch":"delete"}]}""");

        Assert.Equal(["engine i:1", "sidecar s:1"], Images(added));
        Assert.Equal(["engine i:2", "sidecar s:1"], Images(changed));
        Assert.Equal(["engine i:2"], Images(removed));
        Assert.Equal(2, Containers(removed)[0]!["env"]!.AsArray().Count);

        Task<ApiReply> Patch(string podSpec) => Api.SendAsync(
            HttpMethod.Patch, $"{path}/a", Json($$$$"""{"spec":{"template":{"spec":{{{{podSpec}}}} } } }"""), "application/strategic-merge-patch+json");
        static JsonArray Containers(ApiReply reply) => reply.Json["spec"]!["template"]!["spec"]!["containers"]!.AsArray();
        static IEnumerable<string> Images(ApiReply reply) => Containers(reply).Select(static c => $"{c!["name"]} {c["image"]}").Order();
    }

    [ConformanceFact]
    public async Task A_custom_resource_takes_no_strategic_merge_patch()
    {
        await Api.CreatedAsync(WidgetsPath, Widgets.Of("a"));

        Assert.Equal(415, (await Api.SendAsync(HttpMethod.Patch, Widget("a"), Json("{}"), "application/strategic-merge-patch+json")).Code);
    }

    [ConformanceFact]
    public async Task Deleting_with_the_uid_of_a_namesake_is_a_conflict()
    {
        var created = await Api.CreatedAsync(ConfigMaps, ConfigMap("a"));

        var wrong = await Api.DeleteAsync($"{ConfigMaps}/a", Json("""{"preconditions":{"uid":"00000000-0000-0000-0000-000000000000"}}"""));
        var right = await Api.DeleteAsync($"{ConfigMaps}/a", Json($$$"""{"preconditions":{"uid":"{{{created.Uid}}}","resourceVersion":"{{{created.ResourceVersion}}}"}}"""));

        Assert.Equal((409, "Conflict"), (wrong.Code, wrong.Reason));
        Assert.Equal(200, right.Code);
        Assert.Equal(404, (await Api.GetAsync($"{ConfigMaps}/a")).Code);
    }

    [ConformanceFact]
    public async Task A_dry_run_answers_and_stores_nothing()
    {
        var reply = await Api.PostAsync(WidgetsPath + "?dryRun=All", Widgets.Of("a"));

        Assert.Equal(201, reply.Code);
        Assert.Equal(3, (int?)reply.Json["spec"]!["size"]);
        Assert.Equal(404, (await Api.GetAsync(Widget("a"))).Code);
    }

    private static async Task<(int Code, string? Reason)> CodeAndReason(Task<ApiReply> reply) => ((await reply).Code, (await reply).Reason);
}
