using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;
using LlmOps.Operator.Gathering.Capacity;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace LlmOps.Operator.Tests.Gathering.Capacity;

/// <summary>What is kept up change by change must be what would be worked out anew.</summary>
public sealed class BookTests : IAsyncLifetime
{
    private const string Gpu = "nvidia.com/gpu";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly PodSpec Template = new() { Containers = [new Container { Name = "engine", Resources = new() { Requests = new Dictionary<string, string> { [Gpu] = "1" } } }] };
    private ClusterBed bed = null!;
    private NodeBook nodes = null!;
    private ClaimBook claims = null!;

    public async Task InitializeAsync()
    {
        bed = await ClusterBed.StartAsync(new() { Namespaces = ["elsewhere"] });
        (nodes, claims) = (new(bed.Cluster), new(bed.Cluster));
        Seed(new Node { Metadata = new() { Name = "n1" }, Status = new() { Allocatable = new Dictionary<string, string> { [Gpu] = "4" } } });
        await bed.WatchAsync();
    }

    public Task DisposeAsync() => bed.DisposeAsync().AsTask();

    [Fact]
    public async Task A_node_has_what_is_on_it_now()
    {
        Assert.Equal(4, Free());
        Seed(Pod("one"));
        Seed(Pod("two"));
        await UntilAsync(() => Free() == 2, "both pods are counted");
        Assert.True(await bed.Client.DeleteAsync<Pod>(new("default", "one"), new() { GracePeriodSeconds = 0 }));
        await UntilAsync(() => Free() == 3, "the pod that went is not counted any more");
        Assert.True(await bed.Client.DeleteAsync<Node>(new(string.Empty, "n1")));
        await UntilAsync(() => nodes.Read().Count == 0, "the node is gone");
    }

    [Fact]
    public async Task A_pod_that_ended_or_is_being_deleted_holds_nothing_whosever_it_is()
    {
        foreach (var (name, serving) in new[] { ("one", (string?)null), ("two", null), ("bot-s1-0", "s1"), ("bot-s1-1", "s1") })
            Seed(Pod(name, serving));
        await UntilAsync(() => Free() == 0, "all are counted");
        foreach (var name in new[] { "one", "bot-s1-0" })
            await bed.Client.ReplaceStatusAsync((await bed.Client.GetAsync<Pod>(new("default", name), CancellationToken.None))! with { Status = new() { Phase = "Succeeded" } }, CancellationToken.None);
        await UntilAsync(() => Free() == 2, "two ended");
        foreach (var name in new[] { "two", "bot-s1-1" })
        {
            await bed.Client.MergePatchAsync<Pod>(new("default", name), new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = new JsonArray("test.dev/held") } });
            Assert.True(await bed.Client.DeleteAsync<Pod>(new("default", name), new() { GracePeriodSeconds = 0 }));
        }

        await UntilAsync(() => Free() == 4, "two are going");
    }

    [Fact]
    public async Task A_pod_of_ours_is_counted_once_also_where_other_operators_have_pods_of_their_own()
    {
        using var some = new ClusterView(bed.Client, ["default"], new("llmops-system", "gateway"), null, NullLogger.Instance, TimeProvider.System);
        var book = new NodeBook(some);
        using var stop = new CancellationTokenSource();
        var run = some.RunAsync(stop.Token);
        await some.WaitForSyncAsync(stop.Token);
        Seed(Pod("bot-s1-0", "s1"));
        Seed(Pod("bot-s1-0", "s1", "elsewhere"));
        await UntilAsync(() => some.BoundPods.List().Count == 2 && some.Pods.List().Count == 1, "one of them is ours");
        Assert.Equal([2, 2], [Free(), Assert.Single(book.Read()).Room(Gpu).Left]);
        Assert.Empty(bed.Cluster.BoundPods.List());
        Assert.Equal(2, bed.Cluster.Pods.List().Count);
        await stop.CancelAsync();
        await run;
    }

    [Fact]
    public async Task A_pod_that_was_seen_before_its_LlmDeployment_becomes_its_own()
    {
        Seed(Pod("bot-s1-0", "s1"));
        await UntilAsync(() => Free() == 3, "the pod is counted");
        Assert.Null(Holder());
        var deployment = Samples.Canary("v1");
        Seed(deployment with { Metadata = deployment.Metadata with { Name = "bot", Namespace = "default" } });
        await UntilAsync(() => Holder() == new ObjectKey("default", "bot"), "it has a holder");
    }

    [Fact]
    public async Task A_promise_counts_before_it_is_written_and_goes_with_a_write_that_failed()
    {
        var deployment = await DeploymentAsync();
        Assert.Empty(claims.OfOthers(Other));

        claims.Promise(deployment with { Status = Status() }, Template);
        Assert.Equal(1, Assert.Single(claims.OfOthers(Other)).Unbound);
        Assert.Empty(claims.OfOthers(deployment.Key()));

        claims.Settle(deployment.Key());
        Assert.Empty(claims.OfOthers(Other));
    }

    [Fact]
    public async Task A_promise_that_was_written_counts_until_its_pod_has_a_node()
    {
        var deployment = await DeploymentAsync();
        Seed(Workload());
        await UntilAsync(() => bed.Cluster.Deployments.List().Count == 1, "the template is known");
        claims.Promise(deployment with { Status = Status() }, Template);
        bed.Cluster.LlmDeployments.Store.Note(deployment with { Status = Status(), Metadata = deployment.Metadata with { ResourceVersion = "999999" } });
        claims.Settle(deployment.Key());
        Assert.Equal(1, Assert.Single(claims.OfOthers(Other)).Unbound);

        Seed(Pod("bot-s1-0", "s1"));
        await UntilAsync(() => claims.OfOthers(Other).Count == 0, "nothing is left to claim");
    }

    [Fact]
    public async Task What_was_written_is_kept_only_until_the_watch_brings_it()
    {
        var deployment = await DeploymentAsync();
        var store = bed.Cluster.LlmDeployments.Store;
        store.Note(await bed.Client.MergePatchAsync<LlmDeployment>(deployment.Key(), new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["k"] = "v" } } }));
        await UntilAsync(() => store.Unseen == 0, "nobody need read it for it to be forgotten");

        // The watch was faster than the answer.
        store.Note(deployment);
        Assert.Equal(0, store.Unseen);
    }

    private static ObjectKey Other { get; } = new("default", "other");

    private decimal Free() => Assert.Single(nodes.Read()).Room(Gpu).Left;

    private ObjectKey? Holder() => Assert.Single(Assert.Single(nodes.Read()).Pods).Holder;

    private async Task<LlmDeployment> DeploymentAsync()
    {
        var deployment = Samples.Canary("v1");
        Seed(deployment with { Metadata = deployment.Metadata with { Name = "bot", Namespace = "default" } });
        await UntilAsync(() => bed.Cluster.LlmDeployments.List().Count == 1, "the LlmDeployment is known");
        return bed.Cluster.LlmDeployments.List()[0];
    }

    private static LlmDeploymentStatus Status() => new() { Candidate = new ReleaseStatus { Release = "r1", ServingHash = "s1", PromptHash = "p", Service = "bot-s1", Weight = 0, Replicas = 1 } };

    private static Deployment Workload() => new()
    {
        Metadata = new() { Name = "bot-s1", Namespace = "default", Labels = Owned("s1") },
        Spec = new() { Selector = new() { MatchLabels = Owned("s1") }, Template = new() { Metadata = new() { Labels = Owned("s1") }, Spec = Template } },
    };

    private static Pod Pod(string name, string? serving = null, string ns = "default") => new()
    {
        Metadata = new() { Name = name, Namespace = ns, Labels = serving is null ? null : Owned(serving) },
        Spec = Template with { NodeName = "n1" },
        Status = new() { Phase = "Running" },
    };

    private static Dictionary<string, string> Owned(string serving) => new() { [Labels.ManagedBy] = Labels.ManagedByValue, [Labels.Deployment] = "bot", [Labels.Serving] = serving };

    private void Seed<T>(T obj)
        where T : class, IResource<T> => bed.Server.Seed(JsonSerializer.SerializeToNode(obj, T.JsonType)!.AsObject());

    private static Task UntilAsync(Func<bool> condition, string what) => Eventually.TrueAsync(condition, Patience, what);
}
