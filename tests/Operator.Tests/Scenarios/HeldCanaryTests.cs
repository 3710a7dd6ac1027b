using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Scenarios;

/// <summary>What an operator asks of the API server while a canary with requests is held and looked at four times a second.</summary>
public sealed class HeldCanaryTests(ITestOutputHelper output)
{
    private const string Deployments = "deployments.apps";
    private const string Budgets = "poddisruptionbudgets.policy";
    private const string Mirror = "mirror.example/";

    private static readonly TimeSpan Hold = TimeSpan.FromMinutes(1);

    private readonly ConcurrentQueue<ApiRequest> requests = new();

    [Fact]
    public async Task A_held_canary_reads_nothing_from_the_API_server()
    {
        await using var world = await HoldAsync();
        requests.Clear();
        for (var i = 0; i < 3; i++)
        {
            await world.DoAsync(world.Client.MergePatchAsync<EvalGate>(new(Samples.Namespace, "quality"), new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["touched"] = $"{i}" } } }));
            await world.Clock!.PassAsync(Hold / 3);
        }

        Assert.Equal([], requests.Where(request => request.Verb is "get" or "list").Select(request => request.ToString()));
        Assert.Equal([], Written());
    }

    [Fact]
    public async Task A_data_set_that_is_mended_is_noticed_within_seconds()
    {
        await using var world = await HoldAsync();
        var gate = Samples.AsApplied(Samples.Gate("late"));
        await world.ApplyAsync(gate with { Spec = gate.Spec with { Dataset = new DatasetSpec { ConfigMap = new ConfigMapKeyReference { Name = "late", Key = "cases.jsonl" } } } });
        string? Ready() => world.Find<EvalGate>("evalgates.llmops.dev", "late")?.Status?.Conditions?[0].Status;
        await world.UntilAsync(() => Ready() == "False", () => "the gate says that its data set is missing");
        await world.ApplyAsync(new ConfigMap { Metadata = new ObjectMeta { Name = "late", Namespace = Samples.Namespace }, Data = new Dictionary<string, string> { ["cases.jsonl"] = "{}" } });
        world.LongPatience = TimeSpan.FromSeconds(20);
        await world.UntilAsync(() => Ready() == "True", () => "the gate can be run");
    }

    [Fact]
    public async Task An_owned_object_that_stays_while_it_is_being_deleted_is_not_written_again_and_again()
    {
        await using var world = await HoldAsync();
        foreach (var budget in world.All<PodDisruptionBudget>(Budgets))
        {
            await world.DoAsync(world.Client.MergePatchAsync<PodDisruptionBudget>(budget.Key(), JsonNode.Parse("""{"metadata":{"finalizers":["test.dev/backup"]}}""")!, fieldManager: "somebody"));
            await world.DoAsync(world.Client.DeleteAsync<PodDisruptionBudget>(budget.Key()));
        }

        requests.Clear();
        await world.Clock!.PassAsync(Hold);
        Assert.Equal([], Written());

        var before = Assert.Single(world.All<PodDisruptionBudget>(Budgets));
        await world.DoAsync(world.Client.MergePatchAsync<PodDisruptionBudget>(before.Key(), JsonNode.Parse("""{"metadata":{"finalizers":null}}""")!, fieldManager: "somebody"));
        await world.UntilAsync(() => world.All<PodDisruptionBudget>(Budgets) is [{ } after] && after.Metadata.Uid != before.Metadata.Uid, () => "it is made again once it is gone");
    }

    [Fact]
    public async Task What_an_admission_webhook_makes_of_an_object_stays_and_what_somebody_else_does_to_it_is_undone()
    {
        await using var world = await HoldAsync(server => server.Admission = MirrorImages);
        requests.Clear();
        await world.Clock!.PassAsync(Hold);
        Assert.Equal([], Written());
        var written = world.All<Deployment>(Deployments);
        Assert.All(written, deployment => Assert.Equal(("sidecar", true), (deployment.Spec!.Template!.Spec!.Containers[^1].Name, Image(deployment).StartsWith(Mirror, StringComparison.Ordinal))));

        var edited = written[0];
        await world.DoAsync(world.Client.MergePatchAsync<Deployment>(edited.Key(), JsonNode.Parse("""{"spec":{"template":{"spec":{"priorityClassName":"edited","terminationGracePeriodSeconds":1}}}}""")!, fieldManager: "somebody"));
        await world.UntilAsync(() => world.Find<Deployment>(Deployments, edited.Metadata.Name!)!.Spec!.Template!.Spec!.TerminationGracePeriodSeconds == edited.Spec!.Template!.Spec!.TerminationGracePeriodSeconds, () => "the edit is undone");
        requests.Clear();
        await world.Clock.PassAsync(Hold);
        Assert.Equal([], Written());
    }

    /// <summary>A webhook as clusters have them: images come from a mirror, and each pod gets a further container.</summary>
    private static void MirrorImages(string resource, JsonObject obj)
    {
        if (resource != Deployments)
            return;
        var containers = obj["spec"]!["template"]!["spec"]!["containers"]!.AsArray();
        foreach (var container in containers.Where(container => !((string)container!["image"]!).StartsWith(Mirror, StringComparison.Ordinal)))
            container!["image"] = Mirror + (string)container["image"]!;
        if (containers.All(container => (string?)container!["name"] != "sidecar"))
            containers.Add(new JsonObject { ["name"] = "sidecar", ["image"] = Mirror + "sidecar:1" });
    }

    private static string Image(Deployment deployment) => deployment.Spec!.Template!.Spec!.Containers[0].Image!;

    /// <summary>What the operator wrote since; the status of an LlmDeployment holds what was counted, and goes on.</summary>
    private IEnumerable<string> Written() => requests.Where(request => request.IsWrite && TestWorld.IsOperator(request) && request is not { Plural: "llmdeployments", Subresource: "status" }).Select(request => request.ToString());

    /// <summary>A world with a canary at 25 % that passed its gate, for half an hour.</summary>
    private async Task<TestWorld> HoldAsync(Action<InProcessApiServer>? prepare = null)
    {
        var world = await TestWorld.StartAsync(output.WriteLine, withOperator: false, time: new ManualTime());
        prepare?.Invoke(world.Server);
        world.Server.Faults.Choose(request =>
        {
            if (TestWorld.IsFromOperator(request))
                requests.Enqueue(request);
            return null;
        });
        world.StartOperator();
        await world.ApplyAsync(Samples.AsApplied(Samples.Gate()));
        await world.ApplyAsync(Samples.Canary("v1"));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable: not null, Retiring: null } && world.EnginePods.Count == 2, "v1 serves");
        await world.ApplyAsync(Samples.Canary("v2", steps: [new RolloutStep { Gate = "quality" }, new RolloutStep { Weight = 25, Hold = TimeSpan.FromMinutes(30) }]));
        await world.UntilAsync(deployment => deployment.Status is { Candidate.Weight: 25, Rollout.Evidence: not null }, "v2 has requests");
        await world.Clock!.PassAsync(TimeSpan.FromSeconds(10));
        return world;
    }
}
