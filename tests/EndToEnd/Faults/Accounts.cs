using System.Text;
using System.Text.Json.Nodes;
using LlmOps.Demo.Cluster;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;

namespace LlmOps.EndToEnd.Faults;

/// <summary>The service accounts of operator and gateway with the rights of <c>config/rbac</c>, for processes that no pod runs.</summary>
internal sealed class Accounts(ControlPlane plane, KubernetesClient administrator)
{
    private const string Operator = "llmops-operator";
    private const string Gateway = "llmops-gateway";
    private const int TokenSeconds = 24 * 60 * 60;

    /// <summary>What the operator shows the API server.</summary>
    public string OperatorToken { get; private set; } = string.Empty;

    /// <summary>What the gateway shows it.</summary>
    public string GatewayToken { get; private set; } = string.Empty;

    public string OperatorKubeconfig => Kubeconfig(Operator);

    public string GatewayKubeconfig => Kubeconfig(Gateway);

    public async Task CreateAsync(CancellationToken ct)
    {
        await administrator.CreateAsync(new Namespace { Metadata = new() { Name = Installation.Namespace } }, ct);
        await new Kubectl(plane.KubeconfigPath).ApplyAsync(Path.Combine(Workspace.Repository, "config", "rbac"), null, ct);
        foreach (var name in new[] { Operator, Gateway })
        {
            await administrator.CreateAsync(new ServiceAccount { Metadata = new() { Name = name, Namespace = Installation.Namespace } }, ct);
            var token = await TokenAsync(name, ct);
            await File.WriteAllTextAsync(Kubeconfig(name), Text(token), ct);
            (OperatorToken, GatewayToken) = name == Operator ? (token, GatewayToken) : (OperatorToken, token);
        }
    }

    /// <summary>Lets the operator keep its lease in another namespace, as a chart that is installed there does.</summary>
    public async Task AllowLeaseAsync(string ns, CancellationToken ct)
    {
        var key = new ObjectKey(Installation.Namespace, Operator);
        var role = (await administrator.GetAsync<Role>(key, ct))!;
        await administrator.CreateAsync(role with { Metadata = new() { Name = Operator, Namespace = ns } }, ct);
        var binding = (await administrator.GetAsync<RoleBinding>(key, ct))!;
        await administrator.CreateAsync(binding with { Metadata = new() { Name = Operator, Namespace = ns } }, ct);
    }

    /// <summary>What the API server did not let them do, but for what it refused before it knew the roles.</summary>
    public IReadOnlyList<string> Refusals() =>
    [
        .. File.ReadLines(plane.AccessLogPath).Select(line => JsonNode.Parse(line)!)
            .Where(access => ((string)access["user"]!).StartsWith($"system:serviceaccount:{Installation.Namespace}:", StringComparison.Ordinal) && !(bool)access["allowed"]!)
            .Select(access => $"{access["user"]} {access["verb"]} {access["group"]}/{access["resource"]}{access["path"]} {access["namespace"]}/{access["name"]}"),
    ];

    private string Kubeconfig(string name) => Path.Combine(plane.DataDirectory, $"{name}.kubeconfig");

    private string Text(string token)
    {
        var authorities = string.Join('\n', KubernetesClientConfiguration.Load(plane.KubeconfigPath).CertificateAuthorities!.Select(authority => authority.ExportCertificatePem()));
        return $$"""
            apiVersion: v1
            kind: Config
            current-context: account
            clusters: [{name: account, cluster: {server: "{{plane.Server}}", certificate-authority-data: {{Convert.ToBase64String(Encoding.UTF8.GetBytes(authorities))}} } }]
            contexts: [{name: account, context: {cluster: account, user: account} }]
            users: [{name: account, user: {token: "{{token}}"} }]
            """;
    }

    private async Task<string> TokenAsync(string name, CancellationToken ct)
    {
        var request = new JsonObject { ["apiVersion"] = "authentication.k8s.io/v1", ["kind"] = "TokenRequest", ["spec"] = new JsonObject { ["expirationSeconds"] = TokenSeconds } };
        using var body = new StringContent(request.ToJsonString(), Encoding.UTF8, "application/json");
        using var answer = await administrator.RawAsync(HttpMethod.Post, $"/api/v1/namespaces/{Installation.Namespace}/serviceaccounts/{name}/token", body, ct);
        answer.EnsureSuccessStatusCode();
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(ct))!["status"]!["token"]!.GetValue<string>();
    }
}
