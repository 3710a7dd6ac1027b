using System.Text.Json;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Scenarios;

/// <summary>Gates in which another LlmDeployment scores, with the whole operator over a real API.</summary>
public sealed class JudgeTests(ITestOutputHelper output)
{
    private static readonly RolloutStep[] Judged = [new() { Gate = "judged" }];

    [Fact]
    public async Task A_rollout_waits_for_prompt_and_judge_and_goes_on_when_they_are_there()
    {
        await using var world = await ServingAsync();
        await world.ApplyAsync(Samples.Canary("v2", steps: Judged));
        await StalledAsync(world, Reasons.PromptNotFound, "PromptVersion rubric-1.0.0 does not exist: create it");
        await world.ApplyAsync(Samples.AsApplied(Samples.Rubric()));
        await StalledAsync(world, Reasons.JudgeNotFound, "EvalGate judged cannot be run: LlmDeployment judge does not exist: create it");
        await UntilGateAsync(world, "False", Reasons.JudgeNotFound);
        Assert.DoesNotContain(Runs(world), run => run.Spec.Gate == "judged");

        await world.ApplyAsync(Samples.Canary("j1", "judge", replicas: 1));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2" }, "v2 is stable");
        await UntilGateAsync(world, "True", Reasons.Valid);
        var run = Assert.Single(Runs(world), run => run.Spec.Gate == "judged");
        var judge = Assert.Single(run.Spec.Judges!);
        Assert.Equal(
            ("faithful", "judge", world.Get("judge").Status!.Stable!.ServingHash, PromptContent.Hash(Samples.Rubric().Spec)),
            (judge.Scorer, judge.Deployment, judge.ServingHash, judge.PromptHash));
        Assert.Equal((0L, 0), (run.Status!.JudgeTokens, run.Status.JudgeRequests));
        var plan = JsonSerializer.Deserialize(world.Find<ConfigMap>("configmaps", $"{run.Metadata.Name}-plan")!.Data![EvaluationContract.PlanKey], ApiJson.Default.EvaluationPlan)!;
        Assert.Equal(("faithful", judge.Url, Samples.Rubric().Spec.Messages[0].Template), (plan.Judges[0].Scorer, plan.Judges[0].Url, plan.Judges[0].Prompt.Messages[0].Template));
        var record = await RecordAsync(world);
        Assert.Equal((judge.Prompt, judge.PromptHash), (record.Spec.Evaluations![0].Judges![0].Prompt, record.Spec.Evaluations[0].Judges![0].PromptHash));
    }

    [Fact]
    public async Task A_judge_that_lost_its_pods_is_waited_for()
    {
        await using var world = await ServingAsync(withJudge: true);
        await UntilGateAsync(world, "True", Reasons.Valid);
        world.Nodes.Pods = deployment => deployment.Metadata.Name!.StartsWith("judge-", StringComparison.Ordinal) ? PodFate.Starting : PodFate.Ready;
        await UntilGateAsync(world, "False", Reasons.JudgeUnavailable);
        await world.ApplyAsync(Samples.Canary("v2", steps: Judged));
        var waiting = await world.UntilAsync(deployment => deployment.Status?.Rollout?.Reason == Reasons.JudgeUnavailable, "it waits for the judge");
        Assert.Contains("has no ready pod", waiting.Status!.Rollout!.Message, StringComparison.Ordinal);
        CanaryTests.AssertCondition(waiting, ConditionTypes.Stalled, "False", Reasons.NoRollout);
        world.Nodes.Pods = _ => PodFate.Ready;
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2" }, "v2 is stable");
    }

    [Fact]
    public async Task Nobody_judges_itself()
    {
        await using var world = await ServingAsync(withJudge: true);
        await world.ApplyAsync(Samples.Canary("j2", "judge", replicas: 1, steps: Judged));
        var stalled = await StalledAsync(world, Reasons.GateInvalid, "would let LlmDeployment judge judge itself", "judge");
        Assert.Equal(("j1", 0), (stalled.Status!.Stable!.Revision, stalled.Status.Candidate!.Weight));
        await world.ApplyAsync(Samples.Canary("j2", "judge", replicas: 1, steps: [new RolloutStep { Gate = "quality" }]));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "j2" }, "j2 is stable", "judge");
    }

    /// <summary>A PromptVersion never changes, but another one can take its name.</summary>
    [Fact]
    public async Task A_pass_by_another_content_of_the_prompt_opens_nothing_and_the_gate_is_run_again()
    {
        await using var world = await TestWorld.StartAsync(output.WriteLine, time: new ManualTime(TimeProvider.System.GetUtcNow()));
        await ServeAsync(world, withJudge: true);
        world.Nodes.Jobs = run => run.Spec.Gate == "judged" ? JobFate.Run : JobFate.Pass;
        await world.ApplyAsync(Samples.Canary("v2", steps: Judged));
        EvalRun? Newest() => Runs(world).Where(run => run.Spec.Gate == "judged").MaxBy(run => run.Metadata.Name!.Length);
        await world.UntilAsync(() => Newest()?.Status?.Phase == "Running", () => "the gate runs");
        var first = Newest()!;

        await world.DoAsync(world.Client.DeleteAsync<PromptVersion>(Samples.Rubric().Key()));
        await world.ApplyAsync(Samples.AsApplied(Samples.Rubric("Is this wrong? {{output}}")));
        world.Nodes.Jobs = _ => JobFate.Pass;
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2" }, "v2 is stable by another run");
        var second = Newest()!;
        Assert.NotEqual(first.Metadata.Name, second.Metadata.Name);
        Assert.Equal(PromptContent.Hash(Samples.Rubric("Is this wrong? {{output}}").Spec), second.Spec.Judges![0].PromptHash);
        var verdicts = (await RecordAsync(world)).Spec.Verdicts!;
        Assert.Contains(verdicts, verdict => verdict is { Name: "gate/judged", Verdict: Verdicts.NoData } && verdict.Message!.Contains("PromptVersion rubric-1.0.0 of scorer faithful has another content", StringComparison.Ordinal));
    }

    private static IReadOnlyList<EvalRun> Runs(TestWorld world) => world.All<EvalRun>("evalruns.llmops.dev");

    private async Task<TestWorld> ServingAsync(bool withJudge = false)
    {
        var world = await TestWorld.StartAsync(output.WriteLine);
        await ServeAsync(world, withJudge);
        return world;
    }

    /// <summary>The bot serves, the judge and what it goes by are there where asked for, and a gate names them.</summary>
    private static async Task ServeAsync(TestWorld world, bool withJudge)
    {
        await world.ApplyAsync(Samples.AsApplied(Samples.Gate()));
        await world.ApplyAsync(Samples.AsApplied(Samples.JudgedGate()));
        await world.ApplyAsync(Samples.Canary("v1"));
        if (withJudge)
        {
            await world.ApplyAsync(Samples.AsApplied(Samples.Rubric()));
            await world.ApplyAsync(Samples.Canary("j1", "judge", replicas: 1));
            await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.ReadyReplicas: > 0 }, "the judge serves", "judge");
        }

        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable: not null }, "the first release serves");
    }

    private static async Task<RolloutRecord> RecordAsync(TestWorld world)
    {
        RolloutRecord? Read() => world.All<RolloutRecord>("rolloutrecords.llmops.dev").FirstOrDefault(record => record.Spec.Evaluations?.Any(evaluation => evaluation.Gate == "judged") == true);
        await world.UntilAsync(() => Read() is not null, () => "the rollout has its record");
        return Read()!;
    }

    private static Task UntilGateAsync(TestWorld world, string ready, string reason) => TestWorld.UntilAsync(
        () => world.Find<EvalGate>("evalgates.llmops.dev", "judged")?.Status?.Conditions?[0] is { } condition && condition.Status == ready && condition.Reason == reason, $"the gate is Ready {ready} by {reason}");

    private static Task<LlmDeployment> StalledAsync(TestWorld world, string reason, string message, string name = "bot") => world.UntilAsync(
        deployment => deployment.Status?.Conditions?.Any(condition => condition is { Type: ConditionTypes.Stalled, Status: "True" } && condition.Reason == reason && condition.Message.Contains(message, StringComparison.Ordinal)) == true,
        $"it is stalled by {reason}", name);
}
