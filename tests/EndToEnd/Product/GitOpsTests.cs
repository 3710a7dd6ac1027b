using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LlmOps.Api;
using LlmOps.Demo.Cluster;
using LlmOps.Demo.Stories;
using LlmOps.Kubernetes;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.EndToEnd.Product;

/// <summary>Manifests that are applied again and again, as Argo CD and Flux do: nothing of what the operator does may look like a change that somebody made.</summary>
[Collection(ProductCollection.Name)]
public sealed class GitOpsTests(ProductFixture product)
{
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
    public async Task The_guide_is_synced_wave_by_wave_as_Argo_CD_does_and_all_of_it_becomes_healthy()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        var ct = limit.Token;
        var folder = Directory.CreateTempSubdirectory("gitops").FullName;
        foreach (var block in Blocks.Where(block => block.StartsWith("# ", StringComparison.Ordinal)))
            await File.WriteAllTextAsync(Path.Combine(folder, block[2..block.IndexOf('\n', StringComparison.Ordinal)]), block, ct);
        File.Copy(Samples.Questions, Path.Combine(folder, "questions.jsonl"));
        var waves = YamlJson.Documents(await product.Kubectl.RunAsync(ct, "kustomize", folder)).GroupBy(Wave).OrderBy(wave => wave.Key).ToList();
        Assert.Equal([0, 1, 2], waves.Select(wave => wave.Key));
        Assert.Equal(["ConfigMap", "EvalGate", "LlmDeployment", "PromptVersion"], waves.SelectMany(wave => wave).Select(obj => (string)obj["kind"]!).Order(StringComparer.Ordinal));

        var ns = await product.NamespaceAsync(ct);
        try
        {
            foreach (var wave in waves.SkipLast(1))
            {
                await ApplyAsync(ns, wave, ct);
                foreach (var obj in wave)
                    await UntilAsync("Healthy", obj, ns, ct);
            }

            // The last step of the guide is an approval, which somebody gives in Argo CD's menu.
            var last = Assert.Single(waves[^1]);
            await ApplyAsync(ns, [last], ct);
            var waiting = await UntilAsync("Suspended", last, ns, ct);
            Assert.Contains("approve", await LocalCluster.ArgoCd.OfferedAsync(waiting));
            await CreateAsync(ns, await LocalCluster.ArgoCd.ActAsync("approve", waiting), ct);
            await UntilAsync("Healthy", last, ns, ct);
            var assistant = await product.Client.GetAsync<LlmDeployment>(new(ns, "assistant"), ct);
            Assert.Equal("support-1.0.0", assistant!.Status!.Stable!.Prompt);
            Assert.Contains(assistant.Status.Conditions!, condition => condition is { Type: ConditionTypes.GatePassed, Status: "True" });
            Assert.Null(assistant.Status.Candidate);
        }
        finally
        {
            await product.Client.DeleteAsync<Namespace>(new(string.Empty, ns), ct: CancellationToken.None);
        }
    }

    /// <summary>The blocks of YAML of docs/gitops.md.</summary>
    private static IReadOnlyList<string> Blocks { get; } =
        [.. Regex.Matches(File.ReadAllText(Path.Combine(LocalCluster.Workspace.Repository, "docs", "gitops.md")), "```yaml\n(.*?)```", RegexOptions.Singleline).Select(block => block.Groups[1].Value)];

    private static int Wave(JsonNode obj) => int.Parse((string)obj["metadata"]!["annotations"]!["argocd.argoproj.io/sync-wave"]!, CultureInfo.InvariantCulture);

    private async Task ApplyAsync(string ns, IEnumerable<JsonNode> wave, CancellationToken ct) => await product.Kubectl.RunAsync(
        ct, "-n", ns, "apply", "--server-side", "--validate=strict", "--field-manager=argocd-controller",
        "-f", await SaveAsync(new JsonObject { ["apiVersion"] = "v1", ["kind"] = "List", ["items"] = new JsonArray([.. wave.Select(obj => obj.DeepClone())]) }, ct));

    private async Task CreateAsync(string ns, JsonObject made, CancellationToken ct) => await product.Kubectl.RunAsync(ct, "-n", ns, "create", "-f", await SaveAsync(made, ct));

    private static async Task<string> SaveAsync(JsonObject obj, CancellationToken ct)
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("gitops").FullName, "object.json");
        await File.WriteAllTextAsync(file, obj.ToJsonString(), ct);
        return file;
    }

    /// <summary>Waits until the script of <c>config/argocd</c> says this of an object as it is in the cluster, which is returned. What Argo CD has no script for is healthy as soon as it is there.</summary>
    private async Task<JsonNode> UntilAsync(string wanted, JsonNode obj, string ns, CancellationToken ct)
    {
        var (kind, name) = ((string)obj["kind"]!, (string)obj["metadata"]!["name"]!);
        (string Status, string Message) health = default;
        return await Eventually.ValueAsync(
            async token =>
            {
                var live = JsonNode.Parse(await product.Kubectl.RunAsync(token, "-n", ns, "get", kind, name, "-o", "json"))!;
                health = ((string)live["apiVersion"]!).StartsWith(ApiGroup.Name, StringComparison.Ordinal) ? await LocalCluster.ArgoCd.HealthAsync(live) : ("Healthy", string.Empty);
                return health.Status == wanted ? live : null;
            },
            ProductFixture.Patience, () => $"{kind} {name} is {wanted}; it is {health.Status}: {health.Message}", ct);
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
