using LlmOps.Testing;
using Xunit;

namespace LlmOps.Kubernetes.Tests.Conformance;

/// <summary>Finalizers, garbage collection and namespaces. What collectors do is waited for: the real ones take a moment.</summary>
public abstract partial class ApiServerConformance
{
    [ConformanceFact]
    public async Task An_object_with_finalizers_stays_until_they_are_gone()
    {
        var widget = Widgets.Of("a");
        widget["metadata"]!["finalizers"] = Json("""{"f":["llmops.dev/test"]}""")["f"]!.DeepClone();
        await Api.CreatedAsync(WidgetsPath, widget);

        var deleted = await Api.DeleteAsync(Widget("a"));
        var waiting = await Api.GetAsync(Widget("a"));
        var grown = await Api.MergePatchAsync(Widget("a"), Json("""{"metadata":{"finalizers":["llmops.dev/test","llmops.dev/more"]}}"""));
        await Api.MergePatchAsync(Widget("a"), Json("""{"metadata":{"finalizers":null}}"""));

        Assert.Equal(200, deleted.Code);
        Assert.NotNull(waiting.Json["metadata"]!["deletionTimestamp"]);
        Assert.Equal(422, grown.Code);
        Assert.Equal(404, (await Api.GetAsync(Widget("a"))).Code);
    }

    [ConformanceFact]
    public async Task Deleting_twice_changes_nothing_the_second_time()
    {
        var widget = Widgets.Of("a");
        widget["metadata"]!["finalizers"] = Json("""{"f":["llmops.dev/test"]}""")["f"]!.DeepClone();
        await Api.CreatedAsync(WidgetsPath, widget);
        await Api.DeleteAsync(Widget("a"));
        var first = await Api.GetAsync(Widget("a"));

        await Api.DeleteAsync(Widget("a"));

        Assert.Equal(first.ResourceVersion, (await Api.GetAsync(Widget("a"))).ResourceVersion);
    }

    [ConformanceFact]
    public async Task Dependents_follow_their_owner()
    {
        var owner = await Api.CreatedAsync(WidgetsPath, Widgets.Of("owner"));
        await Api.CreatedAsync(ConfigMaps, ConfigMap("child", extra: OwnedBy(owner)));
        await Api.CreatedAsync(ConfigMaps, ConfigMap("stranger"));

        await Api.DeleteAsync(Widget("owner"));

        await Api.GoneAsync($"{ConfigMaps}/child");
        Assert.Equal(200, (await Api.GetAsync($"{ConfigMaps}/stranger")).Code);
    }

    [ConformanceFact]
    public async Task A_dependent_of_two_owners_stays_with_the_one_that_is_left()
    {
        var first = await Api.CreatedAsync(WidgetsPath, Widgets.Of("first"));
        var second = await Api.CreatedAsync(WidgetsPath, Widgets.Of("second"));
        await Api.CreatedAsync(ConfigMaps, ConfigMap("child", extra: OwnedBy(first, second)));

        await Api.DeleteAsync(Widget("first"));

        await Eventually.TrueAsync(
            async _ => (await Api.GetAsync($"{ConfigMaps}/child")).Json["metadata"]!["ownerReferences"]!.AsArray().Count == 1,
            ApiSession.Patience,
            () => "the reference to the first owner is gone");
        await Api.DeleteAsync(Widget("second"));
        await Api.GoneAsync($"{ConfigMaps}/child");
    }

    [ConformanceFact]
    public async Task A_dependent_whose_owner_never_was_is_collected()
    {
        var owner = await Api.CreatedAsync(WidgetsPath, Widgets.Of("owner"));
        await Api.DeleteAsync(Widget("owner"));

        await Api.CreatedAsync(ConfigMaps, ConfigMap("late", extra: OwnedBy(owner)));

        await Api.GoneAsync($"{ConfigMaps}/late");
    }

    [ConformanceFact]
    public async Task Orphaning_leaves_the_dependents_without_owner()
    {
        var owner = await Api.CreatedAsync(WidgetsPath, Widgets.Of("owner"));
        await Api.CreatedAsync(ConfigMaps, ConfigMap("child", extra: OwnedBy(owner)));

        await Api.DeleteAsync(Widget("owner"), Json("""{"propagationPolicy":"Orphan"}"""));

        await Api.GoneAsync(Widget("owner"));
        var child = await Api.GetAsync($"{ConfigMaps}/child");
        Assert.Equal(200, child.Code);
        Assert.Null(child.Json["metadata"]!["ownerReferences"]);
    }

    [ConformanceFact]
    public async Task Foreground_deletion_waits_for_the_dependents()
    {
        var owner = await Api.CreatedAsync(WidgetsPath, Widgets.Of("owner"));
        await Api.CreatedAsync(ConfigMaps, ConfigMap("child", extra: "\"finalizers\":[\"llmops.dev/test\"]," + OwnedBy(owner)));

        await Api.DeleteAsync(Widget("owner"), Json("""{"propagationPolicy":"Foreground"}"""));

        await Eventually.TrueAsync(
            async _ => (await Api.GetAsync($"{ConfigMaps}/child")).Json["metadata"]!["deletionTimestamp"] is not null, ApiSession.Patience, () => "the child is being deleted");
        Assert.NotNull((await Api.GetAsync(Widget("owner"))).Json["metadata"]!["deletionTimestamp"]);
        await Api.MergePatchAsync($"{ConfigMaps}/child", Json("""{"metadata":{"finalizers":null}}"""));
        await Api.GoneAsync(Widget("owner"));
        await Api.GoneAsync($"{ConfigMaps}/child");
    }

    [ConformanceFact]
    public async Task Deleting_a_namespace_removes_its_content_and_refuses_new()
    {
        await Api.CreatedAsync(WidgetsPath, Widgets.Of("a"));
        await Api.CreatedAsync(ConfigMaps, ConfigMap("held", extra: "\"finalizers\":[\"llmops.dev/test\"]"));

        await Api.DeleteAsync($"/api/v1/namespaces/{Ns}");

        await Api.GoneAsync(Widget("a"));
        await Eventually.TrueAsync(
            async _ => await CodeAndReason(Api.PostAsync(ConfigMaps, ConfigMap("new"))) == (403, "Forbidden"), ApiSession.Patience, () => "new content is refused");
        Assert.Equal("Terminating", (string?)(await Api.GetAsync($"/api/v1/namespaces/{Ns}")).Json["status"]!["phase"]);
        await Eventually.TrueAsync(
            async _ => (await Api.MergePatchAsync($"{ConfigMaps}/held", Json("""{"metadata":{"finalizers":null}}"""))).Code is 200 or 404, ApiSession.Patience, () => "the finalizer is removed");
        await Api.GoneAsync($"/api/v1/namespaces/{Ns}");
    }

    private static string OwnedBy(params ApiReply[] owners) => "\"ownerReferences\":[" + string.Join(',', owners.Select(static o =>
        $$"""{"apiVersion":"{{Widgets.ApiVersion}}","kind":"Widget","name":"{{o.Json["metadata"]!["name"]}}","uid":"{{o.Uid}}","blockOwnerDeletion":true}""")) + "]";
}
