using System.Text.RegularExpressions;
using LlmOps.Api;
using LlmOps.Demo.Cluster;
using LlmOps.Demo.Stories;
using LlmOps.EndToEnd.Product;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.EndToEnd.Install;

/// <summary><c>make</c>'s targets against a cluster, as a developer uses them.</summary>
public sealed class MakeTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    [RealApiServerFact]
    public async Task Deploy_and_undeploy_leave_what_serves_and_uninstall_removes_all_of_it_with_nobody_left_to_help()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(6));
        var ct = limit.Token;
        await using var bed = await HelmBed.StartAsync(ct);
        await MakeAsync(bed, "install", ct);
        await MakeAsync(bed, "deploy", ct);
        await bed.RolledOutAsync(ct);
        await bed.NamespaceAsync("team-a", ct);
        await bed.ApplyAsync(new Wanted(), "team-a", ct);
        await using (var recorder = new DeploymentRecorder(bed.Client, "team-a", Samples.Deployment, TimeProvider.System))
            await recorder.WaitAsync("v1 to serve", s => s is { Candidate: null, Stable.ReadyReplicas: > 0 }, ProductFixture.Patience, ct);
        await Eventually.TrueAsync(
            async c => (await bed.Client.ListAsync<PromptVersion>("team-a", ct: c)).Items.Any(prompt => prompt.Metadata.Finalizers is { Count: > 0 }), ProductFixture.Patience, () => "the prompt that serves is held", ct);

        await MakeAsync(bed, "undeploy", ct);
        Assert.Null(await bed.Client.GetAsync<Namespace>(new(string.Empty, HelmBed.Namespace), ct));
        Assert.DoesNotContain("llmops-operator", await bed.Kubectl.RunAsync(ct, "get", "clusterroles,clusterrolebindings", "-o", "name"), StringComparison.Ordinal);
        Assert.NotEmpty((await bed.Client.ListAsync<Pod>("team-a", ct: ct)).Items);

        await MakeAsync(bed, "uninstall", ct);
        Assert.DoesNotContain("llmops.dev", await bed.Kubectl.RunAsync(ct, "get", "crd", "-o", "name"), StringComparison.Ordinal);
        await Eventually.TrueAsync(async c => (await bed.Client.ListAsync<Pod>("team-a", ct: c)).Items.Count == 0, ProductFixture.Patience, () => "the engines are gone", ct);
        // Nothing is there any more, and that is no error.
        await MakeAsync(bed, "undeploy", ct);
        await MakeAsync(bed, "uninstall", ct);
    }

    [Theory]
    [InlineData("", "dev")]
    [InlineData("registry.example.com/team/", "0.2.0")]
    public async Task The_installer_is_one_file_with_everything_that_deploy_applies(string registry, string tag)
    {
        var tool = await Tools.KubectlPathAsync();
        var made = await ToolProcess.RunAsync("make", null, Limit, ["-s", "-C", Workspace.Repository, "build-installer", $"KUBECTL={tool}", $"REGISTRY={registry}", $"TAG={tag}"], CancellationToken.None);
        Assert.True(made.ExitCode == 0, made.Errors);
        var kustomize = await ToolProcess.RunAsync(tool, null, Limit, ["kustomize", Path.Combine(Workspace.Repository, "config", "default")], CancellationToken.None);
        var installer = await File.ReadAllTextAsync(Path.Combine(Workspace.Repository, "dist", "install.yaml"));
        Assert.Equal(kustomize.Output, installer.Replace($"{registry}llmops/", "llmops/", StringComparison.Ordinal).Replace($":{tag}\n", ":dev\n", StringComparison.Ordinal));
        Assert.Equal(
            [$"{registry}llmops/evaluator:{tag}", $"{registry}llmops/gateway:{tag}", $"{registry}llmops/operator:{tag}"],
            Regex.Matches(installer, @"(?:image: |--evaluator-image=)(\S+)").Select(image => image.Groups[1].Value).Order(StringComparer.Ordinal));
        Assert.Equal(6, kustomize.Output.Split("kind: CustomResourceDefinition\n").Length - 1);
    }

    [Theory]
    [InlineData("build-installer")]
    [InlineData("deploy")]
    public async Task All_three_images_are_those_of_the_registry_and_the_tag(string target)
    {
        var folder = Directory.CreateTempSubdirectory("make").FullName;
        var (kubectl, applied) = (Path.Combine(folder, "kubectl"), Path.Combine(folder, "applied.yaml"));
        // Renders as the real one does, and keeps what it is to apply.
        await File.WriteAllTextAsync(kubectl, $"""
            case "$1" in
              kustomize) exec {await Tools.KubectlPathAsync()} "$@" ;;
              apply) exec cat > {applied} ;;
            esac
            """);

        var made = await ToolProcess.RunAsync("make", null, Limit, ["-s", "-C", Workspace.Repository, target, $"KUBECTL=sh {kubectl}", "REGISTRY=registry.example.com:5000/team/", "TAG=1.2.3"], CancellationToken.None);
        Assert.True(made.ExitCode == 0, made.Errors);
        var text = await File.ReadAllTextAsync(target == "deploy" ? applied : Path.Combine(Workspace.Repository, "dist", "install.yaml"));
        var deployments = YamlJson.Documents(text).Where(obj => (string?)obj["kind"] == "Deployment").Select(obj => obj["spec"]!["template"]!["spec"]!["containers"]![0]!).ToList();
        Assert.Equal(
            ["registry.example.com:5000/team/llmops/gateway:1.2.3", "registry.example.com:5000/team/llmops/operator:1.2.3"],
            deployments.Select(container => (string)container["image"]!).Order(StringComparer.Ordinal));
        Assert.Equal(
            ["--evaluator-image=registry.example.com:5000/team/llmops/evaluator:1.2.3"],
            deployments.SelectMany(container => container["args"]!.AsArray()).Select(word => (string)word!).Where(word => word.StartsWith("--evaluator-image", StringComparison.Ordinal)));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task An_overlay_as_the_guide_has_it_names_all_three_images()
    {
        var guide = await File.ReadAllTextAsync(Path.Combine(Workspace.Repository, "docs", "install.md"));
        var overlay = guide[guide.IndexOf("kind: Kustomization", StringComparison.Ordinal)..];
        var folder = Directory.CreateDirectory(Path.Combine(Workspace.Repository, "artifacts", $"overlay-{Guid.NewGuid():N}", "mine")).FullName;
        await File.WriteAllTextAsync(
            Path.Combine(folder, "kustomization.yaml"), overlay[..overlay.IndexOf("```", StringComparison.Ordinal)].Replace("../../config/", "../../../config/", StringComparison.Ordinal));
        var kustomize = await ToolProcess.RunAsync(await Tools.KubectlPathAsync(), null, Limit, ["kustomize", folder], CancellationToken.None);
        Assert.True(kustomize.ExitCode == 0, kustomize.Errors);
        foreach (var image in new[] { "operator", "gateway", "evaluator" })
            Assert.Contains($"registry.example.com/llmops/{image}:0.1.0", kustomize.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("llmops/evaluator:dev", kustomize.Output, StringComparison.Ordinal);
        Directory.Delete(Path.GetDirectoryName(folder)!, recursive: true);
    }

    private static async Task MakeAsync(HelmBed bed, string target, CancellationToken ct)
    {
        var made = await ToolProcess.RunAsync("make", bed.KubeconfigPath, Limit, ["-s", "-C", Workspace.Repository, target, $"KUBECTL={await Tools.KubectlPathAsync(ct: ct)}"], ct);
        Assert.True(made.ExitCode == 0, $"make {target}: {made.Errors} {made.Output}");
    }
}
