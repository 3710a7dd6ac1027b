using System.Collections.Concurrent;
using LlmOps.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace LlmOps.Kubernetes.Tests;

/// <summary>Some namespaces read as one copy.</summary>
public sealed class InformerGroupTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Objects_of_the_named_namespaces_are_one_copy_and_the_others_are_not_in_it()
    {
        await using var bed = await Bed.StartAsync(["a", "b"]);
        foreach (var ns in new[] { "a", "b", "c" })
            await bed.CreateAsync(ns, "map");

        await bed.UntilAsync(() => bed.Group.List().Count == 2);
        await bed.CreateAsync("a", "second");
        await bed.CreateAsync("b", "second");
        await bed.UntilAsync(() => bed.Told.Count == 4);

        Assert.Equal(["a/map", "a/second", "b/map", "b/second"], bed.Group.List().Select(map => map.Key().ToString()).Order(StringComparer.Ordinal));
        Assert.Equal(["a/map", "b/map"], bed.Group.ListByIndex("name", "map").Select(map => map.Key().ToString()).Order(StringComparer.Ordinal));
        Assert.NotNull(bed.Group.Get(new("b", "map")));
        Assert.Null(bed.Group.Get(new("c", "map")));
        // Nothing was asked of the cluster as a whole: whoever serves two namespaces has rights there alone.
        Assert.All(bed.Reads, ns => Assert.Contains(ns, new[] { "a", "b" }));
    }

    [Fact]
    public async Task It_is_in_sync_only_when_every_namespace_was_read()
    {
        await using var bed = await Bed.StartAsync(["a", "b"], run: false);
        bed.Server.Faults.When(request => request.UserAgent == Bed.Agent && request.Namespace == "b", FaultEffect.ResetBefore);
        await bed.CreateAsync("a", "map");
        bed.Run();

        await bed.UntilAsync(() => bed.Told.Count == 1);
        Assert.False(bed.Group.HasSynced);
        bed.Server.Faults.Clear();
        await bed.Group.WaitForSyncAsync(CancellationToken.None).WaitAsync(Soon);
        Assert.True(bed.Group.HasSynced);
    }

    [Fact]
    public async Task Without_a_name_all_namespaces_are_read_by_one_watch()
    {
        await using var bed = await Bed.StartAsync([]);
        foreach (var ns in new[] { "a", "b", "c" })
            await bed.CreateAsync(ns, "map");

        await bed.UntilAsync(() => bed.Told.Count == 3);
        Assert.All(bed.Reads, ns => Assert.Equal(string.Empty, ns));
    }

    private sealed class Bed : IAsyncDisposable
    {
        public const string Agent = "informers";

        private readonly CancellationTokenSource stop = new();
        private readonly KubernetesClient user;
        private readonly KubernetesClient client;
        private Task running = Task.CompletedTask;

        private Bed(InProcessApiServer server, IReadOnlyCollection<string> namespaces)
        {
            Server = server;
            user = new KubernetesClient(server.Configuration with { UserAgent = "user" });
            client = new KubernetesClient(server.Configuration with { UserAgent = Agent });
            Group = new InformerGroup<ConfigMap>(client, namespaces, new() { LabelSelector = "test" }, NullLogger.Instance, TimeProvider.System);
            Group.AddIndex("name", map => [map.Metadata.Name!]);
            Group.OnChange((_, after) => Told.Add(after?.Key().ToString() ?? "gone"));
        }

        public InProcessApiServer Server { get; }

        public InformerGroup<ConfigMap> Group { get; }

        /// <summary>Handlers are called one at a time, so a list does.</summary>
        public List<string> Told { get; } = [];

        /// <summary>Namespaces that were read; empty for the whole cluster.</summary>
        public ConcurrentBag<string> Reads { get; } = [];

        public static async Task<Bed> StartAsync(IReadOnlyCollection<string> namespaces, bool run = true)
        {
            var bed = new Bed(await InProcessApiServer.StartAsync(new() { Namespaces = ["a", "b", "c"] }), namespaces);
            bed.Server.Faults.When(request => request.UserAgent == Agent && Note(bed, request), FaultEffect.ResetBefore);
            if (run)
                bed.Run();
            return bed;
        }

        public void Run() => running = Group.RunAsync(stop.Token);

        public Task<ConfigMap> CreateAsync(string ns, string name) =>
            user.CreateAsync(new ConfigMap { Metadata = new() { Name = name, Namespace = ns, Labels = new Dictionary<string, string> { ["test"] = "yes" } } }, CancellationToken.None);

        public Task UntilAsync(Func<bool> condition) => Eventually.TrueAsync(condition, Soon, () => $"told: {string.Join(", ", Told.ToArray())}");

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            await running;
            Group.Dispose();
            client.Dispose();
            user.Dispose();
            await Server.DisposeAsync();
        }

        private static bool Note(Bed bed, Testing.ApiRequest request)
        {
            bed.Reads.Add(request.Namespace);
            return false;
        }
    }
}
