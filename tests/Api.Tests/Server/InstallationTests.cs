using LlmOps.Kubernetes;
using Xunit;

namespace LlmOps.Api.Tests.Server;

/// <summary>config/default, as <c>make deploy</c> applies it.</summary>
[Collection(ApiServerCollection.Name)]
public sealed class InstallationTests(ApiServerFixture server)
{
    private static readonly string Default = Path.Combine(Repository.Root, "config", "default");

    [Fact]
    public async Task Everything_is_applied_and_a_second_time_changes_nothing()
    {
        var first = await server.KubectlAsync("apply", "--server-side", "-k", Default);
        Assert.Contains("deployment.apps/llmops-operator serverside-applied", first, StringComparison.Ordinal);
        Assert.Contains("deployment.apps/llmops-gateway serverside-applied", first, StringComparison.Ordinal);
        const string generations = "jsonpath={range .items[*]}{.kind}/{.metadata.name}={.metadata.generation} {end}";
        var before = await server.KubectlAsync("get", "deployments,crds", "-n", "llmops-system", "-o", generations);
        await server.KubectlAsync("apply", "--server-side", "-k", Default);
        Assert.Equal(before, await server.KubectlAsync("get", "deployments,crds", "-n", "llmops-system", "-o", generations));
    }

    [Fact]
    public async Task Pods_keep_to_the_restricted_standard()
    {
        var manifests = YamlJson.Documents(await server.KubectlAsync("kustomize", Default));
        Assert.Equal("restricted", manifests.Single(m => Kind(m) == "Namespace")["metadata"]!["labels"]!["pod-security.kubernetes.io/enforce"]!.GetValue<string>());
        var pods = manifests.Where(m => Kind(m) == "Deployment").Select(m => m["spec"]!["template"]!["spec"]!).ToArray();
        Assert.Equal(2, pods.Length);
        foreach (var pod in pods)
        {
            Assert.True(pod["securityContext"]!["runAsNonRoot"]!.GetValue<bool>());
            Assert.Equal("RuntimeDefault", pod["securityContext"]!["seccompProfile"]!["type"]!.GetValue<string>());
            var container = pod["containers"]![0]!["securityContext"]!;
            Assert.False(container["allowPrivilegeEscalation"]!.GetValue<bool>());
            Assert.Equal("""["ALL"]""", container["capabilities"]!["drop"]!.ToJsonString());
        }

        static string Kind(System.Text.Json.Nodes.JsonNode m) => m["kind"]!.GetValue<string>();
    }

    [Fact]
    public async Task Every_role_is_bound_to_a_service_account_that_exists()
    {
        var manifests = YamlJson.Documents(await server.KubectlAsync("kustomize", Default));
        string[] Named(string kind) => [.. manifests.Where(m => m["kind"]!.GetValue<string>() == kind).Select(m => m["metadata"]!["name"]!.GetValue<string>())];
        var bindings = manifests.Where(m => m["kind"]!.GetValue<string>() is "ClusterRoleBinding" or "RoleBinding").ToArray();
        Assert.Equal(3, bindings.Length);
        Assert.All(bindings, b =>
        {
            Assert.Contains(b["roleRef"]!["name"]!.GetValue<string>(), Named(b["roleRef"]!["kind"]!.GetValue<string>()));
            Assert.Contains(b["subjects"]![0]!["name"]!.GetValue<string>(), Named("ServiceAccount"));
        });
        Assert.All(
            manifests.Where(m => m["kind"]!.GetValue<string>() == "Deployment"),
            d => Assert.Contains(d["spec"]!["template"]!["spec"]!["serviceAccountName"]!.GetValue<string>(), Named("ServiceAccount")));
    }
}
