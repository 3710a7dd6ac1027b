using System.Net.Http.Headers;

namespace LlmOps.Kubernetes;

/// <summary>Somebody else to act as, as <c>kubectl --as</c> does. The API server asks whether whoever is authenticated may.</summary>
/// <param name="User">User name.</param>
/// <param name="Groups">Groups; none for those that the server adds by itself.</param>
/// <remarks>https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation</remarks>
public sealed record Impersonation(string User, IReadOnlyList<string> Groups)
{
    /// <summary>Uid; null for none.</summary>
    public string? Uid { get; init; }

    internal void AddTo(HttpRequestHeaders headers)
    {
        headers.TryAddWithoutValidation("Impersonate-User", User);
        foreach (var group in Groups)
            headers.TryAddWithoutValidation("Impersonate-Group", group);
        if (Uid is { } uid)
            headers.TryAddWithoutValidation("Impersonate-Uid", uid);
    }
}
