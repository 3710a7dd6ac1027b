using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LlmOps.Kubernetes;

/// <summary>The service account of a pod. https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/</summary>
internal static class InClusterConfiguration
{
    private const string DefaultPath = "/var/run/secrets/kubernetes.io/serviceaccount";
    private const string PathVariable = "LLMOPS_SERVICE_ACCOUNT_PATH";
    private const string HostVariable = "KUBERNETES_SERVICE_HOST";
    private const string PortVariable = "KUBERNETES_SERVICE_PORT";

    public static bool IsAvailable(Func<string, string?> environment) =>
        !string.IsNullOrEmpty(environment(HostVariable)) && File.Exists(Path.Combine(Directory(null, environment), "token"));

    public static KubernetesClientConfiguration Read(string? serviceAccountPath, Func<string, string?> environment)
    {
        var host = environment(HostVariable);
        if (string.IsNullOrEmpty(host))
            throw new KubernetesConfigurationException($"This process does not run in a pod: {HostVariable} is not set.");
        var directory = Directory(serviceAccountPath, environment);
        var token = Path.Combine(directory, "token");
        if (!File.Exists(token))
            throw new KubernetesConfigurationException($"There is no service account token at {token}: is automountServiceAccountToken off?");

        var port = environment(PortVariable) is { Length: > 0 } text ? text : "443";
        var authority = host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;
        var namespaceFile = Path.Combine(directory, "namespace");
        return new KubernetesClientConfiguration
        {
            Server = new Uri($"https://{authority}:{port}"),
            Namespace = File.Exists(namespaceFile) ? File.ReadAllText(namespaceFile).Trim() : null,
            CertificateAuthorities = ReadAuthorities(Path.Combine(directory, "ca.crt")),
            Token = BearerToken.FromFile(token),
        };
    }

    private static X509Certificate2Collection? ReadAuthorities(string path)
    {
        if (!File.Exists(path))
            return null;
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(path);
            return authorities.Count > 0 ? authorities : throw new KubernetesConfigurationException($"{path} holds no certificate.");
        }
        catch (CryptographicException e)
        {
            throw new KubernetesConfigurationException($"{path} holds no certificate that can be read: {e.Message}", e);
        }
    }

    private static string Directory(string? path, Func<string, string?> environment) =>
        path ?? (environment(PathVariable) is { Length: > 0 } configured ? configured : DefaultPath);
}
