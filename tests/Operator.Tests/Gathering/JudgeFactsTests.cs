using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;
using LlmOps.Rollouts;
using Xunit;

namespace LlmOps.Operator.Tests.Gathering;

public sealed class JudgeFactsTests
{
    [Fact]
    public void A_judge_is_what_serves_now_and_its_prompt_by_content()
    {
        var (judges, problem) = Of(Serving(), Samples.Rubric());
        Assert.Null(problem);
        Assert.Equal(
            new EvalJudge
            {
                Scorer = "faithful",
                Deployment = "judge",
                ServingHash = "serving",
                Url = "http://judge-serving.default.svc:8000",
                ServedName = "large",
                Prompt = "rubric-1.0.0",
                PromptHash = PromptContent.Hash(Samples.Rubric().Spec),
                ApiKeySecretRef = new SecretKeyReference { Name = "key", Key = "apiKey" },
            },
            Assert.Single(judges));
    }

    [Fact]
    public void Who_cannot_judge_is_told_with_what_to_do()
    {
        var served = Serving();
        var unready = served with { Status = served.Status! with { Stable = served.Status.Stable! with { ReadyReplicas = 0 } } };
        var routed = Samples.Routed(served) with { Status = served.Status with { Candidate = served.Status.Stable } };
        Assert.Equal(
            [
                "JudgeNotFound: LlmDeployment judge does not exist: create it, or name another one in scorers[1].judge.model",
                "JudgeNotFound: LlmDeployment judge is being deleted: name another one in scorers[1].judge.model",
                "JudgeUnavailable: LlmDeployment judge, which judges for scorers[1], has no release that serves yet: see its conditions",
                "JudgeUnavailable: LlmDeployment judge, which judges for scorers[1], has no ready pod: see its conditions",
            ],
            new[] { null, Deleting(served), Samples.Deployment("judge"), unready }.Select(Told));
        Assert.Contains("is being rolled out behind HTTPRoute chat", Told(routed), StringComparison.Ordinal);
        Assert.Null(Of(Samples.Routed(served), Samples.Rubric()).Problem);
        Assert.Null(Of(served with { Status = served.Status with { Candidate = served.Status.Stable } }, Samples.Rubric()).Problem);
    }

    [Fact]
    public void A_prompt_that_no_judge_can_go_by_is_told_with_what_to_do()
    {
        Assert.Equal((Reasons.PromptNotFound, "PromptVersion rubric-1.0.0 does not exist: create it, or name another one in scorers[1].judge.prompt"), Problem(null));
        Assert.Contains("is being deleted", Problem(Deleting(Samples.Rubric())).Message, StringComparison.Ordinal);
        var (reason, message) = Problem(Samples.Prompt("rubric-1.0.0"));
        Assert.Equal(Reasons.PromptInvalid, reason);
        Assert.Contains("messages do not use the variable 'output', the answer that is judged: use it in a user message. Name a corrected version in scorers[1].judge.prompt", message, StringComparison.Ordinal);

        static (string, string Message) Problem(PromptVersion? prompt) => Of(Serving(), prompt).Problem is { } problem ? (problem.Reason, problem.Message) : default;
    }

    [Fact]
    public void A_gate_that_would_let_an_LlmDeployment_judge_itself_is_refused_to_it_and_to_nobody_else()
    {
        AskedGate Ask(string deployment) => AskedGate.Of("judged", deployment, Samples.JudgedGate(), _ => Serving(), _ => Samples.Rubric());
        Assert.Equal(Reasons.GateInvalid, Ask("judge").Obstacle?.Reason);
        Assert.Contains("would let LlmDeployment judge judge itself (scorer faithful)", Ask("judge").Obstacle!.Message, StringComparison.Ordinal);
        Assert.Null(Ask("bot").Obstacle);
    }

    [Fact]
    public void A_condition_of_the_gate_about_its_judge_is_not_believed_over_what_is()
    {
        AskedGate Ask(string reason) => AskedGate.Of(
            "judged", "bot",
            Samples.JudgedGate() with { Status = new EvalGateStatus { Conditions = [new Condition { Type = ConditionTypes.Ready, Status = "False", Reason = reason, Message = "old", ObservedGeneration = 1, LastTransitionTime = DateTimeOffset.UnixEpoch }] } },
            _ => Serving(), _ => Samples.Rubric());
        Assert.All(new[] { Reasons.JudgeNotFound, Reasons.JudgeUnavailable, Reasons.PromptNotFound, Reasons.PromptInvalid }, reason => Assert.Null(Ask(reason).Obstacle));
        Assert.Equal(Reasons.GateInvalid, Ask(Reasons.DatasetInvalid).Obstacle?.Reason);
    }

    [Fact]
    public void Another_judge_or_another_content_of_its_prompt_is_another_judgement()
    {
        var now = Of(Serving(), Samples.Rubric()).Judges;
        Assert.Null(JudgeFacts.Change(now, now));
        Assert.Null(JudgeFacts.Change([now[0] with { Url = "http://elsewhere" }], now));
        Assert.Equal("scorer faithful is judged by judge serving in place of judge old", JudgeFacts.Change([now[0] with { ServingHash = "old" }], now));
        Assert.Equal("scorer faithful is judged by judge serving in place of none", JudgeFacts.Change(null, now));
        Assert.Equal("PromptVersion rubric-1.0.0 of scorer faithful has another content", JudgeFacts.Change([now[0] with { PromptHash = "old" }], now));
        // Who is not known now does not make a run worthless.
        Assert.Null(JudgeFacts.Change(now, []));
    }

    [Fact]
    public void Gates_are_looked_at_again_only_where_a_judge_can_be_asked_in_another_way()
    {
        var judge = Serving();
        var stable = judge.Status!.Stable!;
        Assert.True(JudgeFacts.IsSame(judge, judge with { Status = judge.Status with { Stable = stable with { ReadyReplicas = 7, Weight = 95 }, Candidate = stable } }));
        Assert.All(
            new[] { null, Deleting(judge), With(stable with { ReadyReplicas = 0 }), With(stable with { ServingHash = "next" }), With(stable with { ApiKeySecretRef = null }) },
            other => Assert.False(JudgeFacts.IsSame(judge, other)));

        LlmDeployment With(ReleaseStatus other) => judge with { Status = judge.Status with { Stable = other } };
    }

    private static LlmDeployment Serving() => Samples.Deployment("judge") with
    {
        Status = new LlmDeploymentStatus
        {
            Stable = new ReleaseStatus
            {
                Release = "release",
                ServingHash = "serving",
                PromptHash = "prompt",
                Engine = EngineTypes.VLlm,
                ServedName = "large",
                Service = "judge-serving",
                Weight = 100,
                ReadyReplicas = 1,
                ApiKeySecretRef = new SecretKeyReference { Name = "key", Key = "apiKey" },
            },
        },
    };

    private static T Deleting<T>(T obj)
        where T : class, IResource<T> => obj.WithMetadata(obj.Metadata with { DeletionTimestamp = DateTimeOffset.UnixEpoch });

    private static string Told(LlmDeployment? judge)
    {
        var (judges, problem) = Of(judge, Samples.Rubric());
        Assert.Empty(judges);
        return $"{problem?.Reason}: {problem?.Message}";
    }

    private static (EquatableArray<EvalJudge> Judges, Problem? Problem) Of(LlmDeployment? judge, PromptVersion? prompt) =>
        JudgeFacts.Of(Samples.JudgedGate().Spec, name => name == "judge" ? judge : null, name => name == "rubric-1.0.0" ? prompt : null);
}
