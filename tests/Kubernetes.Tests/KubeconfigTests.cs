using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Xunit;

namespace LlmOps.Kubernetes.Tests;

public sealed class KubeconfigTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("kubeconfig");

    public void Dispose() => directory.Delete(recursive: true);

    private static string Config(string cluster = "server: https://example.test:6443", string user = "token: secret", string context = "") => $"""
        apiVersion: v1
        kind: Config
        current-context: main
        contexts:
        - name: main
          context:
            cluster: c
            user: u
            {context}
        clusters:
        - name: c
          cluster:
            {cluster.ReplaceLineEndings("\n    ")}
        users:
        - name: u
          user:
            {user.ReplaceLineEndings("\n    ")}
        """;

    private static KubernetesClientConfiguration Resolve(string text, string? context = null) =>
        Kubeconfig.FromText("/etc/kube/config", text).Resolve(context);

    private static string Message(string text, string? context = null) =>
        Assert.Throws<KubernetesConfigurationException>(() => Resolve(text, context)).Message;

    private static (string Certificate, string Key) Pem()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=tester", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    private string File(string name, string text)
    {
        var path = Path.Combine(directory.FullName, name);
        System.IO.File.WriteAllText(path, text);
        return path;
    }

    [Fact]
    public void A_user_may_act_as_somebody_else()
    {
        var impersonate = Resolve(Config(user: "token: secret\nas: ada\nas-uid: u7\nas-groups: [ops, eu]")).Impersonate!;
        Assert.Equal(("ada", "u7"), (impersonate.User, impersonate.Uid));
        Assert.Equal(["ops", "eu"], impersonate.Groups);
        Assert.Null(Resolve(Config()).Impersonate);
        Assert.Equal("A user in /etc/kube/config sets as-groups or as-uid without as: name the user to act as.", Message(Config(user: "token: secret\nas-groups: [ops]")));
    }

    [Fact]
    public async Task Server_namespace_and_token_are_read()
    {
        var configuration = Resolve(Config(context: "namespace: team-a"));
        Assert.Equal("https://example.test:6443/", configuration.Server.AbsoluteUri);
        Assert.Equal("team-a", configuration.Namespace);
        Assert.Equal("secret", await configuration.Token!.ReadAsync(TimeProvider.System, CancellationToken.None));
        Assert.Null(configuration.ClientCertificate);
    }

    [Fact]
    public void Certificates_are_read_from_data()
    {
        var (certificate, key) = Pem();
        static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
        var configuration = Resolve(Config(
            $"server: https://example.test\ncertificate-authority-data: {Base64(certificate)}",
            $"client-certificate-data: {Base64(certificate)}\nclient-key-data: {Base64(key)}"));

        Assert.Equal("CN=tester", Assert.Single(configuration.CertificateAuthorities!).Subject);
        Assert.True(configuration.ClientCertificate!.HasPrivateKey);
    }

    [Fact]
    public void Bundles_are_read_whole()
    {
        var (certificate, key) = Pem();
        var bundle = File("bundle.crt", $"{certificate}\n{Pem().Certificate}");
        var configuration = Resolve(Config(
            $"server: https://example.test\ncertificate-authority: {bundle}", $"client-certificate: {bundle}\nclient-key: {File("client.key", key)}"));

        Assert.Equal(2, configuration.CertificateAuthorities!.Count);
        Assert.True(configuration.ClientCertificate!.HasPrivateKey);
        Assert.Single(configuration.ClientCertificateChain!);
    }

    [Theory]
    [InlineData("certificate-authority-data: QUJD")]
    [InlineData("certificate-authority-data: '%%'")]
    [InlineData("certificate-authority: /does/not/exist")]
    public void An_authority_that_cannot_be_read_is_told(string cluster) =>
        Assert.Contains("certificate-authority", Message(Config($"server: https://example.test\n{cluster}")), StringComparison.Ordinal);

    [Fact]
    public void Certificate_files_are_found_beside_the_kubeconfig()
    {
        var (certificate, key) = Pem();
        File("ca.crt", certificate);
        File("client.crt", certificate);
        File("client.key", key);
        var path = File("config", Config(
            "server: https://example.test\ncertificate-authority: ca.crt", "client-certificate: client.crt\nclient-key: client.key"));

        var configuration = KubernetesClientConfiguration.Load(path);
        Assert.NotNull(configuration.CertificateAuthorities);
        Assert.True(configuration.ClientCertificate!.HasPrivateKey);
    }

    [Fact]
    public async Task A_token_file_wins_over_a_token()
    {
        var token = File("token", "from-file");
        var configuration = Resolve(Config(user: $"token: fixed\ntokenFile: {token}"));
        Assert.Equal("from-file", await configuration.Token!.ReadAsync(TimeProvider.System, CancellationToken.None));
    }

    [Fact]
    public void Of_several_files_the_first_entry_of_a_name_counts_and_contexts_are_merged()
    {
        var first = File("one", "current-context: main\nclusters:\n- name: c\n  cluster:\n    server: https://first.test\n");
        var second = File("two", Config("server: https://second.test"));
        Assert.Equal("first.test", KubernetesClientConfiguration.Load($"{first}:{second}:{directory.FullName}/missing").Server.Host);
    }

    [Fact]
    public void A_certificate_check_that_is_switched_off_is_refused() =>
        Assert.Contains("certificate-authority-data", Message(Config("server: https://example.test\ninsecure-skip-tls-verify: true")), StringComparison.Ordinal);

    [Fact]
    public void A_certificate_check_is_switched_off_only_by_whoever_starts_the_program() =>
        Assert.True(Kubeconfig.FromText("/etc/kube/config", Config("server: https://example.test\ninsecure-skip-tls-verify: true")).Resolve(null, allowInsecure: true).InsecureSkipTlsVerify);

    [Fact]
    public void A_proxy_is_read() =>
        Assert.Equal("socks5://proxy.test:1080/", Resolve(Config("server: https://example.test\nproxy-url: socks5://proxy.test:1080")).Proxy!.AbsoluteUri);

    [Theory]
    [InlineData("proxy-url: nowhere", "no usable proxy-url")]
    [InlineData("proxy-url: ftp://user:hidden@proxy.test", "http, https or socks5")]
    public void A_proxy_that_cannot_be_used_is_told_without_its_password(string cluster, string expected)
    {
        var message = Message(Config($"server: https://example.test\n{cluster}"));
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("exec:\n  apiVersion: client.authentication.k8s.io/v1", "without a command")]
    [InlineData("exec:\n  command: aws\n  apiVersion: client.authentication.k8s.io/v1alpha1", "v1 and v1beta1 are spoken")]
    [InlineData("exec:\n  command: aws\n  apiVersion: client.authentication.k8s.io/v1\n  interactiveMode: Always", "no terminal")]
    public void A_credential_plugin_that_cannot_be_used_is_told(string user, string expected) =>
        Assert.Contains(expected, Message(Config(user: user)), StringComparison.Ordinal);

    [Theory]
    [InlineData("auth-provider:\n  name: gcp")]
    [InlineData("username: admin\npassword: x")]
    public void A_way_to_authenticate_that_is_not_supported_is_refused_with_advice(string user)
    {
        var message = Message(Config(user: user));
        Assert.Contains(user[..user.IndexOf(':', StringComparison.Ordinal)], message, StringComparison.Ordinal);
        Assert.Contains("token file", message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_context_is_told_with_those_that_there_are() =>
        Assert.Equal("/etc/kube/config has no context named \"other\"; it has main.", Message(Config(), "other"));

    [Theory]
    [InlineData("")]
    [InlineData("current-context: ''")]
    public void A_file_without_a_current_context_is_refused(string text) =>
        Assert.Contains("no current-context", Message(text), StringComparison.Ordinal);

    [Fact]
    public void Broken_YAML_is_told_with_its_line() =>
        Assert.Contains("line 2", Message("a: b\n  c: [\n"), StringComparison.Ordinal);

    [Theory]
    [InlineData("client-certificate-data: QUJD", "both are needed")]
    [InlineData("client-certificate-data: QUJD\nclient-key-data: QUJD", "client certificate")]
    [InlineData("client-certificate-data: '%%'\nclient-key-data: QUJD", "client-certificate")]
    [InlineData("client-certificate: /does/not/exist\nclient-key: /does/not/exist", "client-certificate")]
    public void A_certificate_that_cannot_be_used_is_told(string user, string expected) =>
        Assert.Contains(expected, Message(Config(user: user)), StringComparison.Ordinal);

    [Theory]
    [InlineData("server: example", "no usable server")]
    [InlineData("namespace: none", "no usable server")]
    [InlineData("server: ftp://user:hidden@example.test", "no usable server")]
    [InlineData("server: https://user:hidden@example.test", "under users")]
    public void A_server_that_cannot_be_used_is_told_without_its_password(string cluster, string expected)
    {
        var message = Message(Config(cluster));
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_a_pod_the_service_account_is_used()
    {
        File("token", "pod-token\n");
        File("namespace", "team-b\n");
        File("ca.crt", Pem().Certificate);
        var environment = new Dictionary<string, string>
        {
            ["KUBERNETES_SERVICE_HOST"] = "fd00::1",
            ["KUBERNETES_SERVICE_PORT"] = "6443",
            ["LLMOPS_SERVICE_ACCOUNT_PATH"] = directory.FullName,
        };

        var configuration = KubernetesClientConfiguration.Load(null, null, false, environment.GetValueOrDefault);
        Assert.Equal("https://[fd00::1]:6443/", configuration.Server.AbsoluteUri);
        Assert.Equal("team-b", configuration.Namespace);
        Assert.Equal("pod-token", await configuration.Token!.ReadAsync(TimeProvider.System, CancellationToken.None));
        Assert.Single(configuration.CertificateAuthorities!);
    }

    [Fact]
    public void Nothing_to_be_found_is_told_with_what_to_do()
    {
        var environment = new Dictionary<string, string> { ["HOME"] = directory.FullName };
        var e = Assert.Throws<KubernetesConfigurationException>(() => KubernetesClientConfiguration.Load(null, null, false, environment.GetValueOrDefault));
        Assert.Contains("KUBECONFIG", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void KUBECONFIG_comes_before_the_pod()
    {
        File("token", "t");
        var environment = new Dictionary<string, string>
        {
            ["KUBECONFIG"] = File("config", Config()),
            ["KUBERNETES_SERVICE_HOST"] = "10.0.0.1",
            ["LLMOPS_SERVICE_ACCOUNT_PATH"] = directory.FullName,
        };
        Assert.Equal("example.test", KubernetesClientConfiguration.Load(null, null, false, environment.GetValueOrDefault).Server.Host);
    }
}
