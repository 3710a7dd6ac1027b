using LlmOps.Kubernetes;

namespace LlmOps.Cli;

/// <summary>Waits for something to become of one object. Needs <c>get</c>, <c>list</c> and <c>watch</c> on its kind.</summary>
internal static class ObjectWait
{
    /// <summary>The object as soon as it holds.</summary>
    /// <exception cref="CliException">It was deleted.</exception>
    public static async Task<T> UntilAsync<T>(KubernetesClient client, ObjectKey key, Func<T, bool> holds, CancellationToken ct)
        where T : class, IResource<T>
    {
        while (true)
        {
            var seen = await client.GetAsync<T>(key, ct) ?? throw new CliException($"{T.ResourceKind.Kind.ToLowerInvariant()} {key.Name} was deleted meanwhile");
            if (holds(seen))
                return seen;
            // Until the server ends the watch; what happened meanwhile is read again.
            await foreach (var change in client.WatchAsync<T>(key.Namespace, new() { FieldSelector = $"metadata.name={key.Name}", ResourceVersion = seen.Metadata.ResourceVersion }, ct))
            {
                if (change is { Type: WatchEventType.Deleted or WatchEventType.Error })
                    break;
                if (change.Object is { } now && holds(now))
                    return now;
            }
        }
    }
}
