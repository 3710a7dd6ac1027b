using LlmOps.Testing;
using Xunit;

namespace LlmOps.Kubernetes.Tests;

public sealed class ShardLeasesTests : IAsyncLifetime
{
    private readonly ManualTime time = new();
    private InProcessApiServer server = null!;
    private KubernetesClient client = null!;

    public async Task InitializeAsync()
    {
        server = await InProcessApiServer.StartAsync();
        client = new KubernetesClient(server.Configuration);
    }

    public async Task DisposeAsync()
    {
        client.Dispose();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Whoever_knows_another_number_of_shards_waits_until_none_of_them_is_held()
    {
        var (old, other) = (Lock("old", 4, 3), Lock("old", 4, 0));
        Assert.True(await TryAsync(old));
        Assert.True(await TryAsync(other));
        var next = Lock("new", 2, 1);
        Assert.False(await TryAsync(next));
        Assert.Equal("old holds operator-0 of 4 shards, and this process knows 2", next.Obstacle);
        Assert.Null(Find(1));

        await other.ReleaseAsync(CancellationToken.None);
        Assert.False(await TryAsync(next));
        Assert.Equal("old holds operator-3 of 4 shards, and this process knows 2", next.Obstacle);
        Assert.True(await TryAsync(old));

        await old.ReleaseAsync(CancellationToken.None);
        Assert.True(await TryAsync(next));
        Assert.Null(next.Obstacle);
        Assert.False(await TryAsync(old));
        Assert.Equal("new holds operator-1 of 2 shards, and this process knows 4", old.Obstacle);
        Assert.True(await TryAsync(next));
        Assert.Equal("2", Find(1)!.Metadata.Labels!["test.dev/shards"]);
    }

    [Fact]
    public async Task The_same_number_and_another_group_are_in_nobodys_way()
    {
        Assert.True(await TryAsync(Lock("a", 2, 0)));
        Assert.True(await TryAsync(Lock("b", 2, 1)));
        Assert.True(await TryAsync(Lock("c", 4, 3, group: "others")));
    }

    [Fact]
    public async Task A_dead_one_is_waited_for_until_its_lease_has_run_out()
    {
        Assert.True(await TryAsync(Lock("dead", 4, 3)));
        var next = Lock("new", 2, 1);
        Assert.False(await TryAsync(next));
        time.Advance(TimeSpan.FromSeconds(15));
        Assert.False(await TryAsync(next));
        time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.True(await TryAsync(next));
    }

    [Fact]
    public async Task Of_two_that_take_a_lease_at_the_same_time_none_leads_before_the_other_has_given_it_back()
    {
        var old = Lock("old", 4, 3);
        var asked = 0;
        var next = Lock("new", 2, 1, async obstacle =>
        {
            // Nothing stands against it, and then another is faster.
            if (++asked == 1)
                Assert.True(await TryAsync(old));
            return asked == 1 ? null : await obstacle(CancellationToken.None);
        });
        Assert.False(await TryAsync(next));
        Assert.Equal("old holds operator-3 of 4 shards, and this process knows 2", next.Obstacle);
        Assert.Equal((2, string.Empty), (asked, Find(1)!.Spec!.HolderIdentity));
    }

    [Fact]
    public async Task A_lease_whose_second_look_failed_is_looked_at_again_before_it_counts()
    {
        var asked = 0;
        var lease = Lock("a", 2, 1, _ => ++asked == 2 ? throw new HttpRequestException("away") : Task.FromResult<string?>(null));
        await Assert.ThrowsAsync<HttpRequestException>(() => TryAsync(lease));
        Assert.Equal("a", Find(1)!.Spec!.HolderIdentity);
        Assert.True(await TryAsync(lease));
        Assert.Equal(4, asked);
        Assert.True(await TryAsync(lease));
        Assert.Equal(4, asked);
    }

    private static Task<bool> TryAsync(LeaseLock lease) => lease.TryAcquireOrRenewAsync(CancellationToken.None);

    private LeaseLock Lock(string identity, int shards, int shard, Func<Func<CancellationToken, Task<string?>>, Task<string?>>? obstacle = null, string group = "operator")
    {
        var leases = new ShardLeases(client, new() { Namespace = "default", Group = group, GroupLabel = "test.dev/group", Shards = shards, ShardsLabel = "test.dev/shards" }, time);
        var options = new LeaderElectionOptions
        {
            Namespace = "default",
            LeaseName = $"{group}-{shard}",
            Identity = identity,
            Labels = leases.Labels,
            ObstacleAsync = obstacle is null ? leases.ObstacleAsync : _ => obstacle(leases.ObstacleAsync),
        };
        return new(client, options, time);
    }

    private Lease? Find(int shard) => server.Find("leases.coordination.k8s.io", "default", $"operator-{shard}") is { } node ? System.Text.Json.JsonSerializer.Deserialize(node, KubernetesJson.Default.Lease) : null;
}
