using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Tests.World;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Scenarios;

/// <summary>
/// What only the operator can know to be wrong. Each time: a condition says what to do, stable goes on serving, another LlmDeployment is rolled out as if
/// nothing was, and the mend is enough to go on.
/// </summary>
public sealed class BadInputTests(ITestOutputHelper output)
{
    [Fact]
    public Task An_unknown_PromptVersion_is_a_condition_and_its_creation_starts_the_rollout() => CheckAsync(
        Samples.Canary("v1", prompt: "support-9.0.0"), Reasons.PromptNotFound, "support-9.0.0 does not exist: create it",
        world => world.ApplyAsync(Samples.AsApplied(Samples.Prompt("support-9.0.0"))));

    [Fact]
    public Task A_template_with_an_undeclared_variable_is_a_condition() => CheckAsync(
        Samples.Canary("v1", prompt: "broken-1.0.0"), Reasons.PromptInvalid, "uses 'context', which is not declared: declare it",
        world => world.ApplyAsync(Samples.Canary("v2")),
        prepare: world => world.ApplyAsync(Samples.AsApplied(Samples.Prompt("broken-1.0.0", "{{query}} {{context}}"))));

    [Fact]
    public Task An_unknown_EvalGate_is_a_condition_and_its_creation_lets_the_rollout_go_on() => CheckAsync(
        Samples.Canary("v2", steps: [new RolloutStep { Gate = "nowhere" }]), Reasons.GateNotFound, "EvalGate nowhere does not exist: create it",
        world => world.ApplyAsync(Samples.AsApplied(Samples.Gate("nowhere"))));

    [Fact]
    public async Task A_gate_whose_data_set_is_missing_is_a_condition_of_the_gate_and_of_the_rollout()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        var gate = Samples.AsApplied(Samples.Gate("empty"));
        await world.ApplyAsync(gate with { Spec = gate.Spec with { Dataset = new DatasetSpec { ConfigMap = new ConfigMapKeyReference { Name = "questions", Key = "other.jsonl" } } } });
        await TestWorld.UntilAsync(() => world.Find<EvalGate>("evalgates.llmops.dev", "empty")?.Status?.Conditions?[0] is { Status: "False", Reason: Reasons.DatasetInvalid }, "the gate says so");
        await world.ApplyAsync(Samples.Canary("v2", steps: [new RolloutStep { Gate = "empty" }]));
        var stalled = await StalledAsync(world, Reasons.GateInvalid);
        Assert.Contains("has no key other.jsonl: it has cases.jsonl", Message(stalled), StringComparison.Ordinal);
        Assert.DoesNotContain(world.All<EvalRun>("evalruns.llmops.dev"), run => run.Spec.Gate == "empty");
    }

    [Fact]
    public Task An_image_that_never_comes_is_a_condition() => CheckPodsAsync(PodFate.ImagePullBackOff, Reasons.ImagePullFailed, "manifest unknown. Check spec.engine.image");

    [Fact]
    public Task A_pod_that_crashes_on_start_is_a_condition_with_its_last_words() => CheckPodsAsync(PodFate.Crash, Reasons.PodCrashLoop, "exited with code 1 (Error): unrecognized arguments: --nope");

    [Fact]
    public Task No_free_GPU_is_a_condition_with_the_arithmetic() =>
        CheckPodsAsync(PodFate.NoGpu, Reasons.InsufficientGpus, "a replica needs 1 nvidia.com/gpu; 1 schedulable node has 64, of which");

    [Fact]
    public async Task An_LlmDeployment_with_the_longest_name_that_there_may_be_is_rolled_out_too()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        var name = new string('a', 253);
        foreach (var revision in new[] { "v1", "v2" })
        {
            await world.ApplyAsync(Samples.Canary(revision, name));
            await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable: { ServedName: var served, Revision: var serves } } && (served, serves) == (name, revision), $"{revision} serves", name);
        }

        await TestWorld.UntilAsync(() => world.All<Event>("events.events.k8s.io").Any(e => e.Regarding?.Name == name), "events tell of it");
    }

    [Fact]
    public async Task A_setting_that_the_engine_does_not_have_is_a_condition_and_nothing_starts()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        var deployment = Samples.Canary("v2");
        await world.ApplyAsync(deployment with { Spec = deployment.Spec with { Engine = new EngineSpec { Type = EngineTypes.LlamaCpp, Quantization = "awq" } } });
        var stalled = await StalledAsync(world, Reasons.UnsupportedEngineSetting);
        Assert.Contains("engine.quantization is not supported by llama.cpp", Message(stalled), StringComparison.Ordinal);
        Assert.Null(stalled.Status!.Candidate);
        Assert.Equal(DeploymentPhases.Degraded, stalled.Status.Phase);
    }

    [Fact]
    public async Task An_EvalRun_whose_Job_dies_is_a_provider_error_that_neither_promotes_nor_locks()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        world.Nodes.Jobs = _ => JobFate.Die;
        await world.ApplyAsync(Samples.Canary("v2"));
        var waiting = await world.UntilAsync(
            deployment => deployment.Status?.Rollout?.Verdicts?.Any(verdict => verdict is { Name: "gate/quality", Verdict: Verdicts.ProviderError }) == true, "the verdict is a provider error");

        var run = Assert.Single(world.All<EvalRun>("evalruns.llmops.dev"), run => run.Spec.Rollout == waiting.Status!.Rollout!.Id);
        Assert.Equal((Verdicts.ProviderError, Reasons.EvaluationFailed), (run.Status!.Verdict, run.Status.Reason));
        Assert.Contains("BackoffLimitExceeded", run.Status.Message, StringComparison.Ordinal);
        Assert.Equal(("v1", 100, 0), (waiting.Status!.Stable!.Revision, waiting.Status.Stable.Weight, waiting.Status.Candidate!.Weight));
        Assert.Null(waiting.Status.FailedReleases);
        Assert.NotNull(waiting.Status.Rollout!.Deadline);
    }

    [Fact]
    public async Task A_broken_data_set_is_inconclusive_and_its_line_number_is_in_the_condition()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        world.Nodes.Jobs = _ => JobFate.DatasetInvalid;
        await world.ApplyAsync(Samples.Canary("v2"));
        var stalled = await StalledAsync(world, Reasons.GateInconclusive);
        Assert.Contains("the data set cannot be used: line 3: not JSON", Message(stalled), StringComparison.Ordinal);
        var run = Assert.Single(world.All<EvalRun>("evalruns.llmops.dev"), run => run.Spec.Rollout == stalled.Status!.Rollout!.Id);
        Assert.Equal((Verdicts.Inconclusive, Reasons.DatasetInvalid), (run.Status!.Verdict, run.Status.Reason));
        Assert.Equal(0, stalled.Status!.Candidate!.Weight);
    }

    private Task CheckPodsAsync(PodFate fate, string reason, string message) => CheckAsync(
        Samples.Canary("v2"), reason, message,
        world =>
        {
            world.Nodes.Pods = _ => PodFate.Ready;
            return Task.CompletedTask;
        },
        prepare: world =>
        {
            world.Nodes.Pods = deployment => deployment.Metadata.Name!.StartsWith("bot", StringComparison.Ordinal) && deployment.Spec!.Template!.Spec!.Containers[0].Args!.Contains("v2") ? fate : PodFate.Ready;
            return Task.CompletedTask;
        });

    private async Task CheckAsync(LlmDeployment bad, string reason, string message, Func<TestWorld, Task> mend, Func<TestWorld, Task>? prepare = null)
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        var stable = world.Get().Status!.Stable!;
        if (prepare is not null)
            await prepare(world);
        await world.ApplyAsync(bad);
        var stalled = await StalledAsync(world, reason);
        Assert.Contains(message, Message(stalled), StringComparison.Ordinal);
        Assert.Equal((stable.Release, 100), (stalled.Status!.Stable!.Release, stalled.Status.Stable.Weight));
        CanaryTests.AssertCondition(stalled, ConditionTypes.Ready, "True", Reasons.Serving);

        // Somebody else's rollout goes its way meanwhile.
        await world.ApplyAsync(Samples.Canary("v2", "other", replicas: 1));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2" }, "the other one is served", "other");
        Assert.Equal(stable.Release, world.Get().Status!.Stable!.Release);

        await mend(world);
        await world.UntilAsync(
            deployment => deployment.Status is { Candidate: null, Stable: { } next } && next.Release != stable.Release && deployment.Status.Conditions!.Any(condition => condition is { Type: ConditionTypes.Stalled, Status: "False" }),
            "the mend is enough");
    }

    private static Task<LlmDeployment> StalledAsync(TestWorld world, string reason) => world.UntilAsync(
        deployment => deployment.Status?.Conditions?.Any(condition => condition is { Type: ConditionTypes.Stalled, Status: "True" } && condition.Reason == reason) == true, $"it is stalled by {reason}");

    private static string Message(LlmDeployment deployment) => deployment.Status!.Conditions!.First(condition => condition.Type == ConditionTypes.Stalled).Message;
}
