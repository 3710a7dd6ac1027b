using System.Text.Json;
using LlmOps.Kubernetes.Tests.Conformance;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.Kubernetes.Tests.ApiServer;

public sealed class WatchSessionsTests : InProcessApiServerTests
{
    [Fact]
    public async Task Bookmarks_come_at_their_interval_to_those_who_asked()
    {
        using var asked = await OpenAsync("&allowWatchBookmarks=true");
        using var silent = await OpenAsync();
        await Server.Watches.WaitForAsync(2, "configmaps");

        Time.Advance(TimeSpan.FromMinutes(1));
        var bookmark = await asked.NextAsync();
        await Api.PostAsync(ConfigMaps, Map("a"));

        Assert.Equal("BOOKMARK", bookmark!.Type);
        Assert.Equal("ADDED", (await silent.NextAsync())!.Type);
    }

    [Fact]
    public async Task Bookmarks_can_be_sent_at_once_and_switched_off()
    {
        using var watch = await OpenAsync("&allowWatchBookmarks=true");
        Server.Watches.SendBookmarks("configmaps");
        Server.Watches.BookmarksEnabled = false;
        Server.Watches.SendBookmarks();
        await Api.PostAsync(ConfigMaps, Map("a"));

        Assert.Equal("BOOKMARK", (await watch.NextAsync())!.Type);
        Assert.Equal("ADDED", (await watch.NextAsync())!.Type);
    }

    [Fact]
    public async Task A_clean_drop_ends_the_stream_and_an_abrupt_one_breaks_it()
    {
        using var clean = await OpenAsync();
        Server.Watches.DropAll();
        Assert.Null(await clean.NextAsync());

        using var broken = await OpenAsync();
        Server.Watches.DropAll(abrupt: true);
        await Assert.ThrowsAnyAsync<Exception>(broken.NextAsync);
    }

    [Fact]
    public async Task A_lag_tells_everything_late_and_in_its_order()
    {
        using var watch = await OpenAsync();
        Server.Watches.Lag = TimeSpan.FromSeconds(5);
        var armed = Time.ArmedTimers;
        await Api.PostAsync(ConfigMaps, Map("a"));
        await Api.PostAsync(ConfigMaps, Map("b"));
        var first = watch.NextAsync();
        await Time.WaitForTimersAsync(armed + 1).WaitAsync(TimeSpan.FromSeconds(60));
        Time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(first.IsCompleted);
        Time.Advance(TimeSpan.FromSeconds(0.1));

        Assert.Equal("a", (string?)(await first)!.Object["metadata"]!["name"]);
        Assert.Equal("b", (string?)(await watch.NextAsync())!.Object["metadata"]!["name"]);
    }

    [Fact]
    public async Task Only_the_watches_of_the_resource_are_dropped()
    {
        using var configMaps = await OpenAsync();
        using var pods = await Api.WatchAsync("/api/v1/pods?watch=true");
        await Server.Watches.WaitForAsync(2);

        Server.Watches.DropAll(resource: "pods");

        Assert.Null(await pods.NextAsync());
        await Eventually.TrueAsync(() => Server.Watches.Count() == 1, TimeSpan.FromSeconds(60), "one watch is left");
        Assert.Equal(1, Server.Watches.Count("configmaps"));
    }

    [Fact]
    public async Task Garbage_and_undecodable_objects_come_as_lines_and_the_watch_goes_on()
    {
        using var watch = await OpenAsync();

        Server.Watches.InjectGarbage();
        await Assert.ThrowsAnyAsync<JsonException>(watch.NextAsync);
        Server.Watches.InjectUndecodable();
        var undecodable = await watch.NextAsync();
        await Api.PostAsync(ConfigMaps, Map("a"));

        Assert.Equal(42, (int?)undecodable!.Object["metadata"]);
        Assert.Equal("ADDED a", (await watch.NextAsync())!.TypeAndName);
    }

    [Fact]
    public async Task An_expired_watch_gets_410_and_ends()
    {
        using var watch = await OpenAsync();

        Server.Watches.Expire();
        var error = await watch.NextAsync();

        Assert.Equal(("ERROR", 410), (error!.Type, (int?)error.Object["code"]));
        Assert.Null(await watch.NextAsync());
    }

    [Fact]
    public async Task After_a_compaction_old_versions_and_old_pages_are_gone_and_open_watches_go_on()
    {
        var old = await Api.PostAsync(ConfigMaps, Map("a"));
        await Api.PostAsync(ConfigMaps, Map("b"));
        var page = await Api.GetAsync(ConfigMaps + "?limit=1");
        using var open = await OpenAsync();
        await Api.PostAsync(ConfigMaps, Map("c"));
        Server.Compact();

        using var late = await OpenAsync($"&resourceVersion={old.ResourceVersion}");
        var nextPage = await Api.GetAsync($"{ConfigMaps}?limit=1&continue={Uri.EscapeDataString((string)page.Json["metadata"]!["continue"]!)}");
        await Api.PostAsync(ConfigMaps, Map("d"));

        Assert.Equal(410, (int?)(await late.NextAsync())!.Object["code"]);
        Assert.Equal((410, "Expired"), (nextPage.Code, nextPage.Reason));
        Assert.Equal(["ADDED a", "ADDED b", "ADDED c", "ADDED d"], await open.NextChangesAsync(4));
    }

    [Fact]
    public async Task A_watch_times_out_on_the_servers_clock()
    {
        using var watch = await OpenAsync("&timeoutSeconds=300");

        Time.Advance(TimeSpan.FromSeconds(300));

        Assert.Null(await watch.NextAsync());
    }

    private Task<OpenWatch> OpenAsync(string query = "") => Api.WatchAsync($"{ConfigMaps}?watch=true{query}");
}
