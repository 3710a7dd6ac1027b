using System.Text.Json.Nodes;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;
using LlmOps.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace LlmOps.Operator.Tests.Gathering;

public sealed class FreshStoreTests
{
    private static readonly ObjectKey Key = new("default", "map");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_written_is_not_believed_in_any_more_when_the_watch_told_that_it_is_gone(bool answerComesAfterwards)
    {
        await using var server = await InProcessApiServer.StartAsync();
        using var client = new KubernetesClient(server.Configuration);
        using var stop = new CancellationTokenSource();
        using var kind = new WatchedKind<ConfigMap>(client, ["default"], new InformerOptions(), NullLogger.Instance, new ManualTime());
        string? seenOnDeletion = "nothing";
        kind.OnChange((_, after) => seenOnDeletion = after is null ? kind.Store.Get(Key)?.Metadata.ResourceVersion : seenOnDeletion);
        var running = kind.RunAsync(stop.Token);
        await kind.WaitForSyncAsync(CancellationToken.None);

        await client.CreateAsync(Map(), CancellationToken.None);
        var written = await client.MergePatchAsync<ConfigMap>(Key, new JsonObject { ["data"] = new JsonObject { ["k"] = "v" } });
        if (!answerComesAfterwards)
            kind.Store.Note(written);
        await client.DeleteAsync<ConfigMap>(Key);
        await Eventually.TrueAsync(() => seenOnDeletion != "nothing", TimeSpan.FromSeconds(60), "the deletion is told");
        if (answerComesAfterwards)
            kind.Store.Note(written);

        Assert.Null(seenOnDeletion);
        Assert.Null(kind.Store.Get(Key));
        var next = await client.CreateAsync(Map(), CancellationToken.None);
        kind.Store.Note(next);
        Assert.Equal(next.Metadata.Uid, kind.Store.Get(Key)?.Metadata.Uid);
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task What_was_written_is_believed_as_long_as_the_watch_is_behind()
    {
        await using var server = await InProcessApiServer.StartAsync();
        using var client = new KubernetesClient(server.Configuration);
        using var stop = new CancellationTokenSource();
        var time = new ManualTime();
        using var kind = new WatchedKind<ConfigMap>(client, ["default"], new InformerOptions(), NullLogger.Instance, time);
        server.Faults.When(request => request.Verb == "watch", FaultEffect.HangBefore(new FaultGate()));
        var running = kind.RunAsync(stop.Token);
        await kind.WaitForSyncAsync(CancellationToken.None);

        var first = await client.CreateAsync(Map(), CancellationToken.None);
        var second = await client.MergePatchAsync<ConfigMap>(Key, new JsonObject { ["data"] = new JsonObject { ["k"] = "v" } });
        // Answers in the wrong order.
        kind.Store.Note(second);
        kind.Store.Note(first);
        time.Advance(TimeSpan.FromHours(1));

        Assert.Equal(second.Metadata.ResourceVersion, kind.Store.Get(Key)?.Metadata.ResourceVersion);
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task What_was_written_and_is_gone_before_any_watch_brought_it_is_told_by_the_next_list()
    {
        await using var server = await InProcessApiServer.StartAsync();
        using var client = new KubernetesClient(server.Configuration);
        using var stop = new CancellationTokenSource();
        using var kind = new WatchedKind<ConfigMap>(client, ["default"], new InformerOptions(), NullLogger.Instance, TimeProvider.System);
        string? told = null;
        kind.OnChange((before, after) => told = $"{before?.Metadata.Name} {after?.Metadata.Name} {kind.Store.Get(Key)?.Metadata.Name}");
        var isForgotten = false;
        server.Faults.Choose(request => request.Verb != "watch" ? null : Volatile.Read(ref isForgotten) ? FaultEffect.Status(410, "Expired") : FaultEffect.ResetBefore);
        var running = kind.RunAsync(stop.Token);
        await kind.WaitForSyncAsync(CancellationToken.None);

        kind.Store.Note(await client.CreateAsync(Map(), CancellationToken.None));
        await client.DeleteAsync<ConfigMap>(Key);
        Assert.NotNull(kind.Store.Get(Key));
        // No watch can go on from where it was: everything is listed again.
        Volatile.Write(ref isForgotten, true);

        await Eventually.TrueAsync(() => told is not null, TimeSpan.FromSeconds(60), "the loss is told");
        Assert.Equal("map  ", told);
        await stop.CancelAsync();
        await running;
    }

    /// <summary>What was written is forgotten when the watch has brought it: whoever reads at that moment must find the one or the other.</summary>
    [Fact]
    public async Task A_read_at_the_moment_at_which_the_watch_brings_a_write_is_not_older_than_the_write()
    {
        const int Writes = 400;
        await using var server = await InProcessApiServer.StartAsync();
        using var client = new KubernetesClient(server.Configuration);
        using var stop = new CancellationTokenSource();
        using var kind = new WatchedKind<ConfigMap>(client, ["default"], new InformerOptions(), NullLogger.Instance, TimeProvider.System).IndexedBy("all", _ => ["all"]);
        var running = kind.RunAsync(stop.Token);
        await kind.WaitForSyncAsync(CancellationToken.None);
        kind.Store.Note(await client.CreateAsync(Map(), CancellationToken.None));
        var (noted, tooOld) = (0UL, 0);
        var reading = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                var least = Volatile.Read(ref noted);
                var listed = kind.Store.ListByIndex("all", "all", _ => true);
                if (listed is not [var one] || ResourceVersion.Number(one.Metadata.ResourceVersion) < least || ResourceVersion.Number(kind.Store.Get(Key)?.Metadata.ResourceVersion) < least)
                    tooOld++;
            }
        });

        for (var i = 0; i < Writes; i++)
        {
            var written = await client.MergePatchAsync<ConfigMap>(Key, new JsonObject { ["data"] = new JsonObject { ["k"] = $"{i}" } });
            kind.Store.Note(written);
            Volatile.Write(ref noted, ResourceVersion.Number(written.Metadata.ResourceVersion));
        }

        await stop.CancelAsync();
        await Task.WhenAll(reading, running);
        Assert.Equal(0, tooOld);
    }

    private static ConfigMap Map() => new() { Metadata = new ObjectMeta { Name = Key.Name, Namespace = Key.Namespace } };
}
