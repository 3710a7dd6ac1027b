using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Scenarios;

/// <summary>An operator that serves some namespaces: <c>--watch-namespace</c>, once for each.</summary>
public sealed class NamespaceListTests(ITestOutputHelper output)
{
    [Fact]
    public async Task LlmDeployments_of_the_named_namespaces_are_served_and_the_others_are_left_alone()
    {
        await using var world = await TestWorld.StartAsync(output.WriteLine, withOperator: false);
        foreach (var ns in new[] { "team-b", "team-c" })
            await world.DoAsync(world.Client.CreateAsync(new Namespace { Metadata = new ObjectMeta { Name = ns } }, CancellationToken.None));
        world.Options = options => options with { WatchNamespaces = [Samples.Namespace, "team-b"] };
        world.StartOperator();

        // The one that nobody serves first: when the others have pods, it had the time to get some.
        foreach (var ns in new[] { "team-c", "team-b", Samples.Namespace })
            await world.ApplyAsync(Samples.Canary("v1", steps: [new RolloutStep { Weight = 50 }]).WithMetadata(new ObjectMeta { Name = "bot", Namespace = ns }));

        bool HasEngine(string ns) => world.Server.FindAll("deployments.apps", ns).Count > 0;
        await TestWorld.UntilAsync(() => HasEngine("team-b") && HasEngine(Samples.Namespace), "both get engines");
        await world.QuietAsync();
        Assert.False(HasEngine("team-c"));
        Assert.All(world.Server.FindAll("llmdeployments.llmops.dev", "team-c"), bot => Assert.Equal(-1, (long)bot["status"]!["observedGeneration"]!));
    }

    [Fact]
    public async Task It_needs_rights_in_these_namespaces_alone_but_for_reading_nodes_and_pods()
    {
        await using var world = await TestWorld.StartAsync(output.WriteLine, withOperator: false);
        world.Server.Access.Restrict(TestWorld.IsFromOperator, [.. OperatorPermissions.All.SelectMany(RulesOf)]);
        world.Options = options => options with { WatchNamespaces = [Samples.Namespace], LeaderElect = true };
        world.StartOperator();
        await world.ApplyAsync(Samples.AsApplied(Samples.Gate()));
        await world.ApplyAsync(Samples.Canary("v1"));
        await world.UntilAsync(bot => bot.Status is { Candidate: null, Stable.Revision: "v1" }, "v1 serves");
        await world.ApplyAsync(Samples.Canary("v2"));
        await world.UntilAsync(bot => bot.Status is { Candidate: null, Stable.Revision: "v2" }, "v2 is promoted");

        Assert.Empty(world.Server.Access.Refused);
        Assert.Equal(["nodes", "pods"], OperatorPermissions.All.Where(permission => permission.Everywhere is not null).Select(permission => permission.Resource).Order(StringComparer.Ordinal));
    }

    /// <summary>As the chart binds them for a list of namespaces.</summary>
    private static IEnumerable<AccessRule> RulesOf(Permission permission)
    {
        foreach (var verb in permission.Verbs.Where(_ => !permission.OwnNamespaceOnly))
            yield return new(permission.Group, permission.Resource, verb, Samples.Namespace);
        foreach (var verb in permission.Verbs.Where(_ => permission.OwnNamespaceOnly || permission.OwnNamespaceToo))
            yield return new(permission.Group, permission.Resource, verb, "llmops-system");
        foreach (var verb in permission.Everywhere ?? [])
            yield return new(permission.Group, permission.Resource, verb);
    }
}
