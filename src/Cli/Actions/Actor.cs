using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace LlmOps.Cli.Actions;

/// <summary>Who the user is to the API server: what <c>requestedBy</c> must say where config/policy is installed.</summary>
internal static class Actor
{
    private const string Path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

    /// <summary>The user name, as <c>kubectl auth whoami</c> tells it, impersonation included; null where the server does not tell (before Kubernetes 1.28).</summary>
    public static async Task<string?> NameAsync(Session session, CancellationToken ct)
    {
        using var body = new StringContent("""{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}""", Encoding.UTF8, "application/json");
        using var answer = await session.Client.RawAsync(HttpMethod.Post, Path, body, ct);
        return answer.StatusCode == HttpStatusCode.Created
            ? JsonNode.Parse(await answer.Content.ReadAsStringAsync(ct))?["status"]?["userInfo"]?["username"]?.GetValue<string>()
            : null;
    }
}
