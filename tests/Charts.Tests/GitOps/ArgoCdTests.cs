using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.Charts.Tests.GitOps;

/// <summary>Health and actions in Argo CD, by executing their Lua.</summary>
public sealed class ArgoCdTests(ServerTests.Server server) : IClassFixture<ServerTests.Server>
{
    private const string Ready = "{type: Ready, status: 'True', reason: Serving, message: release a serves}";
    private const string Canary = "candidate: {release: b}, rollout: {reason: Holding, message: holds 25 %}";

    [Theory]
    [InlineData("Progressing", "the operator has not seen this spec yet", "{}")]
    [InlineData("Progressing", "the operator has not seen this spec yet", "{status: {observedGeneration: 1, conditions: [" + Ready + "]}}")]
    [InlineData("Progressing", "no release serves yet", "{status: {observedGeneration: 2}}")]
    [InlineData("Progressing", "no pod is ready", "{status: {observedGeneration: 2, conditions: [{type: Ready, status: 'False', message: no pod is ready}]}}")]
    [InlineData("Healthy", "release a serves", "{status: {observedGeneration: 2, conditions: [" + Ready + "]}}")]
    [InlineData("Progressing", "holds 25 %", "{status: {observedGeneration: 2, " + Canary + ", conditions: [" + Ready + "]}}")]
    [InlineData("Degraded", "no GPU is free", "{status: {observedGeneration: 2, " + Canary + ", conditions: [" + Ready + ", {type: Stalled, status: 'True', message: no GPU is free}]}}")]
    [InlineData("Degraded", "release b is locked", "{status: {observedGeneration: 2, conditions: [" + Ready + ", {type: Stalled, status: 'False'}, {type: Degraded, status: 'True', message: release b is locked}]}}")]
    [InlineData("Suspended", "alice must look", "{status: {observedGeneration: 2, candidate: {release: b}, rollout: {reason: AwaitingApproval, message: alice must look}, conditions: [" + Ready + "]}}")]
    [InlineData("Suspended", "inconclusive", "{status: {observedGeneration: 2, candidate: {release: b}, rollout: {reason: AwaitingDecision, message: inconclusive}, conditions: [" + Ready + ", {type: Stalled, status: 'True', message: x}]}}")]
    [InlineData("Suspended", "Paused", "{status: {observedGeneration: 2, candidate: {release: b}, rollout: {reason: Paused}, conditions: [" + Ready + "]}}")]
    public async Task Health_of_an_LlmDeployment(string status, string message, string text) => Assert.Equal((status, message), await ArgoCd.HealthAsync(Deployment(text)));

    [Theory]
    [InlineData("PromptVersion")]
    [InlineData("EvalGate")]
    public async Task Health_of_what_a_rollout_reads(string kind)
    {
        static JsonNode Of(string kind, string text) => YamlJson.Documents($"{{kind: {kind}, metadata: {{generation: 1}}, {text}}}").Single();
        Assert.Equal(("Progressing", "the operator has not seen it yet"), await ArgoCd.HealthAsync(Of(kind, string.Empty)));
        Assert.Equal(("Progressing", "the operator has not judged it yet"), await ArgoCd.HealthAsync(Of(kind, "status: {observedGeneration: 1}")));
        Assert.Equal(("Healthy", "can be run"), await ArgoCd.HealthAsync(Of(kind, "status: {observedGeneration: 1, conditions: [{type: Ready, status: 'True', message: can be run}]}")));
        Assert.Equal(("Degraded", "no such file"), await ArgoCd.HealthAsync(Of(kind, "status: {observedGeneration: 1, conditions: [{type: Ready, status: 'False', message: not ready}, {type: Stalled, status: 'True', message: no such file}]}")));
        Assert.Equal(("Progressing", "no judge yet"), await ArgoCd.HealthAsync(Of(kind, "status: {observedGeneration: 1, conditions: [{type: Ready, status: 'False', message: no judge yet}, {type: Stalled, status: 'False', message: x}]}")));
    }

    [Theory]
    [InlineData("", "{}")]
    [InlineData("", "{status: {observedGeneration: 2}}")]
    [InlineData("abort promote", "{status: {" + Canary + "}}")]
    [InlineData("abort promote", "{status: {candidate: {release: b}, rollout: {phase: Starting, reason: WaitingForPods, step: 0, stepName: approval}}}")]
    [InlineData("abort promote", "{status: {candidate: {release: b}, rollout: {phase: Stepping, reason: AwaitingDecision, step: 1, stepName: weight 25%}}}")]
    [InlineData("abort promote", "{status: {candidate: {release: b}, rollout: {phase: Stepping, reason: AwaitingDecision, step: 0, stepName: gate quality}}}")]
    [InlineData("abort promote", "{status: {candidate: {release: b}, rollout: {phase: Baking, reason: Baking, stepName: bake 100%}}}")]
    [InlineData("abort approve promote", "{status: {candidate: {release: b}, rollout: {phase: Stepping, reason: AwaitingApproval, step: 2, stepName: approval}}}")]
    [InlineData("abort approve promote", "{status: {candidate: {release: b}, rollout: {phase: Stepping, reason: AwaitingDecision, step: 2, stepName: approval, verdicts: [{name: approval, step: 1, verdict: Pass}]}}}")]
    [InlineData("abort promote", "{status: {candidate: {release: b}, rollout: {phase: Stepping, reason: AwaitingApproval, step: 2, stepName: approval, verdicts: [{name: approval, step: 2, verdict: Pass}]}}}")]
    [InlineData("abort approve", "{status: {pausedBy: ada, candidate: {release: b}, rollout: {phase: Stepping, reason: Paused, step: 2, stepName: approval}}}")]
    [InlineData("abort", "{spec: {rollout: {paused: true}}, status: {candidate: {release: b}, rollout: {phase: Stepping, reason: Paused, step: 1, stepName: weight 25%}}}")]
    [InlineData("abort promote", "{spec: {rollout: {paused: false}}, status: {candidate: {release: b}, rollout: {phase: Stepping, reason: Holding, step: 1, stepName: weight 25%}}}")]
    [InlineData("abort", "{status: {candidate: {release: b}, rollout: {phase: Starting, kind: Rollback, reason: WaitingForPods}}}")]
    [InlineData("abort", "{status: {candidate: {release: b}, rollout: {phase: Stepping, promotedBy: ada, reason: WaitingForGate, step: 3, stepName: gate quality}}}")]
    [InlineData("", "{status: {candidate: {release: b}, rollout: {phase: Reverting, reason: WaitingForStable, step: 2, stepName: approval}}}")]
    [InlineData("", "{status: {failedReleases: [{release: b}], rollout: {phase: Reverted, reason: LiveTestFailed}, conditions: [{type: Degraded, status: 'False', reason: Serving}]}}")]
    [InlineData("retry", "{status: {failedReleases: [{release: b}], rollout: {phase: Reverted, reason: LiveTestFailed}, conditions: [{type: Degraded, status: 'True', reason: ReleaseLocked}]}}")]
    public async Task Actions_are_offered_only_where_they_would_be_taken(string offered, string text) => Assert.Equal(offered, string.Join(' ', await ArgoCd.OfferedAsync(Deployment(text))));

    [Theory]
    [InlineData("approve", "Approve", "b")]
    [InlineData("promote", "Promote", "b")]
    [InlineData("abort", "Abort", "b")]
    [InlineData("retry", "Retry", null)]
    public async Task An_action_makes_a_RolloutAction_that_the_API_server_accepts(string name, string action, string? release)
    {
        var made = await ArgoCd.ActAsync(name, Deployment("{status: {" + Canary + "}}"));
        Assert.Equal((action, release, "assistant", "team-a"), ((string?)made["spec"]!["action"], (string?)made["spec"]!["release"], (string?)made["spec"]!["deployment"], (string?)made["metadata"]!["namespace"]));
        Assert.Matches($"^{name}-assistant-[0-9]{{14}}$", (string?)made["metadata"]!["name"]);

        await server.Kubectl.ApplyAsync(Path.Combine(Workspace.Repository, "config", "crd"), null, CancellationToken.None);
        var file = Path.Combine(Directory.CreateTempSubdirectory("argocd").FullName, "action.json");
        await File.WriteAllTextAsync(file, made.ToJsonString());
        await Eventually.TrueAsync(
            async ct => (await server.Kubectl.RunAsync(ct, "create", "--dry-run=server", "--validate=strict", "-f", file)).Contains("created", StringComparison.Ordinal), TimeSpan.FromMinutes(1), () => "the API server accepts it");
    }

    /// <summary>By the CustomResourceDefinition of argoproj.io/v1alpha1: what it asks for is there, and every field is one of its own.</summary>
    [Fact]
    public void The_Application_of_the_guide_is_one()
    {
        var guide = File.ReadAllText(Path.Combine(Workspace.Repository, "docs", "gitops.md"));
        var application = Assert.Single(
            Regex.Matches(guide, "```yaml\n(.*?)```", RegexOptions.Singleline).Select(block => YamlJson.Documents(block.Groups[1].Value).Single()), obj => (string?)obj["kind"] == "Application");
        Assert.Equal("argoproj.io/v1alpha1", (string?)application["apiVersion"]);
        AssertFields(application, ["apiVersion", "kind", "metadata", "spec"]);
        AssertFields(application["spec"]!, ["project", "source", "destination"], "sources", "sourceHydrator", "syncPolicy", "ignoreDifferences", "info", "revisionHistoryLimit");
        AssertFields(application["spec"]!["source"]!, ["repoURL", "path"], "targetRevision", "kustomize", "directory", "name", "ref");
        AssertFields(application["spec"]!["destination"]!, ["namespace", "server"]);
        var sync = application["spec"]!["syncPolicy"]!;
        AssertFields(sync, [], "automated", "syncOptions", "retry", "managedNamespaceMetadata");
        AssertFields(sync["automated"]!, [], "prune", "selfHeal", "allowEmpty", "enabled");
        Assert.All(sync["automated"]!.AsObject(), field => Assert.Equal(JsonValueKind.True, field.Value!.GetValueKind()));
        Assert.All(sync["syncOptions"]!.AsArray(), option => Assert.Matches("^(ServerSideApply|CreateNamespace|PruneLast|ApplyOutOfSyncOnly|RespectIgnoreDifferences)=(true|false)$", (string?)option));
        // The folder is the one that the guide fills next.
        Assert.Contains($"`{application["spec"]!["source"]!["path"]}/`", guide, StringComparison.Ordinal);
    }

    private static void AssertFields(JsonNode obj, string[] required, params string[] optional)
    {
        Assert.Subset(obj.AsObject().Select(field => field.Key).ToHashSet(), required.ToHashSet());
        Assert.Subset(required.Concat(optional).ToHashSet(), obj.AsObject().Select(field => field.Key).ToHashSet());
    }

    private static JsonNode Deployment(string text)
    {
        var deployment = YamlJson.Documents(text).SingleOrDefault() ?? new JsonObject();
        deployment["apiVersion"] = "llmops.dev/v1alpha1";
        deployment["kind"] = "LlmDeployment";
        deployment["metadata"] = new JsonObject { ["name"] = "assistant", ["namespace"] = "team-a", ["generation"] = 2 };
        return deployment;
    }
}
