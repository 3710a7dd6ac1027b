using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace LlmOps.Kubernetes;

/// <summary>The <c>exec</c> entry of a kubeconfig's user: a program that answers with credentials, run without a terminal.</summary>
internal sealed record PluginCommand
{
    /// <summary>Longest run of the program.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(1);

    private const int LongestAnswer = 1 << 20;

    /// <summary>Path of the program, or a name that <c>PATH</c> leads to.</summary>
    public required string Command { get; init; }

    /// <summary><c>client.authentication.k8s.io/v1</c> or <c>…/v1beta1</c>: what the program is asked in, and must answer in.</summary>
    public required string ApiVersion { get; init; }

    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Added to the environment of this process.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>What the kubeconfig tells those who do not have the program.</summary>
    public string? InstallHint { get; init; }

    /// <summary>Cluster that the program is told of; null where it need not know.</summary>
    public ExecCredentialCluster? Cluster { get; init; }

    /// <exception cref="KubernetesException">The program is not there, failed, took longer than a minute or answered something else.</exception>
    public async Task<ExecCredentialStatus> RunAsync(TimeProvider time)
    {
        var asked = new ExecCredential { ApiVersion = ApiVersion, Kind = "ExecCredential", Spec = new() { Interactive = false, Cluster = Cluster } };
        var start = new ProcessStartInfo(Command, Arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in Environment)
            start.Environment[name] = value;
        start.Environment["KUBERNETES_EXEC_INFO"] = JsonSerializer.Serialize(asked, PluginJson.Default.ExecCredential);

        using var process = Start(start);
        process.StandardInput.Close();
        using var timeout = new CancellationTokenSource(Timeout, time);
        try
        {
            var (output, errors) = (ReadAsync(process.StandardOutput, timeout.Token), ReadAsync(process.StandardError, timeout.Token));
            await process.WaitForExitAsync(timeout.Token);
            if (process.ExitCode != 0)
                throw Failed($"ended with exit code {process.ExitCode}: {Excerpt.Line(await errors) ?? "it wrote no error"}");
            return Read(await output);
        }
        catch (OperationCanceledException)
        {
            throw Failed($"did not answer within {Timeout.TotalSeconds:0} s");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>Without arguments and environment, which may hold secrets.</summary>
    public override string ToString() => $"credential plugin {Command}";

    private Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            throw Failed($"cannot be started: {e.Message}", e);
        }
    }

    private ExecCredentialStatus Read(string answer)
    {
        ExecCredential? credential;
        try
        {
            credential = JsonSerializer.Deserialize(answer, PluginJson.Default.ExecCredential);
        }
        catch (JsonException e)
        {
            // Not what it said: that may hold a token.
            throw Failed($"answered no ExecCredential (line {e.LineNumber + 1})");
        }

        if (credential?.ApiVersion != ApiVersion)
            throw Failed($"answered in {credential?.ApiVersion ?? "nothing"}, and the kubeconfig says {ApiVersion}");
        return credential.Status switch
        {
            null or { Token: null, ClientCertificateData: null } => throw Failed("answered neither a token nor a client certificate"),
            { ClientCertificateData: null } and { ClientKeyData: null } or { ClientCertificateData: not null, ClientKeyData: not null } => credential.Status,
            _ => throw Failed("answered only one of clientCertificateData and clientKeyData; both are needed"),
        };
    }

    private KubernetesException Failed(string how, Exception? cause = null) =>
        new($"The {this} {how}{(InstallHint is null ? string.Empty : $"\n{InstallHint}")}", 0, KubernetesException.NoCredentialsReason, innerException: cause);

    private async Task<string> ReadAsync(StreamReader reader, CancellationToken ct)
    {
        var text = new StringBuilder();
        var buffer = new char[4096];
        for (int count; (count = await reader.ReadAsync(buffer, ct)) > 0;)
        {
            if (text.Append(buffer, 0, count).Length > LongestAnswer)
                throw Failed("answered more than 1 MiB");
        }

        return text.ToString();
    }
}
