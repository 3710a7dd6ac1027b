using LlmOps.Kubernetes;
using LlmOps.Operator.Controllers;
using LlmOps.Operator.Gathering;
using LlmOps.Operator.Hosting;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.Operator.Tests.Controllers;

/// <summary>What waits for whom.</summary>
public sealed class ControllerSetTests
{
    private static readonly ObjectKey Bot = new(Samples.Namespace, "bot");

    [Fact]
    public async Task A_stand_by_queues_nothing_whatever_comes_and_goes()
    {
        await using var bed = await ClusterBed.StartAsync();
        var (client, cluster) = (bed.Client, bed.Cluster);
        using var controllers = new ControllerSet(cluster, new ShardMap(1), new LastOutcomes(TimeProvider.System), TimeProvider.System);
        var gone = 0;
        // After those of the queues.
        cluster.LlmDeployments.AfterChange((_, after) => gone += after is null ? 1 : 0);
        await bed.WatchAsync();

        for (var i = 0; i < 3; i++)
        {
            var made = await client.ApplyAsync(Samples.Canary("v1", $"bot-{i}"), "user");
            await TestWorld.UntilAsync(() => cluster.LlmDeployments.Store.Get(made.Key()) is not null, "it is seen");
            await client.DeleteAsync<Api.LlmDeployment>(made.Key());
        }

        await TestWorld.UntilAsync(() => Volatile.Read(ref gone) == 3, "all are gone");
        Assert.Equal(0, controllers.Waiting);
    }

    [Fact]
    public void The_queues_of_a_shard_take_keys_in_its_term_alone_and_are_empty_after_it()
    {
        using var queues = new ShardQueues(_ => false, new ManualTime());
        Assert.False(queues.Wake(queues.Deployments, Bot));
        queues.Open();
        Assert.True(queues.Wake(queues.Deployments, Bot));
        Assert.True(queues.Wake(queues.Gates, Bot, isIdle: true));
        queues.Runs.AddAfter(Bot, TimeSpan.FromSeconds(1));
        Assert.Equal(2, queues.Count);

        Assert.Equal([Bot], queues.Close());
        Assert.Equal(0, queues.Count);
        Assert.False(queues.Wake(queues.Deployments, Bot));
    }
}
