using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace LlmOps.Kubernetes;

/// <summary>
/// One or several kubeconfig files, merged as kubectl merges them: of two entries with the same name the first wins.
/// Read through YAML nodes and not through a deserializer, which would need reflection.
/// </summary>
/// <remarks>Format: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/</remarks>
internal sealed class Kubeconfig
{
    private readonly string source;
    private readonly string? currentContext;
    private readonly Dictionary<string, Entry> clusters = [];
    private readonly Dictionary<string, Entry> users = [];
    private readonly Dictionary<string, Entry> contexts = [];

    private Kubeconfig(IReadOnlyList<(string Path, string Text)> files)
    {
        source = string.Join(Path.PathSeparator, files.Select(f => f.Path));
        foreach (var (path, text) in files)
        {
            var root = Parse(path, text);
            if (root is null)
                continue;
            var directory = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
            currentContext ??= Scalar(root, "current-context") is { Length: > 0 } name ? name : null;
            Collect(root, "clusters", "cluster", directory, clusters);
            Collect(root, "users", "user", directory, users);
            Collect(root, "contexts", "context", directory, contexts);
        }
    }

    /// <summary>A named mapping, and the directory that its relative paths start from.</summary>
    private sealed record Entry(YamlMappingNode Node, string Directory)
    {
        public string? this[string key] => Scalar(Node, key) is { Length: > 0 } text ? text : null;

        public string? PathOf(string key) => this[key] is { } path ? Path.Combine(Directory, path) : null;
    }

    /// <summary>Names of the contexts, in order.</summary>
    public IReadOnlyList<string> Contexts => [.. contexts.Keys.Order(StringComparer.Ordinal)];

    public static Kubeconfig Load(IEnumerable<string> paths)
    {
        var all = paths.ToArray();
        var files = all.Where(File.Exists).Select(path => (path, File.ReadAllText(path))).ToArray();
        return files.Length > 0
            ? new Kubeconfig(files)
            : throw new KubernetesConfigurationException($"The kubeconfig {string.Join(Path.PathSeparator, all)} does not exist.");
    }

    public static Kubeconfig FromText(string path, string text) => new([(path, text)]);

    /// <param name="allowInsecure">Whether <c>insecure-skip-tls-verify</c> is obeyed; else it is refused.</param>
    public KubernetesClientConfiguration Resolve(string? context, bool allowInsecure = false)
    {
        var name = context ?? currentContext
            ?? throw new KubernetesConfigurationException($"{source} has no current-context: choose one of {Names(contexts)}.");
        var chosen = Find(contexts, "context", name);
        var cluster = Find(clusters, "cluster", chosen["cluster"] ?? string.Empty);
        var user = chosen["user"] is { } userName ? Find(users, "user", userName) : null;
        var isInsecure = cluster["insecure-skip-tls-verify"] is "true";
        if (isInsecure && !allowInsecure)
        {
            throw new KubernetesConfigurationException(
                $"Context {name} in {source} sets insecure-skip-tls-verify, which is refused: anybody on the way could take the credentials. Set certificate-authority-data instead, or accept the risk with --insecure-skip-tls-verify.");
        }

        var certificates = user is null ? null : CertificatesOf(user);
        return new KubernetesClientConfiguration
        {
            Server = ServerOf(name, cluster),
            Namespace = chosen["namespace"],
            CertificateAuthorities = AuthoritiesOf(cluster),
            InsecureSkipTlsVerify = isInsecure,
            Proxy = ProxyOf(name, cluster),
            TlsServerName = cluster["tls-server-name"],
            ClientCertificate = certificates?[0],
            ClientCertificateChain = certificates is { Count: > 1 } ? [.. certificates.Skip(1)] : null,
            Token = user is null ? null : TokenOf(user),
            Plugin = user is null ? null : PluginOf(user, cluster),
            Impersonate = user is null ? null : ImpersonationOf(user),
        };
    }

    /// <summary>What is refused is not quoted: a URL may hold a password, which messages about the server would then hold too.</summary>
    private Uri ServerOf(string context, Entry cluster)
    {
        if (!Uri.TryCreate(cluster["server"], UriKind.Absolute, out var server) || server.Scheme is not ("http" or "https"))
            throw new KubernetesConfigurationException($"The cluster of context {context} in {source} has no usable server: give an http or https URL.");
        return server.UserInfo.Length == 0
            ? server
            : throw new KubernetesConfigurationException($"The server of the cluster of context {context} in {source} has a user in its URL, which is not sent: take it out there, and give credentials under users.");
    }

    private Uri? ProxyOf(string context, Entry cluster) => cluster["proxy-url"] switch
    {
        null => null,
        var text when Uri.TryCreate(text, UriKind.Absolute, out var proxy) && proxy.Scheme is "http" or "https" or "socks5" => proxy,
        // Not what it says: a proxy's URL may hold a password.
        _ => throw new KubernetesConfigurationException($"The cluster of context {context} in {source} has no usable proxy-url: give an http, https or socks5 URL."),
    };

    private X509Certificate2Collection? AuthoritiesOf(Entry cluster)
    {
        var pem = PemOf(cluster, "certificate-authority");
        if (pem is null)
            return null;
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPem(pem);
            return authorities.Count > 0 ? authorities : throw new KubernetesConfigurationException($"The certificate-authority in {source} holds no certificate: give one or several in PEM.");
        }
        catch (CryptographicException e)
        {
            throw new KubernetesConfigurationException($"The certificate-authority in {source} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>The client certificate with its key, and behind it the rest of its file.</summary>
    private X509Certificate2Collection? CertificatesOf(Entry user)
    {
        var (certificate, key) = (PemOf(user, "client-certificate"), PemOf(user, "client-key"));
        if (certificate is null && key is null)
            return null;
        if (certificate is null || key is null)
            throw new KubernetesConfigurationException($"A user in {source} has only one of client-certificate and client-key; both are needed.");
        try
        {
            var all = new X509Certificate2Collection();
            all.ImportFromPem(certificate);
            return [X509Certificate2.CreateFromPem(certificate, key), .. all.Skip(1)];
        }
        catch (CryptographicException e)
        {
            throw new KubernetesConfigurationException($"The client certificate in {source} cannot be read with its key: {e.Message}", e);
        }
    }

    private BearerToken? TokenOf(Entry user)
    {
        foreach (var (field, advice) in Refused)
        {
            if (user.Node.Children.ContainsKey(new YamlScalarNode(field)))
                throw new KubernetesConfigurationException($"A user in {source} authenticates by {field}, which is not supported: {advice}");
        }

        // As kubectl does: the file wins, because it can be renewed.
        if (user.PathOf("tokenFile") is { } path)
            return BearerToken.FromFile(path);
        return user["token"] is { } token ? BearerToken.FromValue(token) : null;
    }

    private Impersonation? ImpersonationOf(Entry user)
    {
        if (user["as"] is { } name)
            return new(name, [.. Items(user.Node, "as-groups").OfType<YamlScalarNode>().Select(group => group.Value ?? string.Empty)]) { Uid = user["as-uid"] };
        return user.Node.Children.ContainsKey(new YamlScalarNode("as-groups")) || user["as-uid"] is not null
            ? throw new KubernetesConfigurationException($"A user in {source} sets as-groups or as-uid without as: name the user to act as.")
            : null;
    }

    private CredentialPlugin? PluginOf(Entry user, Entry cluster)
    {
        if (!user.Node.Children.TryGetValue(new YamlScalarNode("exec"), out var node))
            return null;
        if (node is not YamlMappingNode mapping || new Entry(mapping, user.Directory) is not { } exec || exec["command"] is not { } command)
            throw new KubernetesConfigurationException($"A user in {source} authenticates by exec without a command.");
        if (exec["apiVersion"] is not ("client.authentication.k8s.io/v1" or "client.authentication.k8s.io/v1beta1"))
            throw new KubernetesConfigurationException($"The exec of a user in {source} wants {exec["apiVersion"] ?? "no apiVersion"}: client.authentication.k8s.io/v1 and v1beta1 are spoken; a newer {command} does so.");
        if (exec["interactiveMode"] is "Always")
            throw new KubernetesConfigurationException($"The exec of a user in {source} has interactiveMode Always, and there is no terminal to ask at: use IfAvailable or Never.");
        return new(new()
        {
            // As kubectl does: a path starts at the kubeconfig, a plain name is found by PATH.
            Command = command.Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal) ? Path.Combine(user.Directory, command) : command,
            ApiVersion = exec["apiVersion"]!,
            Arguments = [.. Items(mapping, "args").OfType<YamlScalarNode>().Select(argument => argument.Value ?? string.Empty)],
            Environment = Items(mapping, "env").OfType<YamlMappingNode>().Where(variable => Scalar(variable, "name") is not null).ToDictionary(variable => Scalar(variable, "name")!, variable => Scalar(variable, "value") ?? string.Empty),
            InstallHint = exec["installHint"],
            Cluster = exec["provideClusterInfo"] is not "true" ? null : new()
            {
                Server = cluster["server"] ?? string.Empty,
                TlsServerName = cluster["tls-server-name"],
                CertificateAuthorityData = PemOf(cluster, "certificate-authority") is { } pem ? Encoding.UTF8.GetBytes(pem) : null,
                ProxyUrl = cluster["proxy-url"],
            },
        });
    }

    private static List<YamlNode> Items(YamlMappingNode node, string key) =>
        node.Children.TryGetValue(new YamlScalarNode(key), out var value) && value is YamlSequenceNode items ? [.. items] : [];

    private static readonly (string Field, string Advice)[] Refused =
    [
        ("auth-provider", "Kubernetes removed it in 1.26. Use a client certificate, a token or a token file."),
        ("username", "Kubernetes removed basic authentication in 1.19. Use a client certificate, a token or a token file."),
    ];

    /// <summary>PEM text from <c>{field}-data</c> (base 64) or from the file that <c>{field}</c> names.</summary>
    private string? PemOf(Entry entry, string field)
    {
        try
        {
            if (entry[$"{field}-data"] is { } data)
                return Encoding.UTF8.GetString(Convert.FromBase64String(data));
            return entry.PathOf(field) is { } path ? File.ReadAllText(path) : null;
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            throw new KubernetesConfigurationException($"{field} of {source} cannot be read: {e.Message}", e);
        }
    }

    private Entry Find(Dictionary<string, Entry> entries, string what, string name) =>
        entries.TryGetValue(name, out var entry)
            ? entry
            : throw new KubernetesConfigurationException($"{source} has no {what} named \"{name}\"; it has {Names(entries)}.");

    private static string Names(Dictionary<string, Entry> entries) =>
        entries.Count == 0 ? "none" : string.Join(", ", entries.Keys.Order(StringComparer.Ordinal));

    private static YamlMappingNode? Parse(string path, string text)
    {
        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            return stream.Documents.Count == 0 ? null : stream.Documents[0].RootNode as YamlMappingNode
                ?? throw new KubernetesConfigurationException($"{path} is no kubeconfig: a mapping is expected at its root.");
        }
        catch (YamlException e)
        {
            throw new KubernetesConfigurationException($"{path} is no YAML (line {e.Start.Line}): {e.Message}", e);
        }
    }

    private static void Collect(YamlMappingNode root, string list, string field, string directory, Dictionary<string, Entry> into)
    {
        if (!root.Children.TryGetValue(new YamlScalarNode(list), out var node) || node is not YamlSequenceNode items)
            return;
        foreach (var item in items.OfType<YamlMappingNode>())
        {
            if (Scalar(item, "name") is { } name && item.Children.TryGetValue(new YamlScalarNode(field), out var value) && value is YamlMappingNode mapping)
                into.TryAdd(name, new Entry(mapping, directory));
        }
    }

    private static string? Scalar(YamlMappingNode node, string key) =>
        node.Children.TryGetValue(new YamlScalarNode(key), out var value) && value is YamlScalarNode scalar ? scalar.Value : null;
}
