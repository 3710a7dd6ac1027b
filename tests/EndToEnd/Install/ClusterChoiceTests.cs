using System.Runtime.Versioning;
using LlmOps.Demo.Cluster;
using LlmOps.LocalCluster;
using Xunit;

namespace LlmOps.EndToEnd.Install;

/// <summary><c>make e2e CLUSTER=…</c>: what it refuses, and, with programs that only note how they were called, what it does where there is a Docker engine.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class ClusterChoiceTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private readonly string folder = Directory.CreateTempSubdirectory("e2e").FullName;

    [Theory]
    [InlineData("", 0, "which cluster? CLUSTER=k3d, CLUSTER=kind or CLUSTER=current")]
    [InlineData("minikube", 0, "there is no CLUSTER=minikube: take k3d, kind or current")]
    [InlineData("k3d", 1, "no Docker engine answers, and nodes of k3d are its containers: start one, or run make test-e2e")]
    [InlineData("kind", 1, "no Docker engine answers, and nodes of kind are its containers: start one, or run make test-e2e")]
    [InlineData("k3d", 0, "k3d is not installed: put it on your PATH, or take another CLUSTER=")]
    [InlineData("kind", 0, "kind is not installed: put it on your PATH, or take another CLUSTER=")]
    [InlineData("current", 0, "the kubeconfig has no current context: kubectl config use-context NAME")]
    public async Task What_cannot_be_is_refused_before_anything_is_built(string cluster, int docker, string says)
    {
        Program("docker", $"exit {docker}");
        Program("dotnet", "exit 0");
        var made = await MakeAsync(cluster, "/dev/null", await Tools.KubectlPathAsync());
        Assert.NotEqual(0, made.ExitCode);
        Assert.Contains($"e2e: {says}", made.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain(Calls(), call => call.StartsWith("dotnet", StringComparison.Ordinal));
    }

    [RealApiServerFact]
    public async Task The_current_cluster_is_not_taken_where_the_product_is_in_use_or_nobody_answers()
    {
        Program("dotnet", "exit 0");
        string kubeconfig;
        await using (var plane = await ControlPlane.StartAsync())
        {
            kubeconfig = Path.Combine(folder, "kubeconfig");
            File.Copy(plane.KubeconfigPath, kubeconfig);
            await new Kubectl(kubeconfig).ApplyAsync(Path.Combine(Workspace.Repository, "config", "crd"), null, CancellationToken.None);
            var used = await MakeAsync("current", kubeconfig, await Tools.KubectlPathAsync());
            Assert.NotEqual(0, used.ExitCode);
            Assert.Contains("already, and the tests would remove it: take a cluster without it", used.Errors, StringComparison.Ordinal);
        }

        var silent = await MakeAsync("current", kubeconfig, await Tools.KubectlPathAsync());
        Assert.NotEqual(0, silent.ExitCode);
        Assert.Contains("does not answer: see kubectl --context", silent.Errors, StringComparison.Ordinal);
        Assert.Empty(Calls());
    }

    [Theory]
    [InlineData("k3d", 0)]
    [InlineData("kind", 0)]
    [InlineData("kind", 1)]
    public async Task Images_are_built_and_loaded_the_tests_run_in_the_nodes_network_and_the_cluster_is_deleted_whatever_they_said(string cluster, int testsSay)
    {
        Program("docker", $"case \"$*\" in *' -') cat >/dev/null ;; run*) exit {testsSay} ;; esac");
        Program("dotnet", "exit 0");
        Program("kubectl", "case \"$*\" in *'get nodes -o name') echo node/one ;; esac");
        Program("k3d", "case \"$*\" in 'kubeconfig get'*) echo '    server: https://0.0.0.0:1234' ;; esac");
        Program("kind", "case \"$*\" in create*) echo '    server: https://127.0.0.1:1234' >\"${@: -1}\" ;; esac");
        var made = await MakeAsync(cluster, "/dev/null", Path.Combine(folder, "bin", "kubectl"));
        Assert.True(testsSay == 0 == (made.ExitCode == 0), $"{made.Output}{made.Errors}");
        Assert.Equal("    server: https://127.0.0.1:6443\n", await File.ReadAllTextAsync(Path.Combine(folder, "e2e", "kubeconfig")));

        var (create, load, delete, node) = cluster == "k3d"
            ? ("k3d cluster create llmops-e2e ", "k3d image import --cluster llmops-e2e ", "k3d cluster delete llmops-e2e", "k3d-llmops-e2e-server-0")
            : ("kind create cluster --name llmops-e2e ", "kind load docker-image --name llmops-e2e ", "kind delete cluster --name llmops-e2e", "llmops-e2e-control-plane");
        const string Engine = "vllm/vllm-openai:v0.18.1";
        string[] expected =
        [
            "docker info", "dotnet build ", "docker build --target operator ", "docker build --target gateway ", "docker build --target evaluator ", "docker build --target emulator ",
            $"docker build --tag {Engine} -", create, $"{load}llmops/operator:dev llmops/gateway:dev llmops/evaluator:dev {Engine}",
            "kubectl --kubeconfig ", $"docker run --rm --network container:{node} ", delete,
        ];
        var calls = Calls().ToList();
        var at = 0;
        foreach (var call in expected)
        {
            at = calls.FindIndex(at, found => found.StartsWith(call, StringComparison.Ordinal)) + 1;
            Assert.True(at > 0, $"there is no '{call}' in its turn:\n{string.Join('\n', calls)}");
        }

        Assert.Equal(calls.Count, at);
        Assert.Contains(calls, call => call.Contains("patch node/one --subresource=status", StringComparison.Ordinal));
        Assert.EndsWith("--filter Cluster=any", calls[^2], StringComparison.Ordinal);
    }

    /// <summary>A program that notes how it was called, and then does as told.</summary>
    private void Program(string name, string does)
    {
        var path = Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "bin")).FullName, name);
        File.WriteAllText(path, $"#!/bin/bash\necho \"{name} $*\" >>'{folder}/calls'\n{does}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    private string[] Calls() => File.Exists(Path.Combine(folder, "calls")) ? File.ReadAllLines(Path.Combine(folder, "calls")) : [];

    /// <summary>Nothing but what is noted above and what every system has is found.</summary>
    private Task<ToolProcess> MakeAsync(string cluster, string kubeconfig, string kubectl) => ToolProcess.RunAsync(
        "env", kubeconfig, Limit,
        ["-u", "KEEP", $"LLMOPS_WORK={folder}", $"PATH={folder}/bin:/usr/bin:/bin", "make", "-s", "-C", Workspace.Repository, "e2e", $"CLUSTER={cluster}", $"KUBECTL={kubectl}"], CancellationToken.None);
}
