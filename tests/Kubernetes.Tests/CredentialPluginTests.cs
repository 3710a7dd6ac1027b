using System.Globalization;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.Kubernetes.Tests;

/// <summary>Programs that give credentials, run for real.</summary>
public sealed class CredentialPluginTests : IDisposable
{
    private const string V1 = "client.authentication.k8s.io/v1";
    private const string MapJson = """{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x","namespace":"ns","resourceVersion":"5"}}""";

    private static readonly ObjectKey Key = new("ns", "x");

    /// <summary>In real time, for a process of the operating system.</summary>
    private static readonly TimeSpan LongEnough = TimeSpan.FromSeconds(30);

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("plugin");

    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    public async Task It_is_found_beside_the_kubeconfig_told_of_the_cluster_and_run_once_for_many_requests()
    {
        // Answers with what it was given: its argument, a variable, and the cluster's server.
        Script("login", """
            echo run >> "$(dirname "$0")/runs"
            server=$(echo "$KUBERNETES_EXEC_INFO" | sed 's/.*"server":"\([^"]*\)".*/\1/')
            echo "{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"$1-$REGION-$server\"}}"
            """);
        var kubeconfig = Path.Combine(directory.FullName, "config");
        await File.WriteAllTextAsync(kubeconfig, $$"""
            current-context: main
            contexts: [{ name: main, context: { cluster: c, user: u } }]
            clusters: [{ name: c, cluster: { server: "http://fake.test/base" } }]
            users:
            - name: u
              user:
                exec:
                  apiVersion: {{V1}}
                  command: ./login
                  args: [get-token]
                  env: [{ name: REGION, value: north }]
                  provideClusterInfo: true
                  interactiveMode: IfAvailable
            """);
        using var api = new FakeApi(_ => FakeApi.Json(MapJson));
        using var client = new KubernetesClient(KubernetesClientConfiguration.Load(kubeconfig), null, api);

        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => client.GetAsync<ConfigMap>(Key, CancellationToken.None)));
        Assert.All(api.Requests, request => Assert.Equal("Bearer get-token-north-http://fake.test/base", request.Authorization));
        Assert.Single(Runs());
    }

    [Fact]
    public async Task It_is_run_again_when_its_token_has_expired_and_when_the_server_refuses_it()
    {
        var time = new ManualTime();
        var until = time.GetUtcNow().AddMinutes(10).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        var plugin = Plugin($$$"""
            echo run >> "$(dirname "$0")/runs"
            runs=$(wc -l < "$(dirname "$0")/runs")
            echo "{\"apiVersion\":\"{{{V1}}}\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"t$((runs))\",\"expirationTimestamp\":\"{{{until}}}\"}}"
            """);
        using var api = new FakeApi(request => request.Authorization == "Bearer t2" ? FakeApi.Failure(401, "Unauthorized") : FakeApi.Json(MapJson));
        using var client = new KubernetesClient(new() { Server = new Uri("http://fake.test"), Plugin = plugin }, time, api);

        await client.GetAsync<ConfigMap>(Key, CancellationToken.None);
        time.Advance(TimeSpan.FromMinutes(9));
        await client.GetAsync<ConfigMap>(Key, CancellationToken.None);
        time.Advance(TimeSpan.FromMinutes(2));
        await client.GetAsync<ConfigMap>(Key, CancellationToken.None);
        Assert.Equal(["Bearer t1", "Bearer t1", "Bearer t2", "Bearer t3"], api.Requests.Select(request => request.Authorization));
    }

    [Theory]
    [InlineData("echo 'token hidden' ; echo 'session has ended' >&2; exit 3", "ended with exit code 3: session has ended")]
    [InlineData("echo 'hidden'", "answered no ExecCredential")]
    [InlineData("""echo '{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","status":{"token":"hidden"}}'""", "answered in client.authentication.k8s.io/v1beta1")]
    [InlineData("""echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{}}'""", "neither a token nor a client certificate")]
    [InlineData("""echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"clientCertificateData":"hidden"}}'""", "both are needed")]
    [InlineData("""echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"clientCertificateData":"hidden","clientKeyData":"hidden"}}'""", "cannot be read with its key")]
    public async Task What_it_does_wrong_is_told_and_no_secret_with_it(string script, string expected)
    {
        var failure = await FailureAsync(Plugin(script));
        Assert.Equal(KubernetesException.NoCredentialsReason, failure.Reason);
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_is_not_installed_is_told_with_the_hint_of_the_kubeconfig()
    {
        var failure = await FailureAsync(new(new() { Command = Path.Combine(directory.FullName, "missing"), ApiVersion = V1, InstallHint = "install it from the portal" }));
        Assert.Contains("cannot be started", failure.Message, StringComparison.Ordinal);
        Assert.EndsWith("install it from the portal", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_hangs_is_ended_after_a_minute()
    {
        var time = new ManualTime();
        var plugin = Plugin("echo $$ > \"$(dirname \"$0\")/pid\"; exec sleep 600");
        var asking = FailureAsync(plugin, time);
        var path = Path.Combine(directory.FullName, "pid");
        await Eventually.TrueAsync(() => File.Exists(path) && File.ReadAllText(path).EndsWith('\n'), LongEnough, "it runs");
        var pid = (await File.ReadAllTextAsync(path)).Trim();
        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(30));
                return asking.IsCompleted;
            },
            LongEnough,
            "it is given up");
        Assert.Contains("did not answer within 60 s", (await asking).Message, StringComparison.Ordinal);
        await Eventually.TrueAsync(() => !Directory.Exists($"/proc/{pid}"), LongEnough, "its process is gone");
    }

    private static async Task<KubernetesException> FailureAsync(CredentialPlugin plugin, TimeProvider? time = null)
    {
        using var api = new FakeApi(_ => FakeApi.Json(MapJson));
        using var client = new KubernetesClient(new() { Server = new Uri("http://fake.test"), Plugin = plugin }, time, api);
        var failure = await Assert.ThrowsAsync<KubernetesException>(() => client.GetAsync<ConfigMap>(Key, CancellationToken.None));
        Assert.Empty(api.Requests);
        return failure;
    }

    private CredentialPlugin Plugin(string script) => new(new() { Command = Script("plugin", script), ApiVersion = V1 });

    private string[] Runs() => File.ReadAllLines(Path.Combine(directory.FullName, "runs"));

    private string Script(string name, string text)
    {
        var path = Path.Combine(directory.FullName, name);
        File.WriteAllText(path, $"#!/bin/sh\n{text}\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
