using LlmOps.Operator.Tests.Faults;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Microsoft.Extensions.Logging;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Access;

/// <summary>The operator under exactly the rules of config/rbac, verb by verb: nothing is missing, and nothing is there that nobody needs.</summary>
[Collection(FaultWorldsGroup.Name)]
public sealed class PermissionTests(FaultWorlds worlds, ITestOutputHelper output)
{
    private const int Slices = 12;

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
    [InlineData(PermissionStories.Meshed, "patch", "virtualservices")]
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

    /// <summary>
    /// One rule after the other is taken away from a story that used it: it is refused, and then the story has no end or the log says what is forbidden. A slice of
    /// the rules, another one each day (<see cref="FaultSlice"/>); <c>make faults</c> takes all of them.
    /// </summary>
    [Fact]
    public async Task Without_any_one_rule_a_story_that_used_it_is_refused_and_something_fails()
    {
        var users = await worlds.EachAsync(Stories, async story =>
        {
            await using var world = await PlayAsync(story);
            return (Story: story, Used: world.Server.Access.Used.Keys.ToHashSet());
        });
        var played = TestWorld.OperatorRules.Where((_, index) => FaultSlice.Has(index, Slices)).ToList();
        Assert.NotEmpty(played);
        var failures = await worlds.EachAsync(played, async rule =>
        {
            var end = (Fails: false, What: $"{rule}: no story uses it");
            // Some use it by chance: the next one is to need it.
            foreach (var user in users.Where(user => user.Used.Contains(rule)))
            {
                if (!end.Fails)
                    end = await DescribeWithoutAsync(rule, user.Story);
            }

            return end;
        });
        output.WriteLine($"{played.Count} of {TestWorld.OperatorRules.Count} rules, {FaultSlice.Description}:\n{string.Join('\n', failures.Select(failure => failure.What))}");
        Assert.All(failures, failure => Assert.True(failure.Fails, failure.What));
    }

    private async Task<(bool Fails, string What)> DescribeWithoutAsync(AccessRule rule, Story story)
    {
        await using var world = await worlds.StartAsync(story, withOperator: false);
        world.Server.Access.Restrict(TestWorld.IsFromOperator, [.. TestWorld.OperatorRules.Where(other => other != rule)]);
        world.LongPatience = TimeSpan.FromMinutes(1);
        Start(world, story);
        var end = await Record.ExceptionAsync(async () =>
        {
            await story.PlayAsync(world);
            await world.QuietAsync();
        });
        var refused = world.Server.Access.Refused.Any(line => line.Contains($": {rule.Verb} {rule.Resource}", StringComparison.Ordinal));
        var said = world.Logger.Lines.FirstOrDefault(line => line.Level >= LogLevel.Warning && $"{line.Message} {line.Exception}".Contains("forbidden", StringComparison.OrdinalIgnoreCase));
        return (refused && (end is not null || said is not null), $"{rule}, {story}: {(refused ? "refused" : "never refused")}, {(end is not null ? "no end" : said is not null ? said.EventName : "nobody noticed")}");
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
