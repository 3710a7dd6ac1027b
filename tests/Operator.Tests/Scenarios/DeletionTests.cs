using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Scenarios;

/// <summary>What goes while the operator is at work on it is no failure.</summary>
public sealed class DeletionTests(ITestOutputHelper output)
{
    private const string Runs = "evalruns.llmops.dev";

    [Fact]
    public async Task A_namespace_that_is_deleted_while_a_gate_runs_is_no_failure()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        world.Nodes.Jobs = _ => JobFate.Run;
        await world.ApplyAsync(Samples.Canary("v2"));
        await TestWorld.UntilAsync(() => world.All<EvalRun>(Runs).Any(run => run is { Spec.Baseline: not null, Status.Phase: "Running" }), "the gate runs");

        // As the namespace controller goes about it: nothing may be made any more, and one kind goes after the other.
        var run = world.All<EvalRun>(Runs).Single(run => run.Status?.Verdict is null);
        world.Server.Faults.When(
            request => request.IsApply && request.Subresource is null && world.Server.Find(request.GroupResource, request.Namespace, request.Name) is null,
            FaultEffect.Status(403, "Forbidden", "unable to create new content in namespace default because it is being terminated"));
        foreach (var map in world.All<ConfigMap>("configmaps").Where(map => map.Metadata.Name!.StartsWith(run.Metadata.Name!, StringComparison.Ordinal)))
            await world.Client.DeleteAsync<ConfigMap>(map.Key());
        await world.Client.DeleteAsync<Job>(run.Key(), new DeleteOptions { PropagationPolicy = "Background" });
        await TestWorld.UntilAsync(
            () => world.Find<EvalRun>(Runs, run.Metadata.Name!)?.Status is { Phase: "Pending", Verdict: null } status && status.Message!.Contains("because it is being terminated", StringComparison.Ordinal),
            "the run says why it does not go on");
        await world.Client.DeleteAsync<EvalGate>(new(Samples.Namespace, "quality"));
        await world.Client.DeleteAsync<LlmDeployment>(new(Samples.Namespace, "bot"));
        await TestWorld.UntilAsync(() => world.All<EvalRun>(Runs).Count == 0, "all is gone");
        await world.QuietAsync();
        AssertNoFailure(world);
    }

    [Fact]
    public Task A_PromptVersion_that_is_deleted_while_its_status_is_written_is_no_failure() =>
        CheckAsync("promptversions.llmops.dev", Samples.AsApplied(Samples.Prompt()), Samples.AsApplied(Samples.Prompt("next-1.0.0")));

    [Fact]
    public Task An_EvalGate_that_is_deleted_while_its_status_is_written_is_no_failure() =>
        CheckAsync("evalgates.llmops.dev", Samples.AsApplied(Samples.Gate()), Samples.AsApplied(Samples.Gate("next")));

    [Fact]
    public Task An_EvalRun_that_is_deleted_while_its_status_is_written_is_no_failure() => CheckAsync(Runs, Run("run"), Run("next"));

    /// <summary>Deletes the first object in the middle of the write of its status, and waits for that of the second one.</summary>
    private async Task CheckAsync<T>(string resource, T first, T second)
        where T : class, IResource<T>
    {
        await using var world = await TestWorld.StartAsync(output.WriteLine);
        var gate = new FaultGate();
        using var late = world.Server.Faults.When(FaultEffect.HangBefore(gate), verb: "apply", resource: resource, name: first.Metadata.Name, subresource: "status", times: 1);
        await world.ApplyAsync(first);
        await gate.Reached.WaitAsync(TimeSpan.FromSeconds(60));
        await world.Client.DeleteAsync<T>(first.Key());
        gate.Release();
        await world.ApplyAsync(second);
        await TestWorld.UntilAsync(() => world.Server.Find(resource, Samples.Namespace, second.Metadata.Name!)?["status"] is not null, "the next one has a status");
        await world.QuietAsync();
        Assert.Null(world.Server.Find(resource, Samples.Namespace, first.Metadata.Name!));
        AssertNoFailure(world);
    }

    private static EvalRun Run(string name) => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = Samples.Namespace },
        Spec = new EvalRunSpec { Gate = "nowhere", GateHash = "0123456789", Deployment = "bot", Candidate = new EvalTarget { Release = "0123456789", Url = "http://bot:8000", ServedName = "bot" } },
    };

    private static void AssertNoFailure(TestWorld world) => Assert.Equal([], world.Logger.Lines.Where(line => line.EventName == "ReconcileFailed").Select(line => line.ToString()));
}
