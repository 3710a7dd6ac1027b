using System.Text.Json.Nodes;
using System.Threading.Channels;
using LlmOps.Kubernetes.Tests.Conformance;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace LlmOps.Kubernetes.Tests;

/// <summary>The runtime against servers that answer over HTTP: the in-process one and the real one.</summary>
public abstract class RuntimeOnCluster(ConformanceCluster cluster) : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string ns = $"runtime-{cluster.NextNamespace()}";
    private readonly CancellationTokenSource stop = new(Patience);

    private KubernetesClient Client => cluster.Client;

    public async Task InitializeAsync() =>
        await Client.CreateAsync(new Namespace { Metadata = new ObjectMeta { Name = ns } }, stop.Token);

    public async Task DisposeAsync()
    {
        await stop.CancelAsync();
        stop.Dispose();
    }

    private ConfigMap Map(string name, string value) => new()
    {
        Metadata = new ObjectMeta { Namespace = ns, Name = name, Labels = new Dictionary<string, string> { ["by"] = "test" } },
        Data = new Dictionary<string, string> { ["k"] = value },
    };

    [ConformanceFact]
    public async Task An_informer_tells_what_was_there_and_what_changes()
    {
        await Client.CreateAsync(Map("before", "1"), stop.Token);
        var changes = Channel.CreateUnbounded<string>();
        using var informer = new Informer<ConfigMap>(Client, new() { Namespace = ns, LabelSelector = "by in (test,nobody)" }, NullLogger.Instance, TimeProvider.System);
        informer.Changed += (o, n) => changes.Writer.TryWrite($"{o?.Data?["k"]}>{n?.Data?["k"]} {(n ?? o)!.Metadata.Name}");
        var run = informer.RunAsync(stop.Token);
        await informer.WaitForSyncAsync(stop.Token);

        await Client.ApplyAsync(Map("after", "2"), "test", ct: stop.Token);
        await Client.MergePatchAsync<ConfigMap>(new(ns, "after"), new JsonObject { ["data"] = new JsonObject { ["k"] = "3" } }, ct: stop.Token);
        Assert.True(await Client.DeleteAsync<ConfigMap>(new(ns, "before"), ct: stop.Token));

        var seen = new List<string>();
        for (var i = 0; i < 4; i++)
            seen.Add(await changes.Reader.ReadAsync(stop.Token));
        Assert.Equal([">1 before", ">2 after", "2>3 after", "1> before"], seen);
        Assert.Equal("after", Assert.Single(informer.Store.List()).Metadata.Name);
        informer.Dispose();
        await run;
    }

    [ConformanceFact]
    public async Task A_list_longer_than_a_page_is_complete()
    {
        for (var i = 0; i < 25; i++)
            await Client.CreateAsync(Map($"m{i}", "x"), stop.Token);
        using var informer = new Informer<ConfigMap>(Client, new() { Namespace = ns, PageSize = 10 }, NullLogger.Instance, TimeProvider.System);
        var run = informer.RunAsync(stop.Token);
        await informer.WaitForSyncAsync(stop.Token);

        Assert.Equal(25, informer.Store.List().Count(m => m.Metadata.Name!.StartsWith('m')));
        informer.Dispose();
        await run;
    }

    [ConformanceFact]
    public async Task A_leader_hands_over_when_it_stops()
    {
        var terms = Channel.CreateUnbounded<string>();
        LeaderElector Elector(string identity) => new(
            Client,
            new() { Namespace = ns, LeaseName = "operator", Identity = identity, RetryPeriod = TimeSpan.FromMilliseconds(200) },
            TimeProvider.System, NullLogger.Instance);
        async Task LeadAsync(string identity, CancellationToken ct)
        {
            terms.Writer.TryWrite(identity);
            await Task.Delay(Timeout.Infinite, ct);
        }

        using var stopA = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
        using var stopB = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
        var a = Elector("a").RunAsync(ct => LeadAsync("a", ct), stopA.Token);
        Assert.Equal("a", await terms.Reader.ReadAsync(stop.Token));
        var b = Elector("b").RunAsync(ct => LeadAsync("b", ct), stopB.Token);

        await stopA.CancelAsync();
        await a;
        Assert.Equal("b", await terms.Reader.ReadAsync(stop.Token));
        await stopB.CancelAsync();
        await b;
        var lease = await Client.GetAsync<Lease>(new(ns, "operator"), stop.Token);
        Assert.Equal((string.Empty, 1), (lease!.Spec!.HolderIdentity, lease.Spec.LeaseTransitions));
    }

    [ConformanceFact]
    public async Task Events_are_written_and_counted()
    {
        var map = await Client.CreateAsync(Map("subject", "1"), stop.Token);
        await using (var recorder = new EventRecorder(Client, "llmops.dev/test", "test-0", TimeProvider.System, NullLogger.Instance))
        {
            for (var i = 0; i < 5; i++)
                recorder.Publish(map.Reference(), "Normal", "Tried", "Try", "a note");
        }

        var e = Assert.Single((await Client.ListAsync<Event>(ns, ct: stop.Token)).Items);
        Assert.Equal(("Tried", "subject", 5), (e.Reason, e.Regarding!.Name, e.Series!.Count));
    }

    [ConformanceFact]
    public async Task A_stale_replace_is_a_conflict_and_a_second_create_is_not()
    {
        var first = await Client.CreateAsync(Map("x", "1"), stop.Token);
        await Client.ReplaceAsync(first with { Data = new Dictionary<string, string> { ["k"] = "2" } }, stop.Token);

        var stale = await Assert.ThrowsAsync<KubernetesException>(() => Client.ReplaceAsync(first with { Immutable = true }, stop.Token));
        var again = await Assert.ThrowsAsync<KubernetesException>(() => Client.CreateAsync(Map("x", "3"), stop.Token));
        Assert.Equal((true, false), (stale.IsConflict, stale.IsAlreadyExists));
        Assert.Equal((false, true), (again.IsConflict, again.IsAlreadyExists));
    }
}

/// <summary>On the server of tests/Testing.</summary>
public sealed class RuntimeOnInProcessServerTests(InProcessCluster cluster) : RuntimeOnCluster(cluster), IClassFixture<InProcessCluster>;

/// <summary>On the real API server.</summary>
[RequiresRealApiServer]
public sealed class RuntimeOnRealServerTests(RealCluster cluster) : RuntimeOnCluster(cluster), IClassFixture<RealCluster>;
