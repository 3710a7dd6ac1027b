using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;

namespace LlmOps.Operator.Applying;

/// <summary>
/// Makes objects on the server what is wanted. Guarantees: no write where the cache shows what is wanted; a foreign edit of a wanted field is undone; an
/// object that another controller owns is never touched.
/// </summary>
internal sealed class ObjectApplier(KubernetesClient client)
{
    /// <summary>Applies the object if it differs from what is there.</summary>
    /// <exception cref="ApplyRefusedException">An object of this name belongs to somebody else.</exception>
    /// <exception cref="KubernetesException">The server refused.</exception>
    public async Task ApplyAsync<T>(WatchedKind<T> kind, T desired, CancellationToken ct)
        where T : class, IResource<T>
    {
        desired = ObjectComparison.WithHash(desired);
        var live = kind.Store.Get(desired.Key());
        if (live is not null)
        {
            Refuse(live, desired);
            if (!live.IsDeleting() && ObjectComparison.IsApplied(live, desired))
                return;
        }

        kind.Store.Note(await client.ApplyAsync(desired, ApiGroup.OperatorFieldManager, force: true, ct));
    }

    /// <summary>Deletes an object that was read before, with what it owns; not a namesake that took its place.</summary>
    public async Task DeleteAsync<T>(T obj, CancellationToken ct)
        where T : class, IResource<T>
    {
        if (obj.IsDeleting())
            return;
        try
        {
            await client.DeleteAsync<T>(obj.Key(), new DeleteOptions { PropagationPolicy = "Background", Preconditions = new Preconditions { Uid = obj.Metadata.Uid } }, ct);
        }
        catch (KubernetesException e) when (e.IsConflict)
        {
            // Gone already, and somebody made another one of the name.
        }
    }

    private static void Refuse<T>(T live, T desired)
        where T : class, IResource<T>
    {
        var (has, wants) = (Ownership.ControllerOf(live.Metadata), Ownership.ControllerOf(desired.Metadata));
        if (has?.Uid != wants?.Uid)
        {
            throw new ApplyRefusedException(
                $"{T.ResourceKind.Kind} {live.Key()} exists and belongs to {(has is null ? "nobody" : $"{has.Kind} {has.Name}")}: delete or rename it");
        }
    }
}

/// <summary>An object cannot be written, and trying again does not help until somebody acts.</summary>
internal sealed class ApplyRefusedException(string message) : Exception(message);
