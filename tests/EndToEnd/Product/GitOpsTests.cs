using System.Text.RegularExpressions;
using LlmOps.Api;
using LlmOps.Demo.Cluster;
using LlmOps.Demo.Stories;
using LlmOps.Kubernetes;
using Xunit;

namespace LlmOps.EndToEnd.Product;

/// <summary>Manifests that are applied again and again, as Argo CD and Flux do: nothing of what the operator does may look like a change that somebody made.</summary>
[Collection(ProductCollection.Name)]
public sealed class GitOpsTests(ProductFixture product)
{
    private static readonly string[] Kinds = ["LlmDeployment", "PromptVersion", "EvalGate"];

    [RealApiServerTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_applied_shows_no_difference_before_in_and_after_a_canary(bool serverSide)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        var ct = limit.Token;
        var ns = await product.NamespaceAsync(ct);
        string[] how = serverSide ? ["--server-side", "--field-manager=argocd-controller"] : [];
        async Task<string[]> ApplyAsync(Wanted wanted) => await ApplyFileAsync(await wanted.SaveAsync(ct));
        async Task<string[]> ApplyFileAsync(string manifest)
        {
            await product.Kubectl.RunAsync(ct, ["apply", "-n", ns, .. how, "-k", Samples.Root]);
            await product.Kubectl.RunAsync(ct, ["apply", "-n", ns, .. how, "-f", manifest]);
            return ["-k", Samples.Root, "-f", manifest];
        }

        async Task AssertSameAsync(string[] files)
        {
            var generations = await GenerationsAsync(ns, ct);
            foreach (var file in files.Chunk(2))
            {
                // It fails where there is a difference, and with what it is.
                Assert.Equal(string.Empty, await product.Kubectl.RunAsync(ct, ["diff", "-n", ns, .. how, .. file]));
                var again = await product.Kubectl.RunAsync(ct, ["apply", "-n", ns, .. how, .. file]);
                if (!serverSide)
                    Assert.All(again.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.EndsWith(" unchanged", line, StringComparison.Ordinal));
            }

            Assert.Equal(generations, await GenerationsAsync(ns, ct));
        }

        var first = await ApplyAsync(new());
        await using var recorder = new DeploymentRecorder(product.Client, ns, Samples.Deployment, TimeProvider.System);
        await recorder.WaitAsync("v1 to serve", s => s is { Candidate: null, Stable.ReadyReplicas: > 0 }, ProductFixture.Patience, ct);
        await product.Kubectl.RunAsync(ct, "-n", ns, "wait", "--for=condition=Ready", "--timeout=50s", $"llmdeployment/{Samples.Deployment}");
        await AssertSameAsync(first);

        var second = await ApplyAsync(new() { Revision = "v2", Steps = "[{approve: {}}]" });
        var waiting = await recorder.WaitAsync("v2 to wait for an approval", s => s.Rollout?.Reason == Reasons.AwaitingApproval, ProductFixture.Patience, ct);
        await product.Kubectl.RunAsync(ct, "-n", ns, "wait", "--for=condition=Reconciling", "--timeout=50s", $"llmdeployment/{Samples.Deployment}");
        await AssertSameAsync(second);

        var action = Path.Combine(Directory.CreateTempSubdirectory("e2e").FullName, "approve.yaml");
        await File.WriteAllTextAsync(
            action,
            $$"""
            apiVersion: llmops.dev/v1alpha1
            kind: RolloutAction
            metadata: {generateName: approve-}
            spec: {deployment: {{Samples.Deployment}}, action: Approve, release: "{{waiting.Status!.Candidate!.Release}}"}
            """,
            ct);
        await product.Kubectl.RunAsync(ct, "-n", ns, "create", "-f", action);
        await recorder.WaitAsync("v2 to be stable", s => s.Candidate is null && s.Stable?.Revision == "v2", ProductFixture.Patience, ct);
        await product.Kubectl.RunAsync(ct, "-n", ns, "wait", "--for=condition=Reconciling=false", "--timeout=50s", $"llmdeployment/{Samples.Deployment}");
        await AssertSameAsync(second);
    }

    [RealApiServerFact]
    public async Task The_manifests_of_the_guide_are_accepted_in_the_order_of_their_sync_waves()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        var ns = await product.NamespaceAsync(limit.Token);
        var guide = await File.ReadAllTextAsync(Path.Combine(LocalCluster.Workspace.Repository, "docs", "gitops.md"), limit.Token);
        var documents = Regex.Matches(guide, "```yaml\n(.*?)```", RegexOptions.Singleline).SelectMany(block => Regex.Split(block.Groups[1].Value, "^---\n", RegexOptions.Multiline))
            .Where(text => text.Contains("apiVersion: llmops.dev/", StringComparison.Ordinal)).ToList();
        Assert.Equal(Kinds.Order(StringComparer.Ordinal), documents.Select(text => Regex.Match(text, "^kind: (.*)$", RegexOptions.Multiline).Groups[1].Value).Order(StringComparer.Ordinal));
        var waves = documents.OrderBy(text => int.Parse(Regex.Match(text, "sync-wave: \"(.*)\"").Groups[1].Value, null)).ToList();
        Assert.Contains("kind: LlmDeployment", waves[^1], StringComparison.Ordinal);
        foreach (var text in waves)
        {
            var file = Path.Combine(Directory.CreateTempSubdirectory("gitops").FullName, "object.yaml");
            await File.WriteAllTextAsync(file, text, limit.Token);
            await product.Kubectl.RunAsync(limit.Token, "-n", ns, "apply", "--server-side", "--validate=strict", "--dry-run=server", "-f", file);
        }
    }

    private async Task<IReadOnlyList<string>> GenerationsAsync(string ns, CancellationToken ct)
    {
        static string Of<T>(T resource)
            where T : class, IResource<T> => $"{T.ResourceKind.Kind}/{resource.Metadata.Name} {resource.Metadata.Generation}";
        return
        [
            .. (await product.Client.ListAsync<LlmDeployment>(ns, ct: ct)).Items.Select(Of),
            .. (await product.Client.ListAsync<PromptVersion>(ns, ct: ct)).Items.Select(Of),
            .. (await product.Client.ListAsync<EvalGate>(ns, ct: ct)).Items.Select(Of),
        ];
    }
}
