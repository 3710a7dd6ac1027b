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
        using var kind = new WatchedKind<ConfigMap>(client, new InformerOptions { Namespace = "default" }, NullLogger.Instance, new ManualTime());
        string? seenOnDeletion = "nothing";
        kind.OnChange((_, after) => seenOnDeletion = after is null ? kind.Store.Get(Key)?.Metadata.ResourceVersion : seenOnDeletion);
        var running = kind.RunAsync(stop.Token);
        await kind.WaitForSyncAsync(CancellationToken.None);

        await client.CreateAsync(new ConfigMap { Metadata = new ObjectMeta { Name = Key.Name, Namespace = Key.Namespace } }, CancellationToken.None);
        var written = await client.MergePatchAsync<ConfigMap>(Key, new JsonObject { ["data"] = new JsonObject { ["k"] = "v" } });
        if (!answerComesAfterwards)
            kind.Store.Note(written);
        await client.DeleteAsync<ConfigMap>(Key);
        await Eventually.TrueAsync(() => seenOnDeletion != "nothing", TimeSpan.FromSeconds(20), "the deletion is told");
        if (answerComesAfterwards)
            kind.Store.Note(written);

        Assert.Null(seenOnDeletion);
        Assert.Null(kind.Store.Get(Key));
        var next = await client.CreateAsync(new ConfigMap { Metadata = new ObjectMeta { Name = Key.Name, Namespace = Key.Namespace } }, CancellationToken.None);
        kind.Store.Note(next);
        Assert.Equal(next.Metadata.Uid, kind.Store.Get(Key)?.Metadata.Uid);
        await stop.CancelAsync();
        await running;
    }
}
