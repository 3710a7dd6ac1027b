using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Demo.Stories;
using Xunit;

namespace LlmOps.EndToEnd.Product;

/// <summary>A canary that is watched and led with nothing but <c>kubectl llm</c>, through the real kubectl, while users are served.</summary>
[Collection(ProductCollection.Name)]
public sealed class PluginTests(ProductFixture product)
{
    private const string Bot = Samples.Deployment;

    [RealApiServerFact]
    public async Task A_canary_is_looked_at_paused_skipped_approved_and_another_one_aborted()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(15));
        var ct = limit.Token;
        await using var scene = await product.ServeAsync(new Wanted(), ct);
        await using var users = scene.Users(20);
        var shell = new PluginShell(scene.KubeconfigPath, scene.Namespace);
        var first = scene.Status.Stable!.Release;

        await scene.ApplyAsync(new() { Revision = "v2", Steps = "[{weight: 25, hold: 20m}, {approve: {}}]" }, ct);
        var second = (await scene.UntilTriedAsync("v2", 25, ct)).Candidate!.Release;
        var tree = await shell.LlmAsync(ct, Ends.Done, "status", Bot);
        Assert.Contains($"|-- stable  {first}  75%  1/1 ready\n", tree, StringComparison.Ordinal);
        Assert.Contains($"|-- candidate  {second}  25%  1/1 ready\n", tree, StringComparison.Ordinal);
        Assert.Contains("model.revision: v1 → v2", tree, StringComparison.Ordinal);
        Assert.Matches(@"\[>\] 1 weight 25%", tree);
        Assert.Matches(@"\[ \] 2 approval", tree);
        Assert.Matches($@"(?m)^{Bot} +Progressing +{first} +{second} +25% +1/2 ", await shell.LlmAsync(ct, Ends.Done, "status"));
        Assert.Matches(@"model\.revision +v1 +v2", await shell.LlmAsync(ct, Ends.Done, "diff", Bot));
        var why = JsonNode.Parse(await shell.LlmAsync(ct, Ends.Done, "explain", Bot, "-o", "json"))!;
        Assert.Equal("approval", (string?)why["next"]);
        Assert.Contains(why["needs"]!.AsArray(), need => (string?)need!["what"] == "the weight is held for 20m" && (bool?)need["isMet"] == false);

        await shell.ActAsync(ct, Ends.Done, "pause", Bot, "--reason", "looking at it");
        Assert.Contains("paused by", await shell.LlmAsync(ct, Ends.Done, "explain", Bot), StringComparison.Ordinal);
        await shell.ActAsync(ct, Ends.No, "promote", Bot);
        await shell.ActAsync(ct, Ends.Done, "resume", Bot);
        Assert.StartsWith("SkipStep applied: ", await shell.ActAsync(ct, Ends.Done, "skip", Bot), StringComparison.Ordinal);
        await scene.UntilAsync("it to wait for an approval", s => s.Rollout?.Reason == Reasons.AwaitingApproval, ct);
        Assert.Contains($"kubectl llm approve {Bot} -n {scene.Namespace}", await shell.LlmAsync(ct, Ends.Done, "explain", Bot), StringComparison.Ordinal);
        await shell.ActAsync(ct, Ends.No, "approve", Bot, "--release", first);
        await shell.ActAsync(ct, Ends.Done, "approve", Bot);
        Assert.Contains($"release {second} serves", await shell.LlmAsync(ct, Ends.Done, "status", Bot, "--wait", "--timeout", "5m"), StringComparison.Ordinal);

        // The gate of the samples, run by hand on what serves: a real Job asks the real pods.
        var gates = JsonNode.Parse(await shell.ActAsync(ct, Ends.Done, "eval", Bot, "--gate", "support-quality", "-o", "json"))!["items"]!.AsArray();
        Assert.Equal((second, "Pass"), ((string?)Assert.Single(gates)!["spec"]!["candidate"]!["release"], (string?)gates[0]!["status"]!["verdict"]));

        // Who acted is the name that the API server knows them by, with nothing given.
        var me = (await scene.KubectlAsync(ct, "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}")).Trim();
        Assert.All(await scene.ListAsync<RolloutAction>(ct), action => Assert.Equal(me, action.Spec.RequestedBy));

        await scene.ApplyAsync(new() { Revision = "v1", Steps = "[{weight: 25, hold: 20m}]", Env = ["{name: VLLM_LOGGING_LEVEL, value: DEBUG}"] }, ct);
        var third = await scene.UntilTriedAsync("v1", 25, ct);
        await shell.ActAsync(ct, Ends.Done, "abort", Bot, "--reason", "not today");
        await shell.LlmAsync(ct, Ends.No, "status", Bot, "--wait", "--timeout", "5m");
        await scene.UntilEndedAsync(third.Rollout!.Id, ct);
        Assert.Matches($@"(?s){third.Rollout.Id} +{third.Candidate!.Release} +Reverted +Aborted .*{second} +Promoted .*{first} +Promoted ", await shell.LlmAsync(ct, Ends.Done, "history", Bot));
        Assert.Contains("not today", await shell.LlmAsync(ct, Ends.Done, "history", Bot, third.Rollout.Id), StringComparison.Ordinal);

        await shell.InstallCompletionAsync(ct);
        Assert.Contains("status", (await shell.KubectlAsync(ct, "__complete", "llm", "st")).Output, StringComparison.Ordinal);
        // A cluster that does not answer at once offers nothing: a shell waits for it.
        while (!(await shell.KubectlAsync(ct, "__complete", "llm", "status", "-n", scene.Namespace, "")).Output.Contains(Bot, StringComparison.Ordinal))
            ct.ThrowIfCancellationRequested();
        Assert.Empty(users.Statistics.Failures);
    }
}
