using System.Text;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Tests.World;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Scenarios;

/// <summary>Releases whose engines ask for an API key.</summary>
public sealed class ApiKeyTests(ITestOutputHelper output)
{
    private const string Right = "planted-right-key";
    private const string Wrong = "planted-wrong-key";

    [Fact]
    public async Task A_release_with_a_key_is_evaluated_promoted_and_drained_with_it_and_its_value_is_written_nowhere()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        await world.ApplyAsync(KeySecret("keys", Right));
        world.Engine.Keys = [Right];

        await world.ApplyAsync(WithKey(Samples.Canary("v2"), "keys"));
        var promoted = await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2" }, "v2 is stable");
        Assert.Equal(new SecretKeyReference { Name = "keys", Key = "apiKey" }, promoted.Status!.Stable!.ApiKeySecretRef);
        Assert.Equal([$"Bearer {Right}"], Sent(world, "/v1/chat/completions").Distinct().Where(sent => sent.Length > 0));
        var run = world.All<EvalRun>("evalruns.llmops.dev").Single(run => run.Spec.Candidate.Release == promoted.Status.Stable.Release);
        Assert.Equal("keys", run.Spec.Candidate.ApiKeySecretRef?.Name);
        Assert.Null(run.Spec.Baseline!.ApiKeySecretRef);

        world.Engine.InFlight = 2;
        await world.ApplyAsync(WithKey(Samples.Canary("v3"), "keys"));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v3", Retiring: not null }, "v3 is stable");
        await TestWorld.UntilAsync(() => Sent(world, "/metrics").Contains($"Bearer {Right}"), "metrics of retiring pods are read with the key");

        AssertNowhere(world, Right);
    }

    [Fact]
    public async Task A_candidate_that_refuses_the_key_is_reverted_by_its_first_warm_up_long_before_the_deadline()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        await world.ApplyAsync(KeySecret("keys", Wrong));
        world.Engine.Keys = [Right];

        await world.ApplyAsync(WithKey(Samples.Canary("v2"), "keys"));
        var reverted = await world.UntilAsync(deployment => deployment.Status is { Candidate: null, FailedReleases.Count: 1 }, "v2 is reverted");
        var (failed, record) = (reverted.Status!.FailedReleases![0], reverted.Status.History![0]);
        Assert.Equal(Reasons.CandidateUnauthorized, failed.Reason);
        Assert.Contains("spec.engine.apiKeySecretRef", failed.Message, StringComparison.Ordinal);
        Assert.Equal(("Reverted", 0), (record.Outcome, record.MaxWeight));
        AssertNowhere(world, Wrong);

        // The same release with what the engine wants in its Secret needs a person's word, a Secret of another name none.
        await world.ApplyAsync(KeySecret("other-keys", Right));
        await world.ApplyAsync(WithKey(Samples.Canary("v2"), "other-keys"));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2" }, "v2 with the right key is stable");
    }

    [Fact]
    public async Task A_first_release_that_refuses_the_key_says_so_and_serves_once_the_Secret_holds_the_right_one()
    {
        await using var world = await TestWorld.StartAsync(output.WriteLine);
        await world.ApplyAsync(Samples.AsApplied(Samples.Gate()));
        await world.ApplyAsync(KeySecret("keys", Wrong));
        world.Engine.Keys = [Right];
        await world.ApplyAsync(WithKey(Samples.Canary("v1"), "keys"));
        var waiting = await world.UntilAsync(
            deployment => deployment.Status?.Conditions?.Any(condition => condition is { Type: ConditionTypes.Stalled, Status: "True", Reason: Reasons.CandidateUnauthorized }) == true, "it is stalled");
        Assert.Contains("answered 401 to key apiKey of Secret keys", waiting.Status!.Rollout!.Message, StringComparison.Ordinal);
        Assert.Null(waiting.Status.FailedReleases);
        AssertNowhere(world, Wrong);

        await world.ApplyAsync(KeySecret("keys", Right));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable: not null }, "it serves");
    }

    [Fact]
    public async Task A_Secret_that_is_missing_is_named_and_no_reason_to_revert_before_the_deadline()
    {
        await using var world = await StartedWorld.ServingAsync("v1", output.WriteLine);
        await world.ApplyAsync(WithKey(Samples.Canary("v2"), "keys"));
        var waiting = await world.UntilAsync(deployment => deployment.Status?.Rollout?.Message?.Contains("Secret default/keys does not exist", StringComparison.Ordinal) == true, "the Secret is named");
        Assert.Equal(0, waiting.Status!.Candidate!.Weight);

        world.Engine.Keys = [Right];
        await world.ApplyAsync(KeySecret("keys", Right));
        await world.UntilAsync(deployment => deployment.Status is { Candidate: null, Stable.Revision: "v2" }, "v2 is stable");
    }

    private static IEnumerable<string> Sent(TestWorld world, string path) => world.Engine.Credentials.Where(sent => sent.Path == path).Select(sent => sent.Authorization);

    /// <summary>Neither in what was logged, nor in any object but the Secret, events among them.</summary>
    private static void AssertNowhere(TestWorld world, string value)
    {
        foreach (var text in new[] { value, Convert.ToBase64String(Encoding.UTF8.GetBytes(value)) })
        {
            Assert.DoesNotContain(world.Logger.Lines, line => line.ToString().Contains(text, StringComparison.Ordinal));
            foreach (var resource in new[] { "llmdeployments.llmops.dev", "evalruns.llmops.dev", "rolloutrecords.llmops.dev", "deployments.apps", "controllerrevisions.apps", "jobs.batch", "configmaps", "events.events.k8s.io", "pods" })
                Assert.DoesNotContain(world.Server.FindAll(resource, Samples.Namespace), found => found.ToJsonString().Contains(text, StringComparison.Ordinal));
        }
    }

    private static Secret KeySecret(string name, string value) => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = Samples.Namespace },
        Data = new Dictionary<string, string> { ["apiKey"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(value)) },
    };

    private static LlmDeployment WithKey(LlmDeployment deployment, string secret) =>
        deployment with { Spec = deployment.Spec with { Engine = deployment.Spec.Engine with { ApiKeySecretRef = new SecretKeyReference { Name = secret, Key = "apiKey" } } } };
}
