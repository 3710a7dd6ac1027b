using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Resources;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.Operator.Tests.Faults;

/// <summary>Somebody else edits, deletes, holds back or already has what the operator owns.</summary>
[Collection(FaultWorldsGroup.Name)]
public sealed class ForeignActorTests(FaultWorlds worlds)
{
    private static readonly RolloutStep Endless = new() { Weight = 25, Hold = TimeSpan.FromMinutes(30) };

    public static TheoryData<string> Repaired =>
        ["deployments.apps", "services", "poddisruptionbudgets.policy", "horizontalpodautoscalers.autoscaling"];

    public static TheoryData<string> Named => ["deployments.apps", "services", "controllerrevisions.apps"];

    [Theory]
    [MemberData(nameof(Repaired))]
    public async Task What_is_deleted_is_made_again(string resource)
    {
        await using var world = await HoldAsync();
        var names = Names(world, resource);
        Assert.NotEmpty(names);
        foreach (var name in names)
        {
            var before = Uid(world, resource, name);
            await DeleteAsync(world, resource, name);
            await world.UntilAsync(() => Uid(world, resource, name) is { } uid && uid != before, () => $"{name} is there again");
        }

        await world.QuietAsync();
        Assert.Equal(names, Names(world, resource));
    }

    [Theory]
    [MemberData(nameof(Repaired))]
    public async Task An_owner_or_a_label_that_is_taken_away_is_put_back(string resource)
    {
        await using var world = await HoldAsync();
        foreach (var name in Names(world, resource))
        {
            await PatchAsync(world, resource, name, """{"metadata":{"ownerReferences":null}}""");
            await world.UntilAsync(() => Object(world, resource, name)["metadata"]!["ownerReferences"] is JsonArray { Count: 1 }, () => $"{name} has its owner again");
            await PatchAsync(world, resource, name, """{"metadata":{"labels":{"app.kubernetes.io/managed-by":null}}}""");
            await world.UntilAsync(() => (string?)Object(world, resource, name)["metadata"]!["labels"]?["app.kubernetes.io/managed-by"] is not null, () => $"{name} has its label again");
        }
    }

    [Theory]
    [InlineData("deployments.apps", """{"spec":{"replicas":9}}""")]
    [InlineData("services", """{"spec":{"selector":{"llmops.dev/serving":"other"}}}""")]
    [InlineData("poddisruptionbudgets.policy", """{"spec":{"maxUnavailable":5}}""")]
    [InlineData("horizontalpodautoscalers.autoscaling", """{"spec":{"maxReplicas":50}}""")]
    public async Task What_is_edited_is_put_back(string resource, string patch)
    {
        await using var world = await HoldAsync();
        foreach (var name in Names(world, resource))
        {
            var before = Object(world, resource, name)["spec"]!.ToJsonString();
            var writes = world.OperatorWrites.Count;
            await PatchAsync(world, resource, name, patch);
            await world.UntilAsync(
                () => world.OperatorWrites.Skip(writes).Any(write => write.Name == name && write.Request.GroupResource == resource && write.Changed) && Object(world, resource, name)["spec"]!.ToJsonString() == before,
                () => $"{name} is as it was");
        }

        await world.QuietAsync();
    }

    [Theory]
    [MemberData(nameof(Named))]
    public async Task Somebody_elses_object_of_the_wanted_name_is_left_alone_and_a_condition_says_what_to_do(string resource)
    {
        string name;
        await using (var other = await HoldAsync())
        {
            var candidate = other.Get().Status!.Candidate!;
            name = resource == "controllerrevisions.apps" ? ObjectNames.Revision("bot", candidate.Release) : candidate.Service;
        }

        await using var world = await worlds.StartAsync();
        var foreign = world.Server.Seed(Foreign(resource, name)).ToJsonString();
        await world.ApplyAsync(Wanted());
        var refused = await world.UntilAsync(
            deployment => deployment.Status!.Conditions!.Any(condition => condition is { Type: ConditionTypes.Stalled, Status: "True", Reason: Reasons.ApplyRefused }), "the condition says so");
        Assert.Contains($"default/{name} exists and belongs to nobody: delete or rename it", refused.Status!.Conditions!.First(condition => condition.Type == ConditionTypes.Stalled).Message, StringComparison.Ordinal);
        await world.Clock!.PassAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(foreign, Object(world, resource, name).ToJsonString());
        Assert.Equal(100, world.Get().Status!.Stable!.Weight);

        await DeleteAsync(world, resource, name);
        await world.UntilAsync(deployment => deployment.Status?.Candidate?.Weight == 25, "it goes on");
    }

    [Fact]
    public async Task The_snapshot_of_the_release_that_is_asked_for_is_made_again_and_gets_back_its_owner_and_its_label()
    {
        await using var world = await HoldAsync();
        var name = ObjectNames.Revision("bot", world.Get().Status!.Candidate!.Release);
        const string snapshots = "controllerrevisions.apps";
        var data = Object(world, snapshots, name)["data"]!.ToJsonString();
        await DeleteAsync(world, snapshots, name);
        await world.UntilAsync(() => world.Server.Find(snapshots, Samples.Namespace, name) is not null, () => $"{name} is there again");
        await PatchAsync(world, snapshots, name, """{"metadata":{"ownerReferences":null}}""");
        await world.UntilAsync(() => Object(world, snapshots, name)["metadata"]!["ownerReferences"] is JsonArray { Count: 1 }, () => $"{name} has its owner again");
        await PatchAsync(world, snapshots, name, """{"metadata":{"labels":{"app.kubernetes.io/managed-by":null}}}""");
        await world.UntilAsync(() => (string?)Object(world, snapshots, name)["metadata"]!["labels"]?["app.kubernetes.io/managed-by"] is not null, () => $"{name} has its label again");
        Assert.Equal(data, Object(world, snapshots, name)["data"]!.ToJsonString());
        Assert.Equal(25, world.Get().Status!.Candidate!.Weight);
        await world.QuietAsync();
    }

    [Fact]
    public async Task Pods_that_somebody_deletes_come_again_and_a_role_that_somebody_takes_from_one_is_put_back()
    {
        await using var world = await HoldAsync();
        foreach (var pod in world.EnginePods)
        {
            var (name, track) = (pod.Metadata.Name!, pod.Metadata.Labels![Labels.Track]);
            await PatchAsync(world, "pods", name, """{"metadata":{"labels":{"llmops.dev/track":"other"}}}""");
            await world.UntilAsync(() => world.Find<Pod>("pods", name)?.Metadata.Labels![Labels.Track] == track, () => $"{name} is {track} again");
        }

        var roles = Roles(world);
        foreach (var pod in world.EnginePods)
        {
            await DeleteAsync(world, "pods", pod.Metadata.Name!);
            await world.UntilAsync(() => world.Find<Pod>("pods", pod.Metadata.Name!) is null && Roles(world) == roles, () => $"pods are {roles} again, not {Roles(world)}");
        }

        await world.QuietAsync();
        Assert.Equal(25, world.Get().Status!.Candidate!.Weight);
    }

    [Theory]
    [InlineData("evalruns.llmops.dev")]
    [InlineData("jobs.batch")]
    [InlineData("configmaps")]
    [InlineData("serviceaccounts")]
    [InlineData("roles.rbac.authorization.k8s.io")]
    [InlineData("rolebindings.rbac.authorization.k8s.io")]
    public async Task An_evaluation_of_which_somebody_deletes_a_part_is_done_all_the_same(string resource)
    {
        await using var world = await worlds.StartAsync();
        world.Nodes.Jobs = _ => JobFate.Run;
        var before = Names(world, resource);
        await world.ApplyAsync(Story.Canary("v2", new RolloutStep { Gate = "quality" }, Endless));
        await world.UntilAsync(() => Unfinished(world) is not null && Names(world, resource).Except(before).Any() && world.All<Job>("jobs.batch").Any(job => job.Status is null), () => "the evaluator runs");
        await world.QuietAsync();
        foreach (var name in Names(world, resource).Except(before))
            await DeleteAsync(world, resource, name);
        await world.QuietAsync();
        world.Nodes.Jobs = _ => JobFate.Pass;
        await world.UntilAsync(deployment => deployment.Status is { Candidate: { Weight: 25, Revision: "v2" } }, "v2 has traffic");
    }

    /// <summary>None of it concerns the verdict, which is the report's; what an EvalRun is asked cannot be edited.</summary>
    [Theory]
    [InlineData("jobs.batch", """{"metadata":{"labels":{"app.kubernetes.io/managed-by":null},"ownerReferences":null}}""")]
    [InlineData("configmaps", """{"data":{"plan.json":"{}","other":"x"},"metadata":{"labels":{"app.kubernetes.io/managed-by":null}}}""")]
    [InlineData("evalruns.llmops.dev", """{"metadata":{"annotations":{"somebody":"else"}}}""")]
    public async Task An_evaluation_of_which_somebody_edits_a_part_is_done_all_the_same(string resource, string patch)
    {
        await using var world = await worlds.StartAsync();
        world.Nodes.Jobs = _ => JobFate.Run;
        var before = Names(world, resource);
        await world.ApplyAsync(Story.Canary("v2", new RolloutStep { Gate = "quality" }, Endless));
        await world.UntilAsync(() => Unfinished(world) is not null && world.All<Job>("jobs.batch").Any(job => job.Status is null), () => "the evaluator runs");
        await world.QuietAsync();
        var edited = Names(world, resource).Except(before).ToList();
        Assert.NotEmpty(edited);
        foreach (var name in edited)
            await PatchAsync(world, resource, name, patch);
        await world.QuietAsync();
        Assert.Equal(0, world.Get().Status!.Candidate!.Weight);
        world.Nodes.Jobs = _ => JobFate.Pass;
        await world.UntilAsync(deployment => deployment.Status is { Candidate: { Weight: 25, Revision: "v2" } }, "v2 has traffic");
    }

    [Fact]
    public async Task A_run_that_loses_its_labels_opens_no_gate()
    {
        await using var world = await worlds.StartAsync();
        world.Nodes.Jobs = _ => JobFate.Run;
        await world.ApplyAsync(Story.Canary("v2", new RolloutStep { Gate = "quality" }, Endless));
        await world.UntilAsync(() => Unfinished(world) is not null, () => "the evaluator runs");
        await PatchAsync(world, "evalruns.llmops.dev", Unfinished(world)!.Metadata.Name!, """{"metadata":{"labels":null}}""");
        world.Nodes.Jobs = _ => JobFate.Pass;
        var reverted = await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1 }, "it is given up at the deadline");
        Assert.Equal((Reasons.GateInconclusive, 0), (reverted.Status!.History![0].Reason, reverted.Status.History[0].MaxWeight));
    }

    [Fact]
    public async Task A_report_that_somebody_else_writes_opens_no_gate_whatever_it_says()
    {
        await using var world = await worlds.StartAsync();
        world.Nodes.Jobs = _ => JobFate.Run;
        await world.ApplyAsync(Story.Canary("v2", new RolloutStep { Gate = "quality" }, Endless));
        await world.UntilAsync(() => Unfinished(world) is not null, () => "the evaluator runs");
        var run = Unfinished(world)!;
        var report = ObjectNames.Report(run.Metadata.Name!);
        var perfect = new EvaluationReport
        {
            Run = run.Metadata.Name!,
            Candidate = run.Spec.Candidate.Release,
            Baseline = run.Spec.Baseline!.Release,
            Cases = 200,
            CandidateTokens = 1000,
            StartedAt = DateTimeOffset.UnixEpoch,
            FinishedAt = DateTimeOffset.UnixEpoch,
            Metrics = [new MetricReport { Metric = "correct", Cases = 200, Passed = 200, BaselinePassed = 100, Wins = 100, Losses = 0 }],
        };
        static string Json(EvaluationReport report) => JsonSerializer.Serialize(report, ApiJson.Default.EvaluationReport);
        // Half of one, one of another run, and the one that was wished for.
        foreach (var forged in new[] { "{\"run\": \"bot", Json(perfect with { Run = "bot-00000000-0-acef" }), Json(perfect) })
        {
            await PatchAsync(world, "configmaps", report, new JsonObject { ["data"] = new JsonObject { [EvaluationContract.ReportKey] = forged } }.ToJsonString());
            await world.QuietAsync();
            Assert.Equal(0, world.Get().Status!.Candidate!.Weight);
            Assert.Null(Run(world, run).Status!.Verdict);
        }

        // The evaluator's own counts, though it comes later.
        world.Nodes.Jobs = _ => JobFate.Fail;
        await world.UntilAsync(() => Run(world, run).Status!.Verdict is not null, () => "the run is decided");
        Assert.Equal(Verdicts.Fail, Run(world, run).Status!.Verdict);
    }

    [Fact]
    public async Task A_report_that_somebody_changes_after_the_evaluator_wrote_it_is_none_and_the_message_says_so()
    {
        await using var world = await worlds.StartAsync();
        world.Nodes.Jobs = _ => JobFate.Fail;
        world.Nodes.Tamper = report => report.Replace("\"passed\":60", "\"passed\":190", StringComparison.Ordinal);
        await world.ApplyAsync(Story.Canary("v2", new RolloutStep { Gate = "quality" }, Endless));
        EvalRun? Tampered() => world.All<EvalRun>("evalruns.llmops.dev").FirstOrDefault(run => run is { Spec.Baseline: not null, Status.Verdict: not null });
        await world.UntilAsync(() => Tampered() is not null, () => "the run is decided");
        Assert.Equal((Verdicts.ProviderError, Reasons.EvaluationFailed), (Tampered()!.Status!.Verdict, Tampered()!.Status!.Reason));
        Assert.Contains("somebody else wrote or changed it", Tampered()!.Status!.Message, StringComparison.Ordinal);
        Assert.Equal(0, world.Get().Status!.Candidate!.Weight);
    }

    [Fact]
    public async Task A_record_that_somebody_deletes_is_not_missed_and_the_next_rollout_has_one()
    {
        await using var world = await worlds.StartAsync();
        var quick = new RolloutStep { Weight = 50, Hold = TimeSpan.FromMilliseconds(100) };
        await world.ApplyAsync(Story.Canary("v2", quick));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2", Retiring: null }, "v2 is stable");
        await world.QuietAsync();
        var (history, writes) = (world.Get().Status!.History!, world.OperatorWrites.Count);
        var record = history[0].Record!;
        await world.DoAsync(world.Client.DeleteAsync<RolloutRecord>(new(Samples.Namespace, record)));
        await world.Clock!.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(writes, world.OperatorWrites.Count);
        await world.ApplyAsync(Story.Canary("v3", quick));
        var next = await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v3", Retiring: null } status && status.History![0].Record is not null, "v3 is stable");
        Assert.Equal(record, next.Status!.History![1].Record);
        Assert.NotNull(world.Find<RolloutRecord>("rolloutrecords.llmops.dev", next.Status.History[0].Record!));
        Assert.Null(world.Find<RolloutRecord>("rolloutrecords.llmops.dev", record));
    }

    /// <summary>Its pods serve nobody; a Deployment that is being deleted has none.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_Deployment_that_a_finalizer_of_somebody_else_holds_back_holds_up_no_rollout(bool isReverted)
    {
        await using var world = await HoldAsync();
        var status = world.Get().Status!;
        var leaves = isReverted ? status.Candidate!.Service : status.Stable!.Service;
        await PatchAsync(world, "deployments.apps", leaves, """{"metadata":{"finalizers":["example.com/audit"]}}""");
        if (isReverted)
            world.Gateway.CandidateErrorRate = 0.5;
        else
            await world.ApplyAsync(Quick("v2"));
        var left = isReverted ? "v1" : "v2";
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Weight: 100 } && deployment.Status.Stable.Revision == left, $"{left} serves");
        await world.UntilAsync(() => (string?)Object(world, "deployments.apps", leaves)["metadata"]!["deletionTimestamp"] is not null, () => $"{leaves} is deleted");
        world.Gateway.CandidateErrorRate = 0;
        await world.QuietAsync();

        await world.ApplyAsync(Quick("v3"));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v3" }, "v3 is stable");
        await world.QuietAsync();
        await PatchAsync(world, "deployments.apps", leaves, """{"metadata":{"finalizers":null}}""");
        await world.UntilAsync(() => world.Server.Find("deployments.apps", Samples.Namespace, leaves) is null, () => $"{leaves} is gone");
        await world.QuietAsync();
        Assert.DoesNotContain(world.Logger.Lines, line => line.EventName == "ReconcileFailed");
    }

    [Fact]
    public async Task An_evaluation_whose_ConfigMap_is_somebody_elses_says_so_and_is_tried_again()
    {
        await using var world = await worlds.StartAsync();
        // Somebody makes it after the run was made and before the operator looks whether there is one.
        var plan = new FaultGate();
        world.Server.Faults.When(request => request is { Plural: "configmaps", Name: { } name } && name.EndsWith("-plan", StringComparison.Ordinal) && TestWorld.IsFromOperator(request), FaultEffect.HangBefore(plan), times: 1);
        await world.ApplyAsync(Story.Canary("v2", new RolloutStep { Gate = "quality" }, Endless));
        await world.DoAsync(plan.Reached);
        var foreign = ObjectNames.Plan(world.All<EvalRun>("evalruns.llmops.dev").Single(run => run.Status?.Verdict is null).Metadata.Name!);
        world.Server.Seed(new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["metadata"] = new JsonObject { ["name"] = foreign, ["namespace"] = Samples.Namespace }, ["data"] = new JsonObject { ["mine"] = "yes" } });
        plan.Release();
        await world.UntilAsync(
            () => world.All<EvalRun>("evalruns.llmops.dev").Any(run => run.Status is { Verdict: Verdicts.ProviderError, Reason: Reasons.ApplyRefused } status && status.Message!.Contains($"{foreign} exists and belongs to nobody: delete or rename it", StringComparison.Ordinal)),
            () => "the run says so");
        await world.UntilAsync(deployment => deployment.Status is { Candidate: { Weight: 25, Revision: "v2" } }, "another attempt passes");
        Assert.Equal("yes", world.Find<ConfigMap>("configmaps", foreign)!.Data!["mine"]);
    }

    /// <summary>What a namespace that ends does: it takes no new objects, and those that are there go in any order.</summary>
    [Fact]
    public async Task In_a_namespace_that_is_deleted_mid_canary_nothing_is_tried_in_a_hot_loop_and_in_the_end_nothing_is_left()
    {
        await using var world = await HoldAsync();
        world.Server.Faults.When(
            request => TestWorld.IsFromOperator(request) && request is { IsWrite: true, Subresource: null, Plural: not "events", Namespace: Samples.Namespace } &&
                (request.Verb == "create" || (request.IsApply && world.Server.Find(request.GroupResource, request.Namespace, request.Name) is null)),
            FaultEffect.Status(403, "Forbidden", $"namespace {Samples.Namespace} is being terminated"));
        foreach (var resource in new[] { "services", "pods", "deployments.apps", "controllerrevisions.apps", "poddisruptionbudgets.policy" })
        {
            foreach (var name in Names(world, resource))
                await DeleteAsync(world, resource, name);
        }

        await world.Clock!.PassAsync(TimeSpan.FromSeconds(30));
        var (asked, span) = (world.Server.Requests.Total, TimeSpan.FromMinutes(1));
        await world.Clock.PassAsync(span);
        Assert.InRange(world.Server.Requests.Total - asked, 0, 10 * (int)span.TotalSeconds);
        Assert.Contains(world.Get().Status!.Conditions!, condition => condition is { Type: ConditionTypes.Stalled, Status: "True", Reason: Reasons.ApplyRefused } && condition.Message!.Contains("is being terminated", StringComparison.Ordinal));

        await DeleteAsync(world, "llmdeployments.llmops.dev", "bot");
        await world.UntilAsync(() => Ending.Kinds.All(kind => world.Server.FindAll(kind, Samples.Namespace).Count == 0), () => $"everything is gone; left are {Ending.Of(world)}");
        await world.QuietAsync();
        Assert.DoesNotContain(world.Logger.Lines, line => line.EventName == "ReconcileFailed");
    }

    [Fact]
    public async Task A_candidate_that_turns_out_bad_while_a_finalizer_of_somebody_else_holds_its_deletion_back_loses_its_traffic_and_nothing_is_made()
    {
        await using var world = await HoldAsync();
        await PatchAsync(world, "llmdeployments.llmops.dev", "bot", """{"metadata":{"finalizers":["example.com/audit"]}}""");
        await DeleteAsync(world, "llmdeployments.llmops.dev", "bot");
        Assert.NotNull(world.Get().Metadata.DeletionTimestamp);
        await world.Clock!.PassAsync(TimeSpan.FromSeconds(5));
        var writes = world.OperatorWrites.Count;
        world.Gateway.CandidateErrorRate = 0.5;
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Weight: 100 }, "v2 has no traffic");
        await world.QuietAsync();
        Assert.All(world.OperatorWrites.Skip(writes), write => Assert.Equal("status", write.Request.Subresource));

        await PatchAsync(world, "llmdeployments.llmops.dev", "bot", """{"metadata":{"finalizers":null}}""");
        await world.UntilAsync(() => Ending.Kinds.All(kind => world.Server.FindAll(kind, Samples.Namespace).Count == 0), () => "everything is gone");
    }

    /// <summary>v2 has 25 % and holds it; scaled by an HPA, so that there is one.</summary>
    private async Task<TestWorld> HoldAsync()
    {
        var world = await worlds.StartAsync();
        await world.ApplyAsync(Wanted());
        await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 25, Rollout.Evidence: not null }, "v2 has traffic");
        return world;
    }

    /// <summary>Wanted, with a step that is soon over.</summary>
    private static LlmDeployment Quick(string revision)
    {
        var canary = Story.Canary(revision, new RolloutStep { Weight = 50, Hold = TimeSpan.FromMilliseconds(100) });
        return canary with { Spec = canary.Spec with { Replicas = null, Autoscaling = Wanted().Spec.Autoscaling } };
    }

    private static LlmDeployment Wanted()
    {
        var canary = Story.Canary("v2", Endless);
        return canary with { Spec = canary.Spec with { Replicas = null, Autoscaling = new AutoscalingSpec { Min = 2, Max = 4 } } };
    }

    private static JsonObject Foreign(string resource, string name) => JsonNode.Parse(resource switch
    {
        "deployments.apps" => """{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"labels":{"app":"x"}},"spec":{"replicas":0,"selector":{"matchLabels":{"app":"x"}},"template":{"metadata":{"labels":{"app":"x"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}""",
        "controllerrevisions.apps" => """{"apiVersion":"apps/v1","kind":"ControllerRevision","metadata":{},"revision":1,"data":{}}""",
        _ => """{"apiVersion":"v1","kind":"Service","metadata":{},"spec":{"selector":{"app":"x"},"ports":[{"name":"web","port":80}]}}""",
    })!.AsObject() is var obj && Name(obj, name) ? obj : throw new InvalidOperationException(resource);

    private static bool Name(JsonObject obj, string name)
    {
        (obj["metadata"]!["name"], obj["metadata"]!["namespace"]) = (name, Samples.Namespace);
        return true;
    }

    private static List<string> Names(TestWorld world, string resource) =>
        [.. world.Server.FindAll(resource, Samples.Namespace).Select(node => (string)node["metadata"]!["name"]!).Where(name => name.StartsWith("bot", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    private static EvalRun? Unfinished(TestWorld world) => world.All<EvalRun>("evalruns.llmops.dev").FirstOrDefault(run => run.Status is { Phase: "Running", Verdict: null });

    private static EvalRun Run(TestWorld world, EvalRun run) => world.Find<EvalRun>("evalruns.llmops.dev", run.Metadata.Name!)!;

    private static string Roles(TestWorld world) => string.Join(", ", world.EnginePods.Where(pod => !pod.IsDeleting()).Select(pod => pod.Metadata.Labels!.GetValueOrDefault(Labels.Track) ?? "none").Order(StringComparer.Ordinal));

    private static JsonObject Object(TestWorld world, string resource, string name) => world.Server.Find(resource, Samples.Namespace, name) ?? throw new InvalidOperationException($"{name} is gone");

    private static string? Uid(TestWorld world, string resource, string name) => (string?)world.Server.Find(resource, Samples.Namespace, name)?["metadata"]?["uid"];

    private static Task DeleteAsync(TestWorld world, string resource, string name) => resource switch
    {
        "deployments.apps" => world.DoAsync(world.Client.DeleteAsync<Deployment>(new(Samples.Namespace, name))),
        "services" => world.DoAsync(world.Client.DeleteAsync<Service>(new(Samples.Namespace, name))),
        "poddisruptionbudgets.policy" => world.DoAsync(world.Client.DeleteAsync<PodDisruptionBudget>(new(Samples.Namespace, name))),
        "horizontalpodautoscalers.autoscaling" => world.DoAsync(world.Client.DeleteAsync<HorizontalPodAutoscaler>(new(Samples.Namespace, name))),
        "controllerrevisions.apps" => world.DoAsync(world.Client.DeleteAsync<ControllerRevision>(new(Samples.Namespace, name))),
        "pods" => world.DoAsync(world.Client.DeleteAsync<Pod>(new(Samples.Namespace, name))),
        "evalruns.llmops.dev" => world.DoAsync(world.Client.DeleteAsync<EvalRun>(new(Samples.Namespace, name))),
        "jobs.batch" => world.DoAsync(world.Client.DeleteAsync<Job>(new(Samples.Namespace, name))),
        "serviceaccounts" => world.DoAsync(world.Client.DeleteAsync<ServiceAccount>(new(Samples.Namespace, name))),
        "roles.rbac.authorization.k8s.io" => world.DoAsync(world.Client.DeleteAsync<Role>(new(Samples.Namespace, name))),
        "rolebindings.rbac.authorization.k8s.io" => world.DoAsync(world.Client.DeleteAsync<RoleBinding>(new(Samples.Namespace, name))),
        "configmaps" => world.DoAsync(world.Client.DeleteAsync<ConfigMap>(new(Samples.Namespace, name))),
        _ => world.DoAsync(world.Client.DeleteAsync<LlmDeployment>(new(Samples.Namespace, name))),
    };

    private static Task PatchAsync(TestWorld world, string resource, string name, string patch)
    {
        var (key, json) = (new ObjectKey(Samples.Namespace, name), JsonNode.Parse(patch)!);
        return world.DoAsync(resource switch
        {
            "deployments.apps" => world.Client.MergePatchAsync<Deployment>(key, json),
            "services" => world.Client.MergePatchAsync<Service>(key, json),
            "poddisruptionbudgets.policy" => world.Client.MergePatchAsync<PodDisruptionBudget>(key, json),
            "horizontalpodautoscalers.autoscaling" => world.Client.MergePatchAsync<HorizontalPodAutoscaler>(key, json),
            "controllerrevisions.apps" => world.Client.MergePatchAsync<ControllerRevision>(key, json),
            "pods" => world.Client.MergePatchAsync<Pod>(key, json),
            "evalruns.llmops.dev" => world.Client.MergePatchAsync<EvalRun>(key, json),
            "jobs.batch" => world.Client.MergePatchAsync<Job>(key, json),
            "configmaps" => world.Client.MergePatchAsync<ConfigMap>(key, json),
            _ => world.Client.MergePatchAsync<LlmDeployment>(key, json),
        });
    }
}
