using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Hosting;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Scenarios;

/// <summary>Two operators that share namespaces by shards.</summary>
public sealed class ShardTests(ITestOutputHelper output)
{
    private const int Shards = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly IReadOnlyList<string> Namespaces = [.. Enumerable.Range(0, 8).Select(i => $"team-{i}")];
    private static readonly ShardMap Map = new(Shards);

    /// <summary>Nobody is late, however slow the machine is.</summary>
    private static readonly OperatorOptions Patient = new()
    {
        Shards = Shards,
        Workers = 2,
        LeaseDuration = TimeSpan.FromMinutes(3),
        RenewDeadline = TimeSpan.FromMinutes(2),
        RetryPeriod = TimeSpan.FromMilliseconds(200),
    };

    [Fact]
    public async Task One_that_comes_gets_its_share_writes_that_alone_and_gives_it_back_when_it_goes()
    {
        await using var world = await StartAsync();
        await using var one = new RunningOperator(world, Patient with { Identity = "one" });
        await UntilHeldAsync(world, "one", "one", "one", "one");
        await ApplyAsync(world, "v1");
        await UntilBegunAsync(world, "v1");

        await using var two = new RunningOperator(world, Patient with { Identity = "two" });
        var shared = ShardAssignment.Of(Shards, ["one", "two"]);
        Assert.Equal(2, shared.Count(holder => holder == "two"));
        await UntilHeldAsync(world, [.. shared!]);
        var before = world.Server.WriteLog.Count;
        await ApplyAsync(world, "v2");
        await UntilBegunAsync(world, "v2");
        Assert.Equal(Namespaces.Select(ns => (ns, RunningOperator.AgentOf(shared[Map.Of(ns)]!))).Order(), Writers(world, before));

        await two.StopAsync();
        await UntilHeldAsync(world, "one", "one", "one", "one");
        await ApplyAsync(world, "v3");
        await UntilBegunAsync(world, "v3");
    }

    [Fact]
    public async Task What_a_dead_one_held_is_taken_over()
    {
        // Not so short that a slow machine makes leases change hands all the time.
        var quick = Patient with { LeaseDuration = TimeSpan.FromSeconds(6), RenewDeadline = TimeSpan.FromSeconds(5) };
        await using var world = await StartAsync();
        await using var one = new RunningOperator(world, quick with { Identity = "one" });
        await using var two = new RunningOperator(world, quick with { Identity = "two" });
        await UntilHeldAsync(world, [.. ShardAssignment.Of(Shards, ["one", "two"])!]);
        await ApplyAsync(world, "v1");
        await UntilBegunAsync(world, "v1");

        two.Kill();
        await ApplyAsync(world, "v2");
        await UntilBegunAsync(world, "v2");
        await UntilHeldAsync(world, "one", "one", "one", "one");
    }

    [Fact]
    public async Task Each_serves_the_namespaces_with_its_labels_and_one_that_changes_them_goes_over()
    {
        await using var world = await StartAsync();
        foreach (var ns in Namespaces)
            await LabelAsync(world, ns, ns == "team-0" || ns == "team-1" ? "a" : "b");
        await using var one = new RunningOperator(world, Patient with { Identity = "one", Shards = 1, NamespaceSelector = "team=a" });
        await using var two = new RunningOperator(world, Patient with { Identity = "two", Shards = 1, NamespaceSelector = "team=b" });
        await ApplyAsync(world, "v1");
        await UntilBegunAsync(world, "v1");
        Assert.Equal(Namespaces.Select(ns => (ns, RunningOperator.AgentOf(ns is "team-0" or "team-1" ? "one" : "two"))).Order(), Writers(world, 0));

        await one.StopAsync();
        await LabelAsync(world, "team-0", "b");
        var before = world.Server.WriteLog.Count;
        await ApplyAsync(world, "v2");
        IReadOnlyList<string> served = [.. Namespaces.Where(ns => ns != "team-1")];
        await UntilBegunAsync(world, "v2", served);
        Assert.Equal(served.Select(ns => (ns, RunningOperator.AgentOf("two"))).Order(), Writers(world, before));
    }

    /// <summary>As in a rolling update that changes the number: leases of other names stand for the same namespaces.</summary>
    [Theory]
    [InlineData(2, 4)]
    [InlineData(1, 4)]
    [InlineData(4, 1)]
    public async Task One_with_another_number_of_shards_writes_nothing_until_the_last_of_the_others_has_ended(int before, int after)
    {
        await using var world = await StartAsync();
        await using var old = new RunningOperator(world, Patient with { Identity = "old", Shards = before });
        await ApplyAsync(world, "v1");
        await UntilBegunAsync(world, "v1");
        await using var next = new RunningOperator(world, Patient with { Identity = "new", Shards = after });
        await TestWorld.UntilAsync(() => world.Logger.Lines.Any(line => line.Message.Contains($"of {before} shards, and this process knows {after}", StringComparison.Ordinal)), "the new one says what it waits for");
        await ApplyAsync(world, "v2");
        await UntilBegunAsync(world, "v2");
        Assert.Equal(Namespaces.Select(ns => (ns, RunningOperator.AgentOf("old"))).Order(), Writers(world, 0));

        await old.StopAsync();
        var ended = world.Server.WriteLog.Count;
        await ApplyAsync(world, "v3");
        await UntilBegunAsync(world, "v3");
        Assert.Equal(Namespaces.Select(ns => (ns, RunningOperator.AgentOf("new"))).Order(), Writers(world, ended));
    }

    private static Task<Namespace> LabelAsync(TestWorld world, string ns, string team) => world.Client.MergePatchAsync<Namespace>(
        new(string.Empty, ns), new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["team"] = team } } });

    /// <summary>Who wrote where, each once.</summary>
    private static IEnumerable<(string Namespace, string Agent)> Writers(TestWorld world, int since) =>
        world.Server.WriteLog.Skip(since).Where(write => TestWorld.IsOperator(write.Request) && Namespaces.Contains(write.Namespace))
            .Select(write => (write.Namespace, write.Request.UserAgent)).Distinct().Order();

    private async Task<TestWorld> StartAsync()
    {
        var world = await TestWorld.StartAsync(output.WriteLine, withOperator: false);
        foreach (var ns in Namespaces)
            await world.Client.CreateAsync(new Namespace { Metadata = new() { Name = ns } }, CancellationToken.None);
        return world;
    }

    private static async Task ApplyAsync(TestWorld world, string revision)
    {
        foreach (var ns in Namespaces)
        {
            var canary = Samples.Canary(revision, replicas: 1);
            canary = canary with { Spec = canary.Spec with { Rollout = canary.Spec.Rollout! with { Steps = null } } };
            await world.ApplyAsync(canary.WithMetadata(canary.Metadata with { Namespace = ns }));
        }
    }

    /// <summary>Until a release serves or is tried: whoever has the shard has begun with it.</summary>
    private static Task UntilBegunAsync(TestWorld world, string revision, IReadOnlyList<string>? where = null)
    {
        bool IsBegun(string ns) => world.Server.Find("llmdeployments.llmops.dev", ns, "bot")?["status"] is { } status &&
            new[] { status["stable"], status["candidate"] }.Any(release => (string?)release?["revision"] == revision);
        IReadOnlyList<string> Missing() => [.. (where ?? Namespaces).Where(ns => !IsBegun(ns))];
        return Eventually.TrueAsync(() => Missing().Count == 0, Patience, () => $"{revision} to be begun in {string.Join(", ", Missing())}");
    }

    private static Task UntilHeldAsync(TestWorld world, params string[] expected)
    {
        string Held() => string.Join(", ", Enumerable.Range(0, Shards).Select(shard => (string?)world.Server.Find("leases.coordination.k8s.io", "llmops-system", $"llmops-operator-{shard}")?["spec"]?["holderIdentity"]));
        return Eventually.TrueAsync(() => Held() == string.Join(", ", expected), Patience, () => $"the shards to be held by {string.Join(", ", expected)}, not {Held()}");
    }

    private sealed class RunningOperator : IAsyncDisposable
    {
        private readonly CancellationTokenSource stop = new();
        private readonly TestWorld world;
        private readonly string agent;
        private readonly Task run;

        public RunningOperator(TestWorld world, OperatorOptions options)
        {
            (this.world, agent) = (world, AgentOf(options.Identity));
            run = Task.Run(() => OperatorHost.RunAsync(options, world.Server.Configuration with { UserAgent = agent }, TimeProvider.System, world.Logger, stop.Token));
        }

        public static string AgentOf(string identity) => $"llmops-operator-{identity}";

        public async Task StopAsync()
        {
            await stop.CancelAsync();
            await run.WaitAsync(Patience);
        }

        /// <summary>Nothing that it says from now on is heard.</summary>
        public void Kill()
        {
            world.Server.Faults.When(request => request.UserAgent == agent, FaultEffect.ResetBefore);
            stop.Cancel();
        }

        public async ValueTask DisposeAsync()
        {
            await StopAsync();
            stop.Dispose();
        }
    }
}
