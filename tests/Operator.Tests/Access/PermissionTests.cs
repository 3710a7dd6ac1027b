using LlmOps.Operator.Tests.Faults;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Access;

/// <summary>The operator under exactly the rules of config/rbac, verb by verb: nothing is missing, and nothing is there that nobody needs.</summary>
[Collection(FaultWorldsGroup.Name)]
public sealed class PermissionTests(FaultWorlds worlds, ITestOutputHelper output)
{
    private static IReadOnlyList<Story> Stories { get; } = [.. Story.All, .. PermissionStories.All];

    /// <summary>
    /// Each verb of each rule let through a request that had no other rule to go by, so without it that request would be refused. A verb that shows up here is
    /// to be taken out of src/Operator/Permissions.cs, or it needs a story.
    /// </summary>
    [Fact]
    public async Task All_stories_play_under_the_generated_rules_and_no_rule_is_idle()
    {
        var used = worlds.Used.ToHashSet();
        var played = await worlds.EachAsync(Stories, async story =>
        {
            await using var world = await PlayAsync(story);
            Assert.Empty(world.Server.Access.Refused);
            return world.Server.Access.Used.Keys.ToList();
        });
        used.UnionWith(played.SelectMany(rules => rules));
        output.WriteLine($"{Stories.Count} stories, {used.Count} of {TestWorld.OperatorRules.Count} permissions used");
        Assert.Equal([], TestWorld.OperatorRules.Except(used).Select(rule => $"{rule}: nothing uses it"));
        Assert.Equal(TestWorld.OperatorRules.Count, TestWorld.OperatorRules.Distinct().Count());
    }

    [Theory]
    [InlineData("a promotion with gate, weights and bake", "patch", "llmdeployments/status")]
    [InlineData("a promotion with gate, weights and bake", "update", "llmdeployments/finalizers")]
    [InlineData("a promotion with gate, weights and bake", "create", "deployments")]
    [InlineData("a promotion with gate, weights and bake", "create", "rolebindings")]
    [InlineData("a promotion with gate, weights and bake", "patch", "configmaps")]
    [InlineData("a promotion with gate, weights and bake", "create", "rolloutrecords")]
    [InlineData("a promotion behind a route", "patch", "httproutes")]
    [InlineData("a prompt-only rollout", "patch", "promptversions")]
    [InlineData("a release with an API key", "get", "secrets")]
    [InlineData("an operator that must be elected", "create", "leases")]
    public async Task Without_a_rule_a_story_has_no_end(string name, string verb, string resource)
    {
        var story = Stories.Single(story => story.Name == name);
        var without = TestWorld.OperatorRules.Where(rule => (rule.Verb, rule.Resource) != (verb, resource)).ToList();
        Assert.Equal(TestWorld.OperatorRules.Count - 1, without.Count);
        await using var world = await worlds.StartAsync(story, withOperator: false);
        world.Server.Access.Restrict(TestWorld.IsFromOperator, without);
        world.LongPatience = TimeSpan.FromMinutes(1);
        Start(world, story);

        await Assert.ThrowsAnyAsync<Exception>(() => story.PlayAsync(world));
        Assert.NotEmpty(world.Server.Access.Refused);
        Assert.All(world.Server.Access.Refused, refused => Assert.Contains($": {verb} {resource}", refused, StringComparison.Ordinal));
    }

    private async Task<TestWorld> PlayAsync(Story story)
    {
        var world = await worlds.StartAsync(story, withOperator: false);
        Start(world, story);
        await story.PlayAsync(world);
        await world.QuietAsync();
        return world;
    }

    private static void Start(TestWorld world, Story story)
    {
        world.Options = options => options with { LeaderElect = story.Name is PermissionStories.Elected or PermissionStories.Sharded, Shards = story.Name == PermissionStories.Sharded ? 2 : 1, NamespaceSelector = story.Name == PermissionStories.Selected ? "team=a" : null };
        world.StartOperator();
    }
}
