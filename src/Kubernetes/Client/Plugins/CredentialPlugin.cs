using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LlmOps.Kubernetes;

/// <summary>
/// Credentials from a program that a kubeconfig names (<c>users[].user.exec</c>), such as <c>aws eks get-token</c>. It is run when credentials are first needed, when
/// they have expired and after the server refused them; one run at a time, shared by all requests. Thread safe.
/// </summary>
public sealed class CredentialPlugin
{
    private readonly PluginCommand command;
    private readonly Lock starting = new();
    private Task? running;
    private volatile Credentials? known;

    internal CredentialPlugin(PluginCommand command) => this.command = command;

    /// <param name="Until">When they expire; null: when they are refused.</param>
    private sealed record Credentials(string? Token, X509Certificate2? Certificate, DateTimeOffset? Until)
    {
        public override string ToString() => "credentials";
    }

    /// <summary>The certificate of the last answer, for connections that are made now; null where it gave none.</summary>
    internal X509Certificate2? Certificate => known?.Certificate;

    /// <summary>The token now; null where the program gives a client certificate.</summary>
    /// <exception cref="KubernetesException">The program gave nothing that can be used.</exception>
    internal async ValueTask<string?> ReadTokenAsync(TimeProvider time, CancellationToken ct)
    {
        if (Fresh(time) is { } fresh)
            return fresh.Token;
        Task run;
        lock (starting)
            run = running is { IsCompleted: false } ? running : running = RunAsync(time);
        // Others wait for the same run, so nobody's cancellation ends it.
        await run.WaitAsync(ct);
        return known?.Token;
    }

    /// <summary>The server did not accept them: ask again at the next request.</summary>
    internal void Invalidate() => known = null;

    /// <summary>Never a credential: this ends up in logs.</summary>
    public override string ToString() => command.ToString();

    private async Task RunAsync(TimeProvider time) => known = Fresh(time) ?? Read(await command.RunAsync(time));

    private Credentials? Fresh(TimeProvider time) => known is { } read && (read.Until is not { } until || time.GetUtcNow() < until) ? read : null;

    private Credentials Read(ExecCredentialStatus status)
    {
        try
        {
            var certificate = status.ClientCertificateData is { } pem ? X509Certificate2.CreateFromPem(pem, status.ClientKeyData) : null;
            return new(status.Token?.Trim(), certificate, status.ExpirationTimestamp);
        }
        catch (CryptographicException e)
        {
            throw new KubernetesException($"The {command} answered a client certificate that cannot be read with its key: {e.Message}", 0, KubernetesException.NoCredentialsReason, innerException: e);
        }
    }
}
