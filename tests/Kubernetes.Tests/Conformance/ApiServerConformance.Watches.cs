using Xunit;

namespace LlmOps.Kubernetes.Tests.Conformance;

/// <summary>Watches: resume, selection, bookmarks, expiry.</summary>
public abstract partial class ApiServerConformance
{
    [ConformanceFact]
    public async Task A_watch_from_a_list_tells_every_change_after_it_in_order()
    {
        await Api.CreatedAsync(WidgetsPath, Widgets.Of("before"));
        var list = await Api.GetAsync(WidgetsPath);
        await Api.CreatedAsync(WidgetsPath, Widgets.Of("a"));

        using var watch = await Api.WatchAsync($"{WidgetsPath}?watch=true&resourceVersion={list.ResourceVersion}");
        await Api.MergePatchAsync(Widget("a"), Json("""{"spec":{"size":4}}"""));
        await Api.DeleteAsync(Widget("a"));
        await Api.DeleteAsync(Widget("before"));

        Assert.Equal(["ADDED a", "MODIFIED a", "DELETED a", "DELETED before"], await watch.NextChangesAsync(4));
    }

    [ConformanceFact]
    public async Task A_watch_resumes_after_the_last_event_seen()
    {
        var list = await Api.GetAsync(WidgetsPath);
        string seen;
        using (var first = await Api.WatchAsync($"{WidgetsPath}?watch=true&resourceVersion={list.ResourceVersion}"))
        {
            await Api.CreatedAsync(WidgetsPath, Widgets.Of("a"));
            seen = (await first.NextAsync())!.ResourceVersion!;
        }

        await Api.CreatedAsync(WidgetsPath, Widgets.Of("b"));
        using var second = await Api.WatchAsync($"{WidgetsPath}?watch=true&resourceVersion={seen}");

        Assert.Equal(["ADDED b"], await second.NextChangesAsync(1));
    }

    [ConformanceFact]
    public async Task A_watch_without_a_version_begins_with_what_is_there()
    {
        await Api.CreatedAsync(WidgetsPath, Widgets.Of("a"));
        await Api.CreatedAsync(WidgetsPath, Widgets.Of("b"));

        using var watch = await Api.WatchAsync($"{WidgetsPath}?watch=true");

        Assert.Equal(["ADDED a", "ADDED b"], (await watch.NextChangesAsync(2)).Order());
    }

    [ConformanceFact]
    public async Task The_event_of_a_deletion_has_a_newer_version_than_the_object_had()
    {
        var created = await Api.CreatedAsync(WidgetsPath, Widgets.Of("a"));
        using var watch = await Api.WatchAsync($"{WidgetsPath}?watch=true&resourceVersion={created.ResourceVersion}");

        await Api.DeleteAsync(Widget("a"));
        var deleted = await watch.NextAsync();

        Assert.Equal("DELETED a", deleted!.TypeAndName);
        Assert.True(long.Parse(deleted.ResourceVersion!) > long.Parse(created.ResourceVersion));
    }

    [ConformanceFact]
    public async Task An_object_that_leaves_the_selection_is_deleted_for_the_watcher_and_added_when_it_enters()
    {
        var list = await Api.GetAsync(ConfigMaps);
        using var watch = await Api.WatchAsync($"{ConfigMaps}?watch=true&labelSelector=track%3Dstable&resourceVersion={list.ResourceVersion}");

        await Api.CreatedAsync(ConfigMaps, ConfigMap("a", labels: """{"track":"stable"}"""));
        await Api.CreatedAsync(ConfigMaps, ConfigMap("never", labels: """{"track":"candidate"}"""));
        await Api.MergePatchAsync($"{ConfigMaps}/a", Json("""{"data":{"k":"v"}}"""));
        await Api.MergePatchAsync($"{ConfigMaps}/a", Json("""{"metadata":{"labels":{"track":"candidate"}}}"""));
        await Api.MergePatchAsync($"{ConfigMaps}/a", Json("""{"data":{"k":"w"}}"""));
        await Api.MergePatchAsync($"{ConfigMaps}/a", Json("""{"metadata":{"labels":{"track":"stable"}}}"""));

        Assert.Equal(["ADDED a", "MODIFIED a", "DELETED a", "ADDED a"], await watch.NextChangesAsync(4));
    }

    [ConformanceFact]
    public async Task A_watch_can_send_what_is_there_and_mark_the_end_of_it_with_a_bookmark()
    {
        await Api.CreatedAsync(WidgetsPath, Widgets.Of("a"));

        using var watch = await Api.WatchAsync(
            $"{WidgetsPath}?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan");
        var added = await watch.NextAsync();
        var bookmark = await watch.NextAsync();

        Assert.Equal("ADDED a", added!.TypeAndName);
        Assert.Equal("BOOKMARK", bookmark!.Type);
        Assert.Equal("true", (string?)bookmark.Object["metadata"]!["annotations"]!["k8s.io/initial-events-end"]);
        Assert.True(long.Parse(bookmark.ResourceVersion!) >= long.Parse(added.ResourceVersion!));
    }

    [ConformanceFact]
    public async Task A_watch_from_a_forgotten_version_ends_with_an_expired_error_in_its_stream()
    {
        using var watch = await Api.WatchAsync($"{WidgetsPath}?watch=true&resourceVersion=1");
        var error = await watch.NextAsync();

        Assert.Equal((200, "ERROR"), (watch.Code, error!.Type));
        Assert.Equal((410, "Expired"), ((int?)error.Object["code"], (string?)error.Object["reason"]));
        Assert.Null(await watch.NextAsync());
    }

    [ConformanceFact]
    public async Task A_watch_ends_at_its_timeout()
    {
        var list = await Api.GetAsync(WidgetsPath);

        using var watch = await Api.WatchAsync($"{WidgetsPath}?watch=true&timeoutSeconds=1&resourceVersion={list.ResourceVersion}");

        Assert.Null(await watch.NextAsync());
    }

    [ConformanceFact]
    public async Task The_typed_client_lists_and_watches()
    {
        await Client.CreateAsync(new ConfigMap { Metadata = new ObjectMeta { Name = "a", Namespace = Ns } }, CancellationToken.None);
        var list = await Client.ListAsync<ConfigMap>(Ns, new ListOptions { FieldSelector = "metadata.name=a" }, CancellationToken.None);
        await Client.CreateAsync(new ConfigMap { Metadata = new ObjectMeta { Name = "b", Namespace = Ns } }, CancellationToken.None);
        using var deadline = new CancellationTokenSource(ApiSession.Patience);

        var events = Client.WatchAsync<ConfigMap>(Ns, new WatchOptions { ResourceVersion = list.Metadata.ResourceVersion, FieldSelector = "metadata.name=b" }, deadline.Token);
        await using var first = events.GetAsyncEnumerator(deadline.Token);
        Assert.True(await first.MoveNextAsync());

        Assert.Equal(["a"], list.Items.Select(static i => i.Metadata.Name!));
        Assert.Equal((WatchEventType.Added, "b"), (first.Current.Type, first.Current.Object!.Metadata.Name));
    }
}
