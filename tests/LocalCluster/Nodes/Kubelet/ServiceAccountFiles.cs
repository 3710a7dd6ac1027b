using System.Text;
using System.Text.Json.Nodes;
using LlmOps.Kubernetes;

namespace LlmOps.LocalCluster.Nodes.Kubelet;

/// <summary>Gives a pod its service account's token, so that processes work under the RBAC that they would have in a cluster.</summary>
internal sealed class ServiceAccountFiles(KubernetesClient client)
{
    private const int TokenSeconds = 24 * 60 * 60;

    /// <summary>Writes <c>token</c>, <c>ca.crt</c> and <c>namespace</c>; returns the variables that point to them. Empty where the pod wants no token.</summary>
    /// <exception cref="PodSetupException">The account does not exist.</exception>
    public async Task<Dictionary<string, string?>> WriteAsync(Pod pod, string podDirectory, CancellationToken ct)
    {
        var server = client.Configuration.Server;
        if (server.Scheme == Uri.UriSchemeHttp)
            return await WithoutAccountsAsync(server, podDirectory, ct);
        var variables = new Dictionary<string, string?> { ["KUBERNETES_SERVICE_HOST"] = server.Host, ["KUBERNETES_SERVICE_PORT"] = $"{server.Port}" };
        var name = pod.Spec?.ServiceAccountName is { Length: > 0 } set ? set : "default";
        if (pod.Spec?.AutomountServiceAccountToken == false || await TokenAsync(pod.Metadata.Namespace!, name, asked: pod.Spec?.AutomountServiceAccountToken == true, ct) is not { } token)
            return variables;

        var folder = Directory.CreateDirectory(Path.Combine(podDirectory, "serviceaccount")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "token"), token, ct);
        await File.WriteAllTextAsync(Path.Combine(folder, "namespace"), pod.Metadata.Namespace, ct);
        await File.WriteAllTextAsync(Path.Combine(folder, "ca.crt"), string.Join('\n', (client.Configuration.CertificateAuthorities ?? []).Select(ca => ca.ExportCertificatePem())), ct);
        variables["LLMOPS_SERVICE_ACCOUNT_PATH"] = folder;
        return variables;
    }

    /// <summary>A server without TLS is a test's own and has no accounts; in-cluster access is always TLS, so its pods get a kubeconfig.</summary>
    private static async Task<Dictionary<string, string?>> WithoutAccountsAsync(Uri server, string podDirectory, CancellationToken ct)
    {
        var path = Path.Combine(podDirectory, "kubeconfig");
        await File.WriteAllTextAsync(path, $$"""
            apiVersion: v1
            kind: Config
            current-context: local
            clusters:
            - name: local
              cluster: { server: "{{server.AbsoluteUri.TrimEnd('/')}}" }
            users:
            - name: local
              user: { }
            contexts:
            - name: local
              context: { cluster: local, user: local }

            """, ct);
        return new() { ["KUBECONFIG"] = path };
    }

    /// <summary>Null where the account says that its pods get none, unless the pod asks for one: what the pod says wins.</summary>
    private async Task<string?> TokenAsync(string ns, string name, bool asked, CancellationToken ct)
    {
        var account = await client.GetAsync<ServiceAccount>(new(ns, name), ct)
            ?? throw new PodSetupException("ContainerCreating", $"MountVolume.SetUp failed for volume \"kube-api-access\" : failed to fetch token: serviceaccounts \"{name}\" not found");
        if (account.AutomountServiceAccountToken == false && !asked)
            return null;
        var request = new JsonObject
        {
            ["apiVersion"] = "authentication.k8s.io/v1",
            ["kind"] = "TokenRequest",
            ["spec"] = new JsonObject { ["expirationSeconds"] = TokenSeconds },
        };
        using var body = new StringContent(request.ToJsonString(), Encoding.UTF8, "application/json");
        using var answer = await client.RawAsync(HttpMethod.Post, $"/api/v1/namespaces/{ns}/serviceaccounts/{name}/token", body, ct);
        if (!answer.IsSuccessStatusCode)
            throw new PodSetupException("ContainerCreating", $"failed to fetch token of {name}: {(int)answer.StatusCode}");
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(ct))?["status"]?["token"]?.GetValue<string>();
    }
}
