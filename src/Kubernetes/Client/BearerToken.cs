namespace LlmOps.Kubernetes;

/// <summary>
/// A bearer token, fixed or in a file. A file is read again every minute (bound service account tokens are rotated by
/// the kubelet) and after <see cref="Invalidate"/>. Thread safe.
/// </summary>
public sealed class BearerToken
{
    private static readonly TimeSpan FileLifetime = TimeSpan.FromMinutes(1);

    private readonly string? path;
    private volatile Reading? reading;

    private BearerToken(string? path, Reading? reading) => (this.path, this.reading) = (path, reading);

    private sealed record Reading(string Value, long ReadAt);

    public static BearerToken FromValue(string token) => new(null, new Reading(token.Trim(), 0));

    public static BearerToken FromFile(string path) => new(path, null);

    /// <summary>The token now. Keeps the last one where the file cannot be read again.</summary>
    /// <exception cref="KubernetesConfigurationException">The file could not be read even once.</exception>
    public async ValueTask<string> ReadAsync(TimeProvider time, CancellationToken ct)
    {
        var known = reading;
        if (known is not null && (path is null || time.GetElapsedTime(known.ReadAt) < FileLifetime))
            return known.Value;
        try
        {
            var text = await File.ReadAllTextAsync(path!, ct);
            reading = known = new Reading(text.Trim(), time.GetTimestamp());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (known is null)
                throw new KubernetesConfigurationException($"The token file {path} cannot be read: {e.Message}", e);
        }

        return known!.Value;
    }

    /// <summary>The server did not accept the token: read the file again at the next request. No effect on a fixed token.</summary>
    /// <returns>Whether another try can do better.</returns>
    public bool Invalidate()
    {
        if (path is null)
            return false;
        reading = null;
        return true;
    }

    /// <summary>Never the token itself: this ends up in logs.</summary>
    public override string ToString() => path is null ? "token" : $"token from {path}";
}
