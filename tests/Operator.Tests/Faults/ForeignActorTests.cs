using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
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

    public static TheoryData<string> Named => ["deployments.apps", "services"];

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
            name = other.Get().Status!.Candidate!.Service;
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

    private static LlmDeployment Wanted()
    {
        var canary = Story.Canary("v2", Endless);
        return canary with { Spec = canary.Spec with { Replicas = null, Autoscaling = new AutoscalingSpec { Min = 2, Max = 4 } } };
    }

    private static JsonObject Foreign(string resource, string name) => JsonNode.Parse(resource switch
    {
        "deployments.apps" => """{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"labels":{"app":"x"}},"spec":{"replicas":0,"selector":{"matchLabels":{"app":"x"}},"template":{"metadata":{"labels":{"app":"x"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}""",
        _ => """{"apiVersion":"v1","kind":"Service","metadata":{},"spec":{"selector":{"app":"x"},"ports":[{"name":"web","port":80}]}}""",
    })!.AsObject() is var obj && Name(obj, name) ? obj : throw new InvalidOperationException(resource);

    private static bool Name(JsonObject obj, string name)
    {
        (obj["metadata"]!["name"], obj["metadata"]!["namespace"]) = (name, Samples.Namespace);
        return true;
    }

    private static List<string> Names(TestWorld world, string resource) =>
        [.. world.Server.FindAll(resource, Samples.Namespace).Select(node => (string)node["metadata"]!["name"]!).Where(name => name.StartsWith("bot", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    private static JsonObject Object(TestWorld world, string resource, string name) => world.Server.Find(resource, Samples.Namespace, name) ?? throw new InvalidOperationException($"{name} is gone");

    private static string? Uid(TestWorld world, string resource, string name) => (string?)world.Server.Find(resource, Samples.Namespace, name)?["metadata"]?["uid"];

    private static Task DeleteAsync(TestWorld world, string resource, string name) => resource switch
    {
        "deployments.apps" => world.DoAsync(world.Client.DeleteAsync<Deployment>(new(Samples.Namespace, name))),
        "services" => world.DoAsync(world.Client.DeleteAsync<Service>(new(Samples.Namespace, name))),
        "poddisruptionbudgets.policy" => world.DoAsync(world.Client.DeleteAsync<PodDisruptionBudget>(new(Samples.Namespace, name))),
        "horizontalpodautoscalers.autoscaling" => world.DoAsync(world.Client.DeleteAsync<HorizontalPodAutoscaler>(new(Samples.Namespace, name))),
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
            _ => world.Client.MergePatchAsync<LlmDeployment>(key, json),
        });
    }
}
