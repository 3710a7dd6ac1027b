using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Access;

/// <summary>What is named is looked for in the namespace of who names it: an object of the same name next door is none, and no name leads out.</summary>
public sealed class NamespaceTests(ITestOutputHelper output)
{
    private const string NextDoor = "llmops-system";

    /// <summary>No field could name one: a reference is a name. What came with a Kubernetes type is passed on as it is, and means the pod's own namespace there.</summary>
    [Fact]
    public void No_reference_of_the_API_has_a_namespace()
    {
        var crds = Directory.EnumerateFiles(Path.Combine(TestWorld.RepositoryRoot(), "crds"), "*.yaml").ToList();
        Assert.Equal(6, crds.Count);
        Assert.All(crds, crd => Assert.DoesNotContain(File.ReadLines(crd), line => line.Trim() == "namespace:"));
    }

    [Fact]
    public async Task A_prompt_next_door_does_not_exist()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        await world.ApplyAsync(Moved(Samples.Prompt()));
        await world.ApplyAsync(Samples.Canary("v2", prompt: "support-1.0.0"));
        await StalledAsync(world, Reasons.PromptNotFound);
    }

    [Fact]
    public async Task A_gate_next_door_does_not_exist()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        await world.ApplyAsync(Moved(Samples.Gate("strict")));
        await world.ApplyAsync(Samples.Canary("v2", steps: [new RolloutStep { Gate = "strict" }]));
        await StalledAsync(world, Reasons.GateNotFound);
    }

    [Theory]
    [InlineData("cases")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("../../llmops-system/configmaps/cases")]
    [InlineData("cases?x=")]
    public async Task A_data_set_next_door_does_not_exist_whatever_it_is_called(string name)
    {
        await using var world = await TestWorld.StartAsync(output.WriteLine);
        await world.ApplyAsync(Moved(new ConfigMap { Metadata = new ObjectMeta { Name = "cases" }, Data = new Dictionary<string, string> { ["cases.jsonl"] = "{}" } }));
        var gate = Samples.AsApplied(Samples.Gate());
        await world.ApplyAsync(gate with { Spec = gate.Spec with { Dataset = new DatasetSpec { ConfigMap = new ConfigMapKeyReference { Name = name, Key = "cases.jsonl" } } } });
        await TestWorld.UntilAsync(() => world.Find<EvalGate>("evalgates.llmops.dev", "quality")?.Status?.Conditions?[0] is { Status: "False", Reason: Reasons.DatasetInvalid } condition && condition.Message.Contains("does not exist", StringComparison.Ordinal), "the data set is missed");
        Assert.Empty(world.Server.Access.Refused);
    }

    [Theory]
    [InlineData("keys")]
    [InlineData(".")]
    [InlineData("../../llmops-system/secrets/keys")]
    public async Task A_Secret_next_door_does_not_exist_whatever_it_is_called(string name)
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        await world.ApplyAsync(Moved(new Secret { Metadata = new ObjectMeta { Name = "keys" }, Data = new Dictionary<string, string> { ["apiKey"] = "a2V5" } }));
        var canary = Samples.Canary("v2");
        await world.ApplyAsync(canary with { Spec = canary.Spec with { Engine = canary.Spec.Engine with { ApiKeySecretRef = new SecretKeyReference { Name = name, Key = "apiKey" } } } });
        var waiting = await world.UntilAsync(deployment => deployment.Status?.Rollout?.Message?.Contains($"Secret default/{name} does not exist", StringComparison.Ordinal) == true, "the Secret is missed");
        Assert.Equal(0, waiting.Status!.Candidate!.Weight);
        Assert.DoesNotContain(world.Engine.Credentials, sent => sent.Authorization.Length > 0);
        Assert.Empty(world.Server.Access.Refused);
    }

    [Fact]
    public async Task A_route_next_door_does_not_exist_and_stays_as_it_is()
    {
        await using var world = await TestWorld.StartAsync(output.WriteLine, withRouter: true);
        await world.ApplyAsync(Samples.AsApplied(Samples.Gate()));
        var route = Samples.Route(stable: 3, candidate: 4);
        route["metadata"]!["namespace"] = NextDoor;
        world.Server.Seed(route);
        await world.ApplyAsync(Samples.Routed(Samples.Canary("v1")));
        await world.UntilAsync(deployment => deployment.Status?.Conditions?.Any(condition => condition is { Type: ConditionTypes.RouteAccepted, Reason: Reasons.RouteNotFound }) == true, "the route is missed");
        Assert.DoesNotContain(world.Server.WriteLog, write => write.Request.Plural == "httproutes" && TestWorld.IsOperator(write.Request));
    }

    private static T Moved<T>(T obj)
        where T : class, IResource<T> => obj.WithMetadata(new ObjectMeta { Name = obj.Metadata.Name, Namespace = NextDoor });

    private static Task<LlmDeployment> StalledAsync(TestWorld world, string reason) => world.UntilAsync(
        deployment => deployment.Status?.Conditions?.Any(condition => condition is { Type: ConditionTypes.Stalled, Status: "True" } && condition.Reason == reason) == true, $"it is stalled by {reason}");
}
