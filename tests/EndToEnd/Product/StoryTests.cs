using LlmOps.Demo.Stories;
using Xunit;

namespace LlmOps.EndToEnd.Product;

/// <summary>The four stories of the demo, each in a namespace of its own, on the real API server with the product's own service accounts.</summary>
[Collection(ProductCollection.Name)]
public sealed class StoryTests(ProductFixture product)
{
    private const double RequestsPerSecond = 50;

    [RealApiServerFact]
    public Task A_better_model_is_promoted_by_role_swap() => PlayAsync(new BetterModel());

    [RealApiServerFact]
    public Task A_worse_model_fails_its_gate_and_serves_nobody() => PlayAsync(new WorseModel());

    [RealApiServerFact]
    public Task A_model_that_breaks_under_load_is_reverted_and_no_user_notices() => PlayAsync(new UnstableModel());

    [RealApiServerFact]
    public Task A_better_prompt_is_promoted_on_the_same_pods() => PlayAsync(new BetterPrompt());

    private async Task PlayAsync(Story story)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        await using var scene = await product.ServeAsync(Samples.Demo(story.StartsFrom), limit.Token);
        await using var users = scene.Users(RequestsPerSecond);
        var outcome = await story.PlayAsync(scene.With(users), limit.Token);
        Assert.Empty(outcome.Problems);
        Assert.True(users.Statistics.Total > 100, $"only {users.Statistics.Total} user requests were made");
    }
}
