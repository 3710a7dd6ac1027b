using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;

namespace LlmOps.Operator.Applying;

/// <summary>Writes statuses that have changed.</summary>
internal static class StatusWrites
{
    /// <summary>Writes the status where it differs. An object that went meanwhile has none any more: the watch says so, and that is no failure.</summary>
    /// <exception cref="KubernetesException">The server refused.</exception>
    public static async Task WriteStatusAsync<T>(this KubernetesClient client, WatchedKind<T> kind, T before, T next, CancellationToken ct)
        where T : class, IResource<T>
    {
        if (CanonicalJson.AreEqual(next, before, T.JsonType))
            return;
        try
        {
            kind.Store.Note(await client.ApplyStatusAsync(next, ApiGroup.OperatorFieldManager, ct: ct));
        }
        catch (KubernetesException e) when (e.IsNotFound)
        {
            // Deleted meanwhile.
        }
    }
}
