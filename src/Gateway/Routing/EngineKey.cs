using LlmOps.Kubernetes;

namespace LlmOps.Gateway.Routing;

/// <summary>The API key of a release's engines: where it is kept, never what it is.</summary>
internal sealed class EngineKey(SecretTokens tokens, ObjectKey secret, string key)
{
    /// <summary>The key, or why it is not known. Waits only for the first reading.</summary>
    public ValueTask<SecretToken> ReadAsync(CancellationToken ct) => tokens.ReadAsync(secret, key, ct);

    /// <summary>What is in the Secret now that an engine has refused a key; the same one where nothing else is.</summary>
    public ValueTask<SecretToken> RereadAsync(SecretToken refused, CancellationToken ct) => tokens.RereadAsync(secret, key, refused, ct);
}
