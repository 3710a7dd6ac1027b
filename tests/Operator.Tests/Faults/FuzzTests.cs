using System.Diagnostics;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Faults;

/// <summary>
/// Objects that their schemas let through and nobody in their right mind would write, beside one that serves: each gets a status, none makes a reconcile fail or repeats a
/// write, and the one beside them is followed as ever.
/// </summary>
/// <remarks>
/// A normal run plays <see cref="FuzzRun.Few"/> of them. <c>LLMOPS_FUZZ=100000</c> plays so many, and asserts what a busy machine or tests in the same process would disturb: that memory
/// does not grow, and that nobody is held up for a second. <c>LLMOPS_FUZZ_FROM</c> is the number of the first one, to play again what was found.
/// </remarks>
[Collection(FaultWorldsGroup.Name)]
public sealed class FuzzTests(FaultWorlds worlds, ITestOutputHelper output)
{
    private const string Odd = "odd";
    private const int Wave = 60;

    /// <summary>Status and finalizer, what it owns, and as much again when the status of something that it names comes.</summary>
    private const int MostWrites = 30;

    /// <summary>For whatever should come, in real time: the world's clock runs ahead of somebody who computes.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>One that computes for longer would be a denial of service, on any machine.</summary>
    private static readonly TimeSpan LongestReconcile = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Odd_objects_are_answered_and_disturb_nobody()
    {
        await using var world = await worlds.StartAsync(withOperator: false);
        world.Options = options => options with { Workers = 8 };
        world.StartOperator();
        var slowest = (Name: "none", Took: TimeSpan.Zero);
        var sync = new Lock();
        using var listener = Listen((name, took) =>
        {
            lock (sync)
                slowest = took > slowest.Took ? (name, took) : slowest;
        });
        var (delays, skipped, memory) = (new List<TimeSpan>(), 0, new List<long>());
        var (first, end) = (FuzzRun.First, FuzzRun.End);
        for (var from = first; from < end; from += Wave)
        {
            world.Server.Seed(new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Namespace", ["metadata"] = new JsonObject { ["name"] = Odd } });
            var objects = Enumerable.Range(from, Math.Min(Wave, end - from)).Select(number => HostileObjects.Make(Odd, number)).ToList();
            foreach (var obj in objects)
                world.Server.Seed(obj);
            delays.Add(await FollowAsync(world, 2 + (from / Wave % 2)));
            var waiting = new Queue<JsonObject>(objects.Where(FuzzRun.CanBeRead));
            skipped += objects.Count - waiting.Count;
            await UntilAsync(world, () => Failures(world).Any() || AllAreAnswered(world, waiting), () => $"all have a status; one without is {waiting.Peek()["kind"]} {waiting.Peek()["metadata"]!["name"]}");
            await RestAsync(world);
            world.Invariants.Check();
            Check(world, from);

            await world.DoAsync(world.Client.DeleteAsync<Namespace>(new(string.Empty, Odd)));
            await RestAsync(world);
            // The server keeps what it told for watches that come late: more than all the rest.
            world.Server.ForgetWrites();
            world.Server.Compact();
            // Whoever writes into a namespace that goes right then is told so.
            world.Logger.Clear();
            memory.Add(GC.GetTotalMemory(forceFullCollection: FuzzRun.IsLong));
        }

        delays.Sort();
        output.WriteLine($"{end - first} objects, {skipped} too deep; another was followed after {delays[delays.Count / 2].TotalMilliseconds:0} ms, in 99 of 100 cases {delays[delays.Count * 99 / 100].TotalMilliseconds:0} ms, at most {delays[^1].TotalMilliseconds:0} ms");
        output.WriteLine($"slowest reconcile {slowest.Took.TotalMilliseconds:0} ms, of {slowest.Name}; memory {memory[0] >> 20} MiB, then {memory[^1] >> 20} MiB, at most {memory.Max() >> 20} MiB");
        Assert.InRange(slowest.Took, TimeSpan.Zero, LongestReconcile);
        if (!FuzzRun.IsLong)
            return;
        Assert.InRange(delays[^1], TimeSpan.Zero, LongestDelay);
        Assert.InRange(memory[^1] - memory[0], long.MinValue, 100 << 20);
    }

    private static void Check(TestWorld world, int from)
    {
        var failures = Failures(world).DistinctBy(failure => failure.Split('\n')[0]).Take(10).ToList();
        Assert.True(failures.Count == 0, $"among {from} to {from + Wave}: {string.Join('\n', failures)}");
        var often = world.OperatorWrites.Where(write => write.Request.Namespace == Odd).GroupBy(write => write.Request.ToString()).FirstOrDefault(writes => writes.Count() > MostWrites);
        Assert.True(often is null, $"among {from} to {from + Wave}: {often?.Count()} times {often?.Key}");
    }

    /// <summary>Scales the LlmDeployment that serves, and gives the real time until its status says so.</summary>
    private static async Task<TimeSpan> FollowAsync(TestWorld world, int replicas)
    {
        var canary = Story.Canary("v1");
        var start = TimeProvider.System.GetTimestamp();
        await world.ApplyAsync(canary with { Spec = canary.Spec with { Replicas = replicas } });
        await UntilAsync(world, () => world.Get().Status!.ObservedGeneration == world.Get().Metadata.Generation, () => "the change is seen");
        return TimeProvider.System.GetElapsedTime(start);
    }

    private static async Task UntilAsync(TestWorld world, Func<bool> condition, Func<string> describe)
    {
        for (var (start, seen) = (TimeProvider.System.GetTimestamp(), -1L); ; await world.Clock!.StepAsync())
        {
            // Looking costs more than a step: only where something was written since.
            if (world.Server.ResourceVersion is var now && now != seen && condition())
                return;
            seen = now;
            if (TimeProvider.System.GetElapsedTime(start) > Patience)
                throw new TimeoutException($"{describe()}; the log ends with {string.Join('\n', world.Logger.Lines.TakeLast(5).Select(line => $"{line.EventName}: {line.Message} {line.Exception}"))}");
        }
    }

    /// <summary>Until nobody writes any more, neither on the world's clock nor, where somebody computes meanwhile, on the real one. Whoever writes the same again and again never comes to rest.</summary>
    private static async Task RestAsync(TestWorld world)
    {
        var (silence, realSilence) = (TimeSpan.FromSeconds(4), TimeSpan.FromMilliseconds(50));
        var (version, since, realSince) = (-1L, 0L, 0L);
        for (var start = TimeProvider.System.GetTimestamp(); ; await world.Clock!.StepAsync())
        {
            if (world.Server.ResourceVersion is var now && now != version)
                (version, since, realSince) = (now, world.Clock!.Time.GetTimestamp(), TimeProvider.System.GetTimestamp());
            if (world.Clock!.Time.GetElapsedTime(since) > silence && TimeProvider.System.GetElapsedTime(realSince) > realSilence)
                return;
            if (TimeProvider.System.GetElapsedTime(start) > Patience)
                throw new TimeoutException($"the operator goes on writing: {string.Join(", ", world.OperatorWrites.TakeLast(5))}");
        }
    }

    /// <summary>How long each reconcile of an odd object really took.</summary>
    private static ActivityListener Listen(Action<string, TimeSpan> ended)
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == KubernetesTracing.SourceName,
            Sample = (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = span =>
            {
                if (Equals(span.GetTagItem("k8s.namespace.name"), Odd))
                    ended((string)span.GetTagItem("k8s.object.name")!, span.Duration);
            },
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    /// <summary>Takes the objects that have a status for what they ask from the queue, as far as the first that has none.</summary>
    private static bool AllAreAnswered(TestWorld world, Queue<JsonObject> waiting)
    {
        while (waiting.TryPeek(out var next))
        {
            var obj = world.Server.Find($"{((string)next["kind"]!).ToLowerInvariant()}s.llmops.dev", Odd, (string)next["metadata"]!["name"]!)!;
            if ((long?)obj["status"]?["observedGeneration"] != (long?)obj["metadata"]!["generation"])
                return false;
            waiting.Dequeue();
        }

        return true;
    }

    /// <summary>But for requests without an answer: the world's clock runs ahead of somebody who computes.</summary>
    private static IEnumerable<string> Failures(TestWorld world) =>
        world.Logger.Lines.Where(line => line.EventName is "ReconcileFailed" or "InformerCorruptLine" && line.Exception is not KubernetesException { Reason: KubernetesException.RequestTimeoutReason }).Select(line => $"{line.Message}: {line.Exception}");
}
