using System.Text.Json.Nodes;
using Xunit;

namespace LlmOps.Kubernetes.Tests.Conformance;

/// <summary>Server-side apply: ownership, removal, conflicts, lists, status.</summary>
public abstract partial class ApiServerConformance
{
    [ConformanceFact]
    public async Task Applying_creates_and_applying_the_same_again_changes_nothing()
    {
        var first = await Api.ApplyAsync(Widget("a"), Widgets.Of("a"), "one");
        var second = await Api.ApplyAsync(Widget("a"), Widgets.Of("a"), "one");

        Assert.Equal((201, 200), (first.Code, second.Code));
        Assert.Equal(first.ResourceVersion, second.ResourceVersion);
        Assert.Equal(1, second.Generation);
    }

    [ConformanceFact]
    public async Task Applying_a_field_that_the_schema_does_not_declare_is_refused()
    {
        var reply = await Api.ApplyAsync(Widget("a"), Widgets.Of("a", """{"color":"red","unknown":1}"""), "one");

        Assert.Equal(500, reply.Code);
        Assert.Contains(".spec.unknown: field not declared in schema", (string?)reply.Json["message"], StringComparison.Ordinal);
        Assert.Equal(404, (await Api.GetAsync(Widget("a"))).Code);
    }

    [ConformanceFact]
    public async Task Applying_needs_a_field_manager() =>
        Assert.Equal((422, "Invalid"), await CodeAndReason(Api.SendAsync(HttpMethod.Patch, Widget("a"), Widgets.Of("a"), "application/apply-patch+yaml")));

    [ConformanceFact]
    public async Task A_field_that_its_manager_applies_no_more_is_removed()
    {
        await Api.ApplyAsync(Widget("a"), Widgets.Of("a", """{"color":"red","label":"abc","extra":{"x":"1","y":"2"}}"""), "one");

        var applied = await Api.ApplyAsync(Widget("a"), Widgets.Of("a", """{"color":"red","extra":{"x":"1"}}"""), "one");

        AssertJson("""{"color":"red","size":3,"extra":{"x":"1"}}""", applied.Json["spec"]);
    }

    [ConformanceFact]
    public async Task A_field_that_two_managers_apply_stays_until_both_let_go()
    {
        await Api.ApplyAsync(Widget("a"), Widgets.Of("a", """{"color":"red","label":"abc"}"""), "one");
        var shared = await Api.ApplyAsync(Widget("a"), Widgets.Of("a", """{"color":"red","label":"abc"}"""), "two");
        var oneLeft = await Api.ApplyAsync(Widget("a"), Widgets.Of("a", """{"color":"red"}"""), "one");
        var noneLeft = await Api.ApplyAsync(Widget("a"), Widgets.Of("a", """{"color":"red"}"""), "two");

        Assert.Equal(200, shared.Code);
        Assert.Equal("abc", (string?)oneLeft.Json["spec"]!["label"]);
        Assert.Null(noneLeft.Json["spec"]!["label"]);
    }

    [ConformanceFact]
    public async Task Changing_a_field_of_another_manager_is_a_conflict_that_names_field_and_manager()
    {
        await Api.ApplyAsync(Widget("a"), Widgets.Of("a", """{"color":"red","size":5}"""), "one");

        var reply = await Api.ApplyAsync(Widget("a"), Widgets.Of("a", """{"color":"green"}"""), "two");

        Assert.Equal((409, "Conflict"), (reply.Code, reply.Reason));
        Assert.Equal([("FieldManagerConflict", ".spec.color")], reply.Causes);
        Assert.Contains("\"one\"", (string?)reply.Json["message"], StringComparison.Ordinal);
        Assert.Equal("red", (string?)(await Api.GetAsync(Widget("a"))).Json["spec"]!["color"]);
    }

    [ConformanceFact]
    public async Task Forcing_takes_the_field_and_the_loser_does_not_remove_it_any_more()
    {
        await Api.ApplyAsync(Widget("a"), Widgets.Of("a", """{"color":"red","label":"abc"}"""), "one");

        var forced = await Api.ApplyAsync(Widget("a"), Widgets.Of("a", """{"color":"green","label":"xyz"}"""), "two", force: true);
        var empty = Widgets.Of("a");
        empty.Remove("spec");
        var after = await Api.ApplyAsync(Widget("a"), empty, "one");

        Assert.Equal("green", (string?)forced.Json["spec"]!["color"]);
        Assert.Equal("green", (string?)after.Json["spec"]!["color"]);
        Assert.Equal("xyz", (string?)after.Json["spec"]!["label"]);
    }

    [ConformanceFact]
    public async Task A_plain_write_takes_over_what_it_changes_and_an_apply_then_conflicts()
    {
        await Api.ApplyAsync(Widget("a"), Widgets.Of("a", """{"color":"red","size":5}"""), "one");
        await Api.MergePatchAsync(Widget("a") + "?fieldManager=editor", Json("""{"spec":{"size":6}}"""));

        var same = await Api.ApplyAsync(Widget("a"), Widgets.Of("a", """{"color":"red","size":6}"""), "one");
        var other = await Api.ApplyAsync(Widget("a"), Widgets.Of("a", """{"color":"red","size":5}"""), "one");
        var forced = await Api.ApplyAsync(Widget("a"), Widgets.Of("a", """{"color":"red","size":5}"""), "one", force: true);

        Assert.Equal(200, same.Code);
        Assert.Equal([("FieldManagerConflict", ".spec.size")], other.Causes);
        Assert.Equal(5, (int?)forced.Json["spec"]!["size"]);
    }

    [ConformanceFact]
    public async Task What_nobody_applied_is_left_alone()
    {
        await Api.ApplyAsync(Widget("a"), Widgets.Of("a"), "one");
        await Api.MergePatchAsync(Widget("a"), Json("""{"metadata":{"annotations":{"by":"hand"}},"spec":{"replicas":4}}"""));

        var applied = await Api.ApplyAsync(Widget("a"), Widgets.Of("a", """{"color":"green"}"""), "one");

        Assert.Equal(4, (int?)applied.Json["spec"]!["replicas"]);
        Assert.Equal("hand", (string?)applied.Json["metadata"]!["annotations"]!["by"]);
    }

    [ConformanceFact]
    public async Task Labels_that_are_applied_no_more_go_and_those_of_others_stay()
    {
        var labelled = Widgets.Of("a");
        labelled["metadata"]!["labels"] = Json("""{"mine":"1","also":"2"}""");
        await Api.ApplyAsync(Widget("a"), labelled, "one");
        await Api.MergePatchAsync(Widget("a"), Json("""{"metadata":{"labels":{"theirs":"3"}}}"""));

        var applied = await Api.ApplyAsync(Widget("a"), Widgets.Of("a"), "one");

        AssertJson("""{"theirs":"3"}""", applied.Json["metadata"]!["labels"]);
    }

    [ConformanceFact]
    public async Task The_last_child_takes_its_parent_along()
    {
        await Api.ApplyAsync(Widget("a"), Widgets.Of("a", """{"color":"red","options":{"level":1}}"""), "one");

        var applied = await Api.ApplyAsync(Widget("a"), Widgets.Of("a"), "one");

        AssertJson("""{"color":"red","size":3}""", applied.Json["spec"]);
    }

    [ConformanceFact]
    public async Task Keyed_lists_merge_by_key()
    {
        await Api.ApplyAsync(Widget("a"), Widgets.Of("a", """{"color":"red","parts":[{"name":"x","count":1},{"name":"y","count":2}]}"""), "one");
        var both = await Api.ApplyAsync(Widget("a"), Widgets.Of("a", """{"parts":[{"name":"z","count":3}]}"""), "two");
        var less = await Api.ApplyAsync(Widget("a"), Widgets.Of("a", """{"color":"red","parts":[{"name":"y","count":9}]}"""), "one");

        Assert.Equal(["x", "y", "z"], both.Json["spec"]!["parts"]!.AsArray().Select(static p => (string)p!["name"]!).Order());
        AssertJson(
            """[{"name":"y","count":9,"unit":"piece"},{"name":"z","count":3,"unit":"piece"}]""",
            new JsonArray([.. less.Json["spec"]!["parts"]!.AsArray().OrderBy(static p => (string)p!["name"]!).Select(static p => p!.DeepClone())]));
    }

    [ConformanceFact]
    public async Task Sets_are_shared_element_by_element()
    {
        await Api.ApplyAsync(Widget("a"), Widgets.Of("a", """{"color":"red","tags":["x","y"]}"""), "one");
        await Api.ApplyAsync(Widget("a"), Widgets.Of("a", """{"tags":["y","z"]}"""), "two");

        var applied = await Api.ApplyAsync(Widget("a"), Widgets.Of("a"), "one");

        Assert.Equal(["y", "z"], applied.Json["spec"]!["tags"]!.AsArray().Select(static t => (string)t!).Order());
    }

    [ConformanceFact]
    public async Task Lists_and_maps_that_are_atomic_have_one_owner()
    {
        await Api.ApplyAsync(Widget("a"), Widgets.Of("a", """{"color":"red","steps":[{"weight":5}],"selector":{"a":"1"}}"""), "one");

        var reply = await Api.ApplyAsync(Widget("a"), Widgets.Of("a", """{"steps":[{"weight":5},{"weight":25}],"selector":{"b":"2"}}"""), "two");
        var forced = await Api.ApplyAsync(Widget("a"), Widgets.Of("a", """{"steps":[{"weight":25}],"selector":{"b":"2"}}"""), "two", force: true);

        Assert.Equal([".spec.selector", ".spec.steps"], reply.Causes.Select(static c => c.Field).Order());
        AssertJson("""[{"weight":25}]""", forced.Json["spec"]!["steps"]);
        AssertJson("""{"b":"2"}""", forced.Json["spec"]!["selector"]);
    }

    [ConformanceFact]
    public async Task Status_is_applied_through_its_subresource_only()
    {
        await Api.ApplyAsync(Widget("a"), Widgets.Of("a", status: """{"phase":"Smuggled"}"""), "one");

        var status = await Api.ApplyAsync(Widget("a") + "/status", Widgets.StatusOf("a", """{"phase":"Ready","conditions":[{"type":"Ready","status":"True"}]}"""), "one");
        var again = await Api.ApplyAsync(Widget("a") + "/status", Widgets.StatusOf("a", """{"phase":"Ready","conditions":[{"type":"Ready","status":"True"}]}"""), "one");
        var spec = await Api.ApplyAsync(Widget("a"), Widgets.Of("a"), "one");
        var less = await Api.ApplyAsync(Widget("a") + "/status", Widgets.StatusOf("a", """{"conditions":[{"type":"Other","status":"False"}]}"""), "one");

        Assert.Equal("Ready", (string?)status.Json["status"]!["phase"]);
        Assert.Equal(status.ResourceVersion, again.ResourceVersion);
        Assert.Equal("Ready", (string?)spec.Json["status"]!["phase"]);
        Assert.Equal(1, less.Generation);
        AssertJson("""{"conditions":[{"type":"Other","status":"False"}]}""", less.Json["status"]);
    }

    [ConformanceFact]
    public async Task Applying_status_of_an_object_that_does_not_exist_is_not_found() =>
        Assert.Equal(404, (await Api.ApplyAsync(Widget("none") + "/status", Widgets.StatusOf("none", """{"phase":"Ready"}"""), "one")).Code);

    [ConformanceFact]
    public async Task Applying_with_a_stale_version_is_a_conflict()
    {
        var first = await Api.ApplyAsync(Widget("a"), Widgets.Of("a"), "one");
        await Api.ApplyAsync(Widget("a"), Widgets.Of("a", """{"color":"green"}"""), "one");
        var stale = Widgets.Of("a", """{"color":"red"}""");
        stale["metadata"]!["resourceVersion"] = first.ResourceVersion;

        Assert.Equal((409, "Conflict"), await CodeAndReason(Api.ApplyAsync(Widget("a"), stale, "one", force: true)));
    }

    [ConformanceFact]
    public async Task Containers_of_a_deployment_merge_by_name_and_their_environment_too()
    {
        var path = $"/apis/apps/v1/namespaces/{Ns}/deployments/a";
        await Api.ApplyAsync(path, Deployment("a", 1), "operator");
        await Api.ApplyAsync(path, Json("""
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a"},"spec":{"template":{"spec":{"containers":[
              {"name":"engine","env":[{"name":"B","value":"2"}]},{"name":"sidecar","image":"s:1"}]}}}}
            """), "user");

        var next = Deployment("a", 1);
        next["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = "i:2";
        var applied = await Api.ApplyAsync(path, next, "operator");
        var again = await Api.ApplyAsync(path, next, "operator");

        var containers = applied.Json["spec"]!["template"]!["spec"]!["containers"]!.AsArray();
        Assert.Equal(["engine", "sidecar"], containers.Select(static c => (string)c!["name"]!).Order());
        var engine = containers.Single(static c => (string?)c!["name"] == "engine")!;
        Assert.Equal("i:2", (string?)engine["image"]);
        Assert.Equal(["A", "B"], engine["env"]!.AsArray().Select(static e => (string)e!["name"]!).Order());
        Assert.Equal(applied.ResourceVersion, again.ResourceVersion);
    }

    [ConformanceFact]
    public async Task Replicas_that_are_not_applied_belong_to_the_autoscaler()
    {
        var path = $"/apis/apps/v1/namespaces/{Ns}/deployments/a";
        var deployment = Deployment("a", 1);
        deployment["spec"]!.AsObject().Remove("replicas");
        var created = await Api.ApplyAsync(path, deployment, "operator");
        await Api.MergePatchAsync(path + "/scale", Json("""{"spec":{"replicas":4}}"""));

        var applied = await Api.ApplyAsync(path, deployment, "operator");

        Assert.Equal(1, (int?)created.Json["spec"]!["replicas"]);
        Assert.Equal((200, 4), (applied.Code, (int?)applied.Json["spec"]!["replicas"]));
    }

    [ConformanceFact]
    public async Task Managed_fields_name_the_managers()
    {
        await Api.ApplyAsync(Widget("a"), Widgets.Of("a"), "one");
        await Api.ApplyAsync(Widget("a") + "/status", Widgets.StatusOf("a", """{"phase":"Ready"}"""), "two");

        var managers = (await Api.GetAsync(Widget("a"))).Json["metadata"]!["managedFields"]!.AsArray();

        Assert.Equal(
            ["one Apply ", "two Apply status"],
            managers.Select(static m => $"{m!["manager"]} {m["operation"]} {m["subresource"]}").Order());
        AssertJson("""{"f:spec":{"f:color":{}}}""", managers.Single(static m => (string?)m!["manager"] == "one")!["fieldsV1"]);
    }
}
