using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Tests.Scenarios;
using LlmOps.Operator.Tests.World;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Faults;

/// <summary>The operator is killed right after each of the writes that an action leads to, the answer to it lost, and another one goes on.</summary>
[Collection(FaultWorldsGroup.Name)]
public sealed class ActionCrashTests(FaultWorlds worlds, ITestOutputHelper output)
{
    [Theory]
    [InlineData("Promote")]
    [InlineData("Abort")]
    [InlineData("Rollback")]
    public async Task A_crash_after_any_write_of_an_action_leads_to_the_same_end_and_nothing_is_done_twice(string action)
    {
        var (expected, writes) = await RunAsync(action, crashAfter: null);
        Assert.InRange(writes, 4, 60);
        var ends = await worlds.EachAsync(Enumerable.Range(1, writes), async k => (k, (await RunAsync(action, k)).End));
        output.WriteLine($"{action}: {writes} writes, {ends.Count} kills played");
        foreach (var (k, end) in ends)
            Assert.True(end == expected, $"after a crash behind write {k}:\n{end}\nexpected:\n{expected}");
    }

    /// <summary>What it comes to, and how many writes of the operator it takes.</summary>
    private async Task<(string End, int Writes)> RunAsync(string action, int? crashAfter)
    {
        await using var world = await worlds.StartAsync();
        var release = await PrepareAsync(world, action);
        await world.QuietAsync();
        var before = world.OperatorWrites.Count;
        if (crashAfter is { } k)
        {
            world.Server.CrashAfterWrite(
                k,
                _ =>
                {
                    world.KillOperator();
                    world.StartOperator();
                },
                TestWorld.IsOperator);
        }

        try
        {
            var asked = ActionTests.Action(action, release, "bot");
            asked = asked with { Metadata = asked.Metadata with { Name = "asked", GenerateName = null } };
            await world.DoAsync(world.Client.CreateAsync(asked, CancellationToken.None));
            var revision = action == "Promote" ? "v2" : "v1";
            await world.UntilAsync(
                deployment => deployment.Status is { Candidate: null, Retiring: null } status && status.Stable!.Revision == revision && world.All<Service>("services").Count == 1 &&
                    world.Find<RolloutAction>("rolloutactions.llmops.dev", asked.Metadata.Name!)?.Status?.Phase is not null,
                $"{revision} serves and the action is answered");
            // It is the end only if nothing goes on from there.
            await world.QuietAsync();
            world.Invariants.Check();
            return (Describe(world), world.OperatorWrites.Count - before);
        }
        catch (Exception e) when (e is TimeoutException or Xunit.Sdk.XunitException)
        {
            return ($"{e.Message}\n{Describe(world)}", 0);
        }
    }

    /// <summary>Brings the world to where the action makes sense, and returns the release to name.</summary>
    private static async Task<string> PrepareAsync(TestWorld world, string action)
    {
        var first = world.Get().Status!.Stable!.Release;
        if (action == "Rollback")
        {
            await world.ApplyAsync(Samples.Canary("v2"));
            await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2", Retiring: null }, "v2 is stable");
            return first;
        }

        await world.ApplyAsync(ActionTests.Slow("v2"));
        return (await world.UntilAsync(deployment => deployment.Status?.Candidate?.Weight == 25, "v2 has traffic")).Status!.Candidate!.Release;
    }

    /// <summary>The end state without what is random or a time.</summary>
    private static string Describe(TestWorld world)
    {
        var status = world.Get().Status!;
        return string.Join('\n', (IEnumerable<string>)
        [
            $"phase {status.Phase}, stable {status.Stable!.Release} {status.Stable.Weight}%, replicas {status.Replicas}/{status.ReadyReplicas}",
            $"history {string.Join(", ", status.History!.Select(record => $"{record.Release} {record.Outcome} {record.Reason} {record.MaxWeight}%"))}",
            $"locked {string.Join(", ", status.FailedReleases?.Select(failed => $"{failed.Release} {failed.Reason}") ?? [])}",
            $"handled {string.Join(", ", status.Actions?.Select(handled => $"{handled.Action} {handled.Outcome}") ?? [])}",
            $"actions {string.Join(", ", world.All<RolloutAction>("rolloutactions.llmops.dev").Select(action => $"{action.Spec.Action} {action.Status?.Phase} owned {action.Metadata.OwnerReferences?.Count}"))}",
            $"deployments {string.Join(", ", world.All<Deployment>("deployments.apps").Select(deployment => $"{deployment.Metadata.Name} {deployment.Spec!.Replicas}").Order())}",
            $"snapshots {string.Join(", ", world.All<ControllerRevision>("controllerrevisions.apps").Select(revision => revision.Metadata.Name).Order())}",
        ]);
    }
}
