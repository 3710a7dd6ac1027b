using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Tests.World;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Scenarios;

/// <summary>Gates that people run by a RolloutAction, with the whole operator over a real API: they tell a verdict and decide nothing.</summary>
public sealed class EvaluateTests(ITestOutputHelper output)
{
    [Fact]
    public async Task What_serves_is_asked_alone_and_the_run_belongs_to_the_action()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        var action = await AnswerAsync(world, Evaluate("quality"));
        Assert.Equal((RolloutActionPhases.Applied, $"EvalRun {action.Status!.EvalRun} runs gate quality on release {world.Get().Status!.Stable!.Release}"), (action.Status.Phase, action.Status.Message));
        var run = await VerdictAsync(world, action);
        Assert.Equal((Verdicts.Pass, null, null), (run.Status!.Verdict, run.Spec.Baseline, run.Spec.Rollout));
        Assert.Equal(action.Metadata.Uid, Assert.Single(run.Metadata.OwnerReferences!).Uid);
        Assert.Equal(world.Get().Metadata.Uid, Assert.Single(action.Metadata.OwnerReferences!).Uid);

        var writes = world.OperatorWrites.Count;
        await world.QuietAsync();
        Assert.NotNull(world.Find<EvalRun>("evalruns.llmops.dev", run.Metadata.Name!));
        Assert.Equal(run.Metadata.Name, world.Find<EvalGate>("evalgates.llmops.dev", "quality")!.Status!.LastRun!.Name);
        Assert.True(world.OperatorWrites.Count - writes < 10, "an evaluation that is over is left alone");
    }

    [Fact]
    public async Task A_candidate_that_fails_beside_stable_is_not_reverted_by_a_run_that_no_step_asked_for()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        await world.ApplyAsync(Samples.Canary("v2", steps: [new RolloutStep { Gate = "quality" }, new RolloutStep { Approve = new ApproveSpec() }]));
        var waiting = await world.UntilAsync(deployment => deployment.Status?.Rollout?.Reason == Reasons.AwaitingApproval, "it waits for an approval");
        world.Nodes.Jobs = _ => JobFate.Fail;
        var run = await VerdictAsync(world, await AnswerAsync(world, Evaluate("quality")));
        Assert.Equal(
            (Verdicts.Fail, waiting.Status!.Candidate!.Release, waiting.Status.Stable!.Release),
            (run.Status!.Verdict, run.Spec.Candidate.Release, run.Spec.Baseline!.Release));
        await world.QuietAsync();
        Assert.Equal(Reasons.AwaitingApproval, world.Get().Status!.Rollout!.Reason);
        Assert.NotNull(world.Find<EvalRun>("evalruns.llmops.dev", run.Metadata.Name!));
    }

    [Fact]
    public async Task What_cannot_be_run_is_refused_with_what_to_do()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        world.Nodes.Jobs = _ => JobFate.Run;
        var running = await AnswerAsync(world, Evaluate("quality"));
        var refused = await Task.WhenAll(AnswerAsync(world, Evaluate("quality")), AnswerAsync(world, Evaluate("nothing")));
        Assert.All(refused, action => Assert.Equal((RolloutActionPhases.Refused, null), (action.Status!.Phase, action.Status.EvalRun)));
        Assert.Equal(
            [$"EvalRun {running.Status!.EvalRun} runs gate quality already: wait for its verdict", "there is no EvalGate nothing in namespace default: check the name, or create it"],
            refused.Select(action => action.Status!.Message));

        world.Nodes.Jobs = _ => JobFate.Pass;
        await VerdictAsync(world, running);
        var unknown = await AnswerAsync(world, Evaluate("quality", "0123456789"));
        Assert.Equal("release 0123456789 neither serves nor is being tried: only those can be asked", unknown.Status!.Message);
    }

    private static RolloutAction Evaluate(string gate, string? release = null)
    {
        var action = ActionTests.Action(RolloutActionKinds.Evaluate, release, "bot");
        return action with { Spec = action.Spec with { Gate = gate } };
    }

    private static async Task<RolloutAction> AnswerAsync(TestWorld world, RolloutAction action)
    {
        var created = await world.Client.CreateAsync(action, CancellationToken.None);
        RolloutAction Read() => world.Find<RolloutAction>("rolloutactions.llmops.dev", created.Metadata.Name!)!;
        await TestWorld.UntilAsync(() => Read().Status?.Phase is not null, "the evaluation is answered");
        return Read();
    }

    private static async Task<EvalRun> VerdictAsync(TestWorld world, RolloutAction action)
    {
        EvalRun Read() => world.Find<EvalRun>("evalruns.llmops.dev", action.Status!.EvalRun!)!;
        await TestWorld.UntilAsync(() => Read().Status?.Verdict is not null, "the run has a verdict");
        return Read();
    }
}
