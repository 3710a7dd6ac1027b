using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;
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
}
