using System.Security.Cryptography.X509Certificates;

namespace LlmOps.Kubernetes;

/// <summary>Where the API server is, and how to be known to it.</summary>
public sealed record KubernetesClientConfiguration
{
    /// <summary>Root of the API, such as <c>https://10.0.0.1:6443</c>; may have a path. Plain <c>http</c> is for test servers.</summary>
    public required Uri Server { get; init; }

    /// <summary>The namespace of the context or of the pod; null where neither says.</summary>
    public string? Namespace { get; init; }

    /// <summary>The only certificate authorities that are trusted. Null: those of the system.</summary>
    public X509Certificate2Collection? CertificateAuthorities { get; init; }

    /// <summary>Certificate with private key to authenticate with.</summary>
    public X509Certificate2? ClientCertificate { get; init; }

    /// <summary>Certificates between <see cref="ClientCertificate"/> and its authority, sent with it. Null: none.</summary>
    public X509Certificate2Collection? ClientCertificateChain { get; init; }

    /// <summary>Bearer token to authenticate with.</summary>
    public BearerToken? Token { get; init; }

    /// <summary>Program that gives the token or the certificate to authenticate with.</summary>
    public CredentialPlugin? Plugin { get; init; }

    /// <summary>Whom to act as instead, where the API server lets whoever is authenticated do so. Null: as oneself.</summary>
    public Impersonation? Impersonate { get; init; }

    /// <summary>Proxy on the way to the server: <c>http</c>, <c>https</c> or <c>socks5</c>. Null: what the environment says (<c>HTTPS_PROXY</c>, <c>NO_PROXY</c>), none for loopback.</summary>
    public Uri? Proxy { get; init; }

    /// <summary>Whether any certificate of the server is accepted: whoever is on the way can then read all and take the credentials. Only where a flag asked for it. Default: false.</summary>
    public bool InsecureSkipTlsVerify { get; init; }

    /// <summary>Name to expect in the server's certificate, where it is not the host of <see cref="Server"/>.</summary>
    public string? TlsServerName { get; init; }

    /// <summary>Field manager of writes that name none. Default: <c>llmops</c>.</summary>
    public string FieldManager { get; init; } = "llmops";

    /// <summary>Sent as <c>User-Agent</c>. Default: <c>llmops/0.1</c>.</summary>
    public string UserAgent { get; init; } = "llmops/0.1";

    /// <summary>Longest wait for one answer; watches are not limited by it. Default: 30 s.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Longest wait for the answer to the write of a status, which decides what is done next. Default: 5 s; never more than <see cref="RequestTimeout"/>.
    /// </summary>
    public TimeSpan StatusTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Learns the server's time of day from its answers. Null: nobody does.</summary>
    public ServerClock? Clock { get; init; }

    /// <summary>
    /// Asked right before each write is sent; a write that may not be sent fails with <see cref="KubernetesException.NotLeadingReason"/>. For what only a leader
    /// may write: <see cref="LeaderElector.IsLeader"/>. Null: everything may.
    /// </summary>
    public Func<bool>? MayWrite { get; init; }

    /// <summary>
    /// Finds the cluster: <paramref name="kubeconfigPath"/>, else <c>$KUBECONFIG</c>, else the cluster that this pod
    /// runs in, else <c>~/.kube/config</c>.
    /// </summary>
    /// <param name="kubeconfigPath">A kubeconfig file, or several joined by <c>:</c>.</param>
    /// <param name="context">Context of the kubeconfig. Default: its current context.</param>
    /// <param name="allowInsecure">Whether a kubeconfig may switch off the check of the server's certificate. Default: it is refused.</param>
    /// <exception cref="KubernetesConfigurationException">None of them is there, or one cannot be used.</exception>
    public static KubernetesClientConfiguration Load(string? kubeconfigPath = null, string? context = null, bool allowInsecure = false) =>
        Load(kubeconfigPath, context, allowInsecure, Environment.GetEnvironmentVariable);

    /// <summary>Names of the contexts of a kubeconfig, for a person to choose from.</summary>
    /// <param name="kubeconfigPath">As for <see cref="Load(string?, string?, bool)"/>; a pod's own cluster has no contexts.</param>
    /// <exception cref="KubernetesConfigurationException">There is no such file, or it is no kubeconfig.</exception>
    public static IReadOnlyList<string> Contexts(string? kubeconfigPath = null)
    {
        var paths = kubeconfigPath ?? Environment.GetEnvironmentVariable("KUBECONFIG");
        return Kubeconfig.Load(string.IsNullOrEmpty(paths) ? [HomePath(Environment.GetEnvironmentVariable)] : Split(paths)).Contexts;
    }

    /// <summary>The cluster that this pod runs in, by its service account.</summary>
    /// <param name="serviceAccountPath">
    /// Directory with <c>token</c>, <c>ca.crt</c> and <c>namespace</c>. Default: <c>$LLMOPS_SERVICE_ACCOUNT_PATH</c>, else
    /// <c>/var/run/secrets/kubernetes.io/serviceaccount</c>.
    /// </param>
    /// <exception cref="KubernetesConfigurationException">This process does not run in a pod, or has no token.</exception>
    public static KubernetesClientConfiguration InCluster(string? serviceAccountPath = null) =>
        InClusterConfiguration.Read(serviceAccountPath, Environment.GetEnvironmentVariable);

    internal static KubernetesClientConfiguration Load(string? kubeconfigPath, string? context, bool allowInsecure, Func<string, string?> environment)
    {
        var paths = kubeconfigPath ?? environment("KUBECONFIG");
        if (!string.IsNullOrEmpty(paths))
            return Kubeconfig.Load(Split(paths)).Resolve(context, allowInsecure);
        if (InClusterConfiguration.IsAvailable(environment))
            return InClusterConfiguration.Read(null, environment);
        var home = HomePath(environment);
        return File.Exists(home)
            ? Kubeconfig.Load([home]).Resolve(context, allowInsecure)
            : throw new KubernetesConfigurationException($"No cluster found: set KUBECONFIG, run in a pod, or write {home}.");
    }

    private static string[] Split(string paths) => paths.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);

    private static string HomePath(Func<string, string?> environment) => Path.Combine(environment("HOME") ?? "/", ".kube", "config");
}
