using Xunit;
using static LlmOps.Kubernetes.Tests.InformerBed;

namespace LlmOps.Kubernetes.Tests;

public sealed class InformerTests
{
    private static ObjectKey Key(string name) => new("ns", name);

    [Fact]
    public async Task Lists_then_watches_from_the_version_of_the_list()
    {
        await using var bed = new InformerBed()
            .List(10, Map("a", 3), Map("b", 7))
            .Watch(new FakeWatch().Event("ADDED", Map("c", 11)).Event("MODIFIED", Map("a", 12)).Event("DELETED", Map("b", 13)))
            .Start();

        Assert.Equal(["+a@3", "+b@7", "+c@11", "a@3>a@12", "-b@13"], await bed.ChangesAsync(5));
        Assert.True(bed.Informer.HasSynced);
        Assert.Equal(["a", "c"], bed.Informer.Store.List().Select(m => m.Metadata.Name!).Order());
        Assert.Equal("10", bed.Api.Requests[1].Query("resourceVersion"));
        Assert.Equal("true", bed.Api.Requests[1].Query("allowWatchBookmarks"));
        Assert.InRange(int.Parse(bed.Api.Requests[1].Query("timeoutSeconds")!), 300, 600);
    }

    [Fact]
    public async Task Reads_all_pages_of_a_list()
    {
        await using var bed = new InformerBed()
            .List(() => FakeApi.Json($$"""{"metadata":{"resourceVersion":"10","continue":"more/1"},"items":[{{Map("a", 1)}}]}"""))
            .List(10, Map("b", 2))
            .Start();

        Assert.Equal(["+a@1", "+b@2"], await bed.ChangesAsync(2));
        Assert.Equal("500", bed.Api.Requests[0].Query("limit"));
        Assert.Equal("more/1", bed.Api.Requests[1].Query("continue"));
    }

    [Fact]
    public async Task Keeps_and_tells_what_is_to_be_kept_of_an_object()
    {
        await using var bed = new InformerBed(keep: map => map with { Data = null })
            .List(10, Map("a", 3, data: """{"k":"v"}"""))
            .Watch(new FakeWatch().Event("ADDED", Map("b", 11, data: """{"k":"v"}""")))
            .Start();

        Assert.Equal(["+a@3", "+b@11"], await bed.ChangesAsync(2));
        Assert.All(bed.Informer.Store.List(), map => Assert.Null(map.Data));
    }

    [Fact]
    public async Task An_expired_page_token_restarts_the_list_without_pages()
    {
        await using var bed = new InformerBed()
            .List(() => FakeApi.Json($$"""{"metadata":{"resourceVersion":"10","continue":"more"},"items":[{{Map("a", 1)}}]}"""))
            .List(() => FakeApi.Failure(410, "Expired"))
            .List(20, Map("a", 1), Map("b", 2))
            .Start();

        Assert.Equal(["+a@1", "+b@2"], await bed.ChangesAsync(2));
        Assert.Null(bed.Api.Requests[2].Query("limit"));
        Assert.Null(bed.Api.Requests[2].Query("continue"));
    }

    [Fact]
    public async Task Resumes_a_broken_watch_after_the_last_event_without_a_list()
    {
        await using var bed = new InformerBed()
            .List(10)
            .Watch(new FakeWatch().Event("ADDED", Map("a", 11)).Break())
            .Watch(new FakeWatch().Event("ADDED", Map("b", 12)))
            .Start();

        Assert.Equal(["+a@11", "+b@12"], await bed.ChangesAsync(2));
        Assert.Equal("11", bed.Api.Requests[2].Query("resourceVersion"));
        Assert.Single(bed.Api.Requests, r => !r.IsWatch);
    }

    [Fact]
    public async Task Resumes_a_quiet_watch_from_the_last_bookmark()
    {
        await using var bed = new InformerBed()
            .List(10)
            .Watch(new FakeWatch().Bookmark(25).End())
            .Start();

        await UntilAsync(() => bed.Api.Requests.Count >= 3, "a second watch");
        Assert.Equal("25", bed.Api.Requests[2].Query("resourceVersion"));
        Assert.False(bed.HasMoreChanges);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_410_lists_again_and_tells_only_the_differences(bool asEvent)
    {
        await using var bed = new InformerBed()
            .List(10, Map("same", 1), Map("changed", 2), Map("gone", 3), Map("reborn", 4, uid: "first"))
            .Watch(asEvent ? new FakeWatch().Gone().Response : () => FakeApi.Failure(410, "Expired"))
            .List(50, Map("same", 1), Map("changed", 42), Map("new", 43), Map("reborn", 44, uid: "second"))
            .Watch(new FakeWatch().Event("MODIFIED", Map("same", 51)))
            .Start();

        await bed.ChangesAsync(4);
        Assert.Equal(
            ["-gone@3", "changed@2>changed@42", "+new@43", "-reborn@4", "+reborn@44", "same@1>same@51"],
            await bed.ChangesAsync(6));
        Assert.Null(bed.Informer.Store.Get(Key("gone")));
        Assert.Equal("50", bed.Api.Requests[^1].Query("resourceVersion"));
    }

    [Fact]
    public async Task A_store_that_is_listed_again_is_swapped_as_a_whole()
    {
        var counts = new List<int>();
        await using var bed = new InformerBed()
            .List(10, Map("a", 1), Map("b", 2), Map("c", 3))
            .Watch(new FakeWatch().Gone())
            .List(20, Map("d", 11), Map("e", 12));
        bed.Informer.Changed += (_, _) => counts.Add(bed.Informer.Store.Count);
        bed.Start();

        await bed.ChangesAsync(8);
        Assert.Equal([3, 3, 3, 2, 2, 2, 2, 2], counts);
    }

    [Fact]
    public async Task An_event_that_comes_twice_is_told_once()
    {
        await using var bed = new InformerBed()
            .List(10, Map("a", 9))
            .Watch(new FakeWatch().Event("ADDED", Map("a", 9)).Event("MODIFIED", Map("a", 11)).Event("MODIFIED", Map("a", 11)).Event("ADDED", Map("b", 12)))
            .Start();

        Assert.Equal(["+a@9", "a@9>a@11", "+b@12"], await bed.ChangesAsync(3));
    }

    [Fact]
    public async Task An_object_that_cannot_be_decoded_does_not_hide_the_others()
    {
        await using var bed = new InformerBed()
            .List(10, Map("a", 1), Map("bad", 2, data: "5"), Map("b", 3))
            .Watch(new FakeWatch().Event("ADDED", Map("worse", 11, data: "[]")).Event("ADDED", Map("c", 12)))
            .Start();

        Assert.Equal(["+a@1", "+b@3", "+c@12"], await bed.ChangesAsync(3));
        Assert.Equal(["ns/bad", "ns/worse"], bed.Logs.Where(l => l.EventName == "InformerUndecodable").Select(l => l.Message.Split(' ')[1]));
        Assert.DoesNotContain(bed.Logs, l => l.EventName == "InformerWatchEnded");
    }

    [Fact]
    public async Task The_last_good_version_of_an_object_stays_until_the_object_is_deleted()
    {
        var watch = new FakeWatch().Event("MODIFIED", Map("a", 11, data: "5")).Gone();
        await using var bed = new InformerBed()
            .List(10, Map("a", 1))
            .Watch(watch)
            .List(20, Map("a", 11, data: "5"))
            .Watch(new FakeWatch().Event("ADDED", Map("b", 21)).Event("DELETED", Map("a", 22, data: "5")))
            .Start();

        Assert.Equal(["+a@1", "+b@21", "-a@1"], await bed.ChangesAsync(3));
        Assert.Null(bed.Informer.Store.Get(Key("a")));
        Assert.Single(bed.Logs, l => l.EventName == "InformerUndecodable");
    }

    [Fact]
    public async Task A_corrupt_line_costs_no_event_because_the_watch_is_resumed_before_it()
    {
        await using var bed = new InformerBed()
            .List(10)
            .Watch(new FakeWatch().Event("ADDED", Map("a", 11)).Raw("{\"type\":\"ADDED\",\"object\":{\"meta\n"))
            .Watch(new FakeWatch().Event("ADDED", Map("b", 12)))
            .Start();

        Assert.Equal(["+a@11", "+b@12"], await bed.ChangesAsync(2));
        Assert.Equal("11", bed.Api.Requests[2].Query("resourceVersion"));
        Assert.Contains(bed.Logs, l => l.EventName == "InformerCorruptLine");
    }

    [Fact]
    public async Task A_line_that_is_corrupt_again_and_again_leads_to_a_list()
    {
        await using var bed = new InformerBed()
            .List(10)
            .Watch(new FakeWatch().Raw("<html>\n"))
            .List(20, Map("a", 15))
            .Start();

        Assert.Equal(["+a@15"], await bed.ChangesAsync(1));
    }

    [Fact]
    public async Task A_line_that_was_cut_by_the_end_of_the_stream_is_no_event()
    {
        await using var bed = new InformerBed()
            .List(10)
            .Watch(new FakeWatch().Raw($$"""{"type":"ADDED","object":{{Map("a", 11)}}}""").End())
            .Watch(new FakeWatch().Event("ADDED", Map("a", 11)))
            .Start();

        Assert.Equal(["+a@11"], await bed.ChangesAsync(1));
        Assert.Equal("10", bed.Api.Requests[2].Query("resourceVersion"));
    }

    [Fact]
    public async Task A_server_that_always_hangs_up_is_asked_less_and_less_often()
    {
        await using var bed = new InformerBed().List(10);
        for (var i = 0; i < 14; i++)
            bed.Watch(() => new FakeWatch().End().Response());
        bed.Start();
        await CheckWaitsAsync(bed, 14, longest: 5);
    }

    [Fact]
    public async Task A_server_whose_watches_are_all_expired_lists_less_and_less_often_and_the_first_list_after_an_outage_does_not_wait_for_that()
    {
        await using var bed = new InformerBed();
        for (var i = 0; i < 12; i++)
            bed.List(10).Watch(new FakeWatch().Gone().Response);
        bed.List(10).Start();
        await CheckWaitsAsync(bed, 12, longest: 30);

        await using var after = new InformerBed().List(10);
        for (var i = 0; i < 8; i++)
            after.Watch(() => FakeApi.Failure(503, "ServiceUnavailable"));
        after.Watch(new FakeWatch().Gone().Response).List(20, Map("a", 15)).Start();
        Assert.Equal(["+a@15"], await after.ChangesAsync(1));
        Assert.InRange(after.Waits[8].TotalSeconds, 0.05, 0.1);
    }

    private static async Task CheckWaitsAsync(InformerBed bed, int count, double longest)
    {
        await UntilAsync(() => bed.Waits.Count >= count, $"{count} waits");
        var waits = bed.Waits.Take(count).Select(w => w.TotalSeconds).ToArray();
        for (var i = 0; i < waits.Length; i++)
        {
            var bound = Math.Min(0.1 * Math.Pow(2, i), longest);
            Assert.InRange(waits[i], bound / 2, bound);
        }
    }

    [Fact]
    public async Task A_list_that_is_refused_is_tried_until_it_is_not_with_growing_waits()
    {
        await using var bed = new InformerBed();
        for (var i = 0; i < 5; i++)
            bed.List(() => FakeApi.Failure(403, "Forbidden"));
        bed.List(10, Map("a", 1)).Start();

        Assert.Equal(["+a@1"], await bed.ChangesAsync(1));
        Assert.InRange(bed.Waits[4].TotalSeconds, 0.8, 1.6);
        Assert.Equal(6, bed.Api.Requests.Count(r => !r.IsWatch));
    }

    [Fact]
    public async Task A_server_that_says_when_to_come_back_is_not_asked_before()
    {
        HttpResponseMessage Busy()
        {
            var response = FakeApi.Failure(429, "TooManyRequests");
            response.Headers.RetryAfter = new(TimeSpan.FromSeconds(5));
            return response;
        }

        var clientTime = new LlmOps.Testing.ManualTime();
        await using var bed = new InformerBed(clientTime: clientTime);
        for (var i = 0; i < 6; i++)
            bed.List(Busy);
        bed.List(10, Map("a", 1)).Watch(() => FakeApi.Failure(503, "ServiceUnavailable")).Start();
        // The client itself tries a few times.
        for (var i = 0; i < 5; i++)
        {
            await UntilAsync(() => bed.Api.Requests.Count == i + 1 && clientTime.ArmedTimers == 1, "it waits");
            clientTime.Advance(TimeSpan.FromSeconds(5));
        }

        Assert.Equal(["+a@1"], await bed.ChangesAsync(1));
        Assert.Equal(5, bed.Waits[0].TotalSeconds);
        await UntilAsync(() => bed.Waits.Count >= 2, "another wait");
        Assert.InRange(bed.Waits[1].TotalSeconds, 0.1, 0.2);
    }

    [Fact]
    public async Task Waits_start_small_again_after_progress()
    {
        await using var bed = new InformerBed().List(10);
        for (var i = 0; i < 6; i++)
            bed.Watch(() => new FakeWatch().End().Response());
        bed.Watch(new FakeWatch().Event("ADDED", Map("a", 11)).End()).Start();

        await bed.ChangesAsync(1);
        await UntilAsync(() => bed.Waits.Count >= 7, "7 waits");
        Assert.InRange(bed.Waits[5].TotalSeconds, 1.6, 3.2);
        Assert.InRange(bed.Waits[6].TotalSeconds, 0.05, 0.1);
    }

    [Fact]
    public async Task A_silent_watch_is_replaced_after_the_idle_limit()
    {
        var clientTime = new LlmOps.Testing.ManualTime();
        await using var bed = new InformerBed(new() { IdleTimeout = TimeSpan.FromSeconds(150) }, clientTime)
            .List(10)
            .Watch(new FakeWatch().Event("ADDED", Map("a", 11)))
            .Watch(new FakeWatch().Event("ADDED", Map("b", 12)))
            .Start();

        await bed.ChangesAsync(1);
        await clientTime.WaitForTimersAsync(1);
        clientTime.Advance(TimeSpan.FromSeconds(151));
        Assert.Equal(["+b@12"], await bed.ChangesAsync(1));
        Assert.Equal("11", bed.Api.Requests[2].Query("resourceVersion"));
    }

    [Fact]
    public async Task A_handler_that_throws_does_not_concern_the_others()
    {
        await using var bed = new InformerBed().List(10, Map("a", 1), Map("b", 2));
        var after = new List<string>();
        bed.Informer.Changed += (_, _) => throw new InvalidOperationException("mine");
        bed.Informer.Changed += (_, n) => after.Add(n!.Metadata.Name!);
        bed.Start();

        await bed.Informer.WaitForSyncAsync(CancellationToken.None);
        Assert.Equal(["a", "b"], after);
        Assert.Equal(2, bed.Logs.Count(l => l.EventName == "InformerHandlerFailed"));
    }

    [Fact]
    public async Task A_disposed_informer_ends_and_tells_nothing_more()
    {
        var watch = new FakeWatch();
        await using var bed = new InformerBed().List(10, Map("a", 1)).Watch(watch);
        var run = bed.Informer.RunAsync(CancellationToken.None);
        await bed.ChangesAsync(1);

        bed.Informer.Dispose();
        watch.Event("ADDED", Map("b", 11));
        await run.WaitAsync(TimeSpan.FromSeconds(60));

        Assert.False(bed.HasMoreChanges);
    }
}
