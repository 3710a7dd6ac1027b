using Xunit;
using static LlmOps.Kubernetes.Tests.InformerBed;

namespace LlmOps.Kubernetes.Tests;

/// <summary>Lists that come as the beginning of a watch.</summary>
public sealed class InformerStreamTests
{
    private static readonly InformerOptions Streams = new() { StreamLists = true };

    [Fact]
    public async Task Lists_and_watches_by_one_request()
    {
        await using var bed = new InformerBed(Streams)
            .Watch(new FakeWatch().Event("ADDED", Map("a", 3)).Event("ADDED", Map("b", 7)).InitialEnd(10).Event("ADDED", Map("c", 11)))
            .Start();

        Assert.Equal(["+a@3", "+b@7", "+c@11"], await bed.ChangesAsync(3));
        Assert.True(bed.Informer.HasSynced);
        var request = Assert.Single(bed.Api.Requests);
        Assert.Equal(("true", "NotOlderThan", "true", null), (request.Query("sendInitialEvents"), request.Query("resourceVersionMatch"), request.Query("allowWatchBookmarks"), request.Query("resourceVersion")));
    }

    [Fact]
    public async Task Tells_nothing_before_the_list_is_whole_and_then_only_what_is_left()
    {
        var watch = new FakeWatch().Event("ADDED", Map("a", 3)).Event("ADDED", Map("b", 7)).Bookmark(7).Event("MODIFIED", Map("a", 8)).Event("DELETED", Map("b", 9));
        await using var bed = new InformerBed(Streams).Watch(watch).Start();
        await UntilAsync(() => bed.Api.Requests.Count == 1, "the stream");
        Assert.False(bed.Informer.HasSynced);
        Assert.False(bed.HasMoreChanges);

        watch.InitialEnd(10);
        Assert.Equal(["+a@8"], await bed.ChangesAsync(1));
        Assert.Equal(["a"], bed.Informer.Store.List().Select(map => map.Metadata.Name!));
        Assert.Equal(10UL, bed.Informer.Store.SeenUpTo);
    }

    [Fact]
    public async Task Resumes_after_the_end_of_the_list_where_the_stream_breaks_then()
    {
        await using var bed = new InformerBed(Streams)
            .Watch(new FakeWatch().Event("ADDED", Map("a", 3)).InitialEnd(10).Break())
            .Watch(new FakeWatch().Event("ADDED", Map("b", 11)))
            .Start();

        Assert.Equal(["+a@3", "+b@11"], await bed.ChangesAsync(2));
        Assert.Equal(("10", null), (bed.Api.Requests[1].Query("resourceVersion"), bed.Api.Requests[1].Query("sendInitialEvents")));
    }

    [Fact]
    public async Task Takes_pages_at_once_and_for_ever_where_the_server_does_not_know_streams()
    {
        await using var bed = new InformerBed(Streams)
            .Watch(() => FakeApi.Failure(422, "Invalid", "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"))
            .List(10, Map("a", 3))
            .Watch(new FakeWatch().Gone())
            .List(20, Map("a", 3), Map("b", 12))
            .Start();

        Assert.Equal(["+a@3", "+b@12"], await bed.ChangesAsync(2));
        await UntilAsync(() => bed.Api.Requests.Count >= 5, "a watch after the second list");
        Assert.Equal(["true", null, null, null, null], bed.Api.Requests.Take(5).Select(request => request.Query("sendInitialEvents")));
        Assert.Equal([true, false, true, false, true], bed.Api.Requests.Take(5).Select(request => request.IsWatch));
        // Between the two watches, and not before the first list.
        Assert.Single(bed.Waits);
    }

    [Theory]
    [InlineData("break")]
    [InlineData("end")]
    [InlineData("garbage")]
    [InlineData("error")]
    public async Task Takes_pages_once_where_a_stream_ends_before_its_list_is_whole(string how)
    {
        var broken = new FakeWatch().Event("ADDED", Map("a", 3));
        broken = how switch { "break" => broken.Break(), "end" => broken.End(), "garbage" => broken.Raw("{\"type\"\n"), _ => broken.Gone() };
        await using var bed = new InformerBed(Streams)
            .Watch(broken)
            .List(10, Map("b", 4))
            .Watch(new FakeWatch().Gone())
            .Watch(new FakeWatch().Event("ADDED", Map("b", 4)).Event("ADDED", Map("c", 12)).InitialEnd(20))
            .Start();

        Assert.Equal(["+b@4", "+c@12"], await bed.ChangesAsync(2));
        Assert.Equal(["true", null, null, "true"], bed.Api.Requests.Select(request => request.Query("sendInitialEvents")));
    }

    [Fact]
    public async Task After_410_streams_again_and_tells_only_the_differences()
    {
        await using var bed = new InformerBed(Streams)
            .Watch(new FakeWatch().Event("ADDED", Map("same", 1)).Event("ADDED", Map("gone", 3)).InitialEnd(10).Gone())
            .Watch(new FakeWatch().Event("ADDED", Map("same", 1)).Event("ADDED", Map("new", 43)).InitialEnd(50))
            .Start();

        Assert.Equal(["+same@1", "+gone@3", "-gone@3", "+new@43"], await bed.ChangesAsync(4));
    }

    [Fact]
    public async Task Waits_grow_while_streams_end_right_behind_their_lists()
    {
        await using var bed = new InformerBed(Streams);
        for (var i = 0; i < 8; i++)
            bed.Watch(new FakeWatch().Event("ADDED", Map("a", 3)).InitialEnd(10 + i).Gone());
        bed.Start();

        await UntilAsync(() => bed.Waits.Count >= 6, "6 waits");
        Assert.InRange(bed.Waits[0].TotalSeconds, 0.05, 0.1);
        Assert.InRange(bed.Waits[5].TotalSeconds, 1.6, 3.2);
    }

    [Fact]
    public async Task An_object_that_cannot_be_decoded_does_not_hide_the_others()
    {
        await using var bed = new InformerBed(Streams)
            .Watch(new FakeWatch().Event("ADDED", Map("odd", 2, data: "7")).Event("ADDED", Map("a", 3)).InitialEnd(10))
            .Start();

        Assert.Equal(["+a@3"], await bed.ChangesAsync(1));
        Assert.Single(bed.Logs, line => line.EventName == "InformerUndecodable");
    }
}
