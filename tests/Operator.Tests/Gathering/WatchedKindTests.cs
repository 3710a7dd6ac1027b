using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace LlmOps.Operator.Tests.Gathering;

public sealed class WatchedKindTests
{
    /// <summary>Who was woken first would look for room in a book that does not know yet, and nobody would wake it again.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task Whoever_is_woken_by_a_change_finds_all_that_is_kept_up_with_the_cache_up_to_date(int books)
    {
        await using var server = await InProcessApiServer.StartAsync();
        using var client = new KubernetesClient(server.Configuration);
        using var stop = new CancellationTokenSource();
        using var kind = new WatchedKind<ConfigMap>(client, ["default"], new InformerOptions(), NullLogger.Instance, TimeProvider.System);
        var known = 0;
        var found = new List<int>();
        kind.AfterChange(_ => found.Add(known));
        for (var i = 0; i < books; i++)
            kind.OnChange(_ => known++);
        foreach (var name in new[] { "one", "two" })
            await client.CreateAsync(new ConfigMap { Metadata = new() { Name = name, Namespace = "default" } }, CancellationToken.None);
        var running = kind.RunAsync(stop.Token);
        await kind.WaitForSyncAsync(CancellationToken.None);
        await stop.CancelAsync();
        await running;

        Assert.Equal([books, 2 * books], found);
    }

    [Fact]
    public async Task What_was_asked_to_go_is_going_until_it_is_gone_and_its_namesake_is_not()
    {
        await using var server = await InProcessApiServer.StartAsync();
        using var client = new KubernetesClient(server.Configuration);
        using var stop = new CancellationTokenSource();
        using var kind = new WatchedKind<ConfigMap>(client, ["default"], new InformerOptions(), NullLogger.Instance, TimeProvider.System);
        var running = kind.RunAsync(stop.Token);
        var wanted = new ConfigMap { Metadata = new() { Name = "one", Namespace = "default" } };
        async Task<ConfigMap> MakeAsync()
        {
            var made = await client.CreateAsync(wanted, CancellationToken.None);
            await TestWorld.UntilAsync(() => kind.Store.Get(made.Key())?.Metadata.Uid == made.Metadata.Uid, "it is seen");
            return made;
        }

        var first = await MakeAsync();
        Assert.False(kind.IsGoing(first));
        kind.NoteGoing(first);
        Assert.True(kind.IsGoing(first));
        kind.ForgetGoing(first);
        Assert.False(kind.IsGoing(first));
        Assert.True(kind.IsGoing(first with { Metadata = first.Metadata with { DeletionTimestamp = DateTimeOffset.UnixEpoch } }));

        kind.NoteGoing(first);
        await client.DeleteAsync<ConfigMap>(first.Key());
        var second = await MakeAsync();
        Assert.False(kind.IsGoing(second));
        Assert.False(kind.IsGoing(first));
        await stop.CancelAsync();
        await running;
    }
}
