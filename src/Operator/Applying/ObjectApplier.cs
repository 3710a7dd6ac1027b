using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;

namespace LlmOps.Operator.Applying;

/// <summary>
/// Makes objects on the server what is wanted. Guarantees: no write where the cache shows what is wanted, or what the server itself made of the same wish; a foreign edit
/// of a wanted field is undone, the loss of label or owner included; an object that is not ours is never touched. RBAC: <c>get</c>, <c>create</c>, <c>patch</c> and <c>delete</c> on the kinds.
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
        var cached = kind.Store.Get(desired.Key());
        if (cached is not null)
        {
            Refuse(cached, desired);
            // One that is being deleted is not written anew: it comes back when it is gone, of which the watch tells.
            if (ObjectComparison.IsApplied(cached, desired) || kind.Answers.Has(desired.Key(), () => ObjectComparison.Fingerprint(cached, desired)))
                return;
        }

        var answer = await WriteAsync(cached, desired, ct);
        if (ObjectComparison.IsApplied(answer, desired))
            kind.Answers.Forget(desired.Key());
        else
            kind.Answers.Note(desired.Key(), ObjectComparison.Fingerprint(answer, desired));
        kind.Store.Note(answer);
    }

    /// <summary>
    /// As <see cref="ApplyAsync{T}(WatchedKind{T}, T, CancellationToken)"/>, in one request where the object is not there yet. For objects whose fields never go: what is
    /// made in this way belongs to nobody's apply, which takes a field away with the one who leaves it out.
    /// </summary>
    /// <exception cref="ApplyRefusedException">An object of this name belongs to somebody else.</exception>
    /// <exception cref="KubernetesException">The server refused.</exception>
    public async Task MakeAsync<T>(WatchedKind<T> kind, T desired, CancellationToken ct)
        where T : class, IResource<T>
    {
        if (kind.Store.Get(desired.Key()) is null)
        {
            try
            {
                kind.Store.Note(await client.CreateAsync(ObjectComparison.WithHash(desired), ct));
                return;
            }
            catch (KubernetesException e) when (e.IsAlreadyExists)
            {
                // By an earlier attempt, or by somebody else.
            }
        }

        await ApplyAsync(kind, desired, ct);
    }

    /// <summary>Applies an object of a kind that is not cached.</summary>
    /// <exception cref="ApplyRefusedException">An object of this name belongs to somebody else.</exception>
    /// <exception cref="KubernetesException">The server refused.</exception>
    public Task ApplyAsync<T>(T desired, CancellationToken ct)
        where T : class, IResource<T> => WriteAsync(null, ObjectComparison.WithHash(desired), ct);

    /// <summary>
    /// The caches hold what carries our label, so that somebody else's object of the name is not in them: before an object is made, the server is asked. Without
    /// force then, so that one that is made in between is a conflict.
    /// </summary>
    private async Task<T> WriteAsync<T>(T? cached, T desired, CancellationToken ct)
        where T : class, IResource<T>
    {
        var live = cached ?? await client.GetAsync<T>(desired.Key(), ct);
        if (live is not null)
            Refuse(live, desired);
        return await client.ApplyAsync(desired, ApiGroup.OperatorFieldManager, force: live is not null, ct);
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

    /// <summary>Made by this operator for an LlmDeployment of this name, and without a controller: somebody took the owner away, or deleted it and left this.</summary>
    private static bool IsOrphan<T>(T live, T desired)
        where T : class, IResource<T> =>
        Ownership.ControllerOf(live.Metadata) is null && live.Metadata.Annotations?.ContainsKey(Annotations.Applied) == true &&
        live.Metadata.Labels?.GetValueOrDefault(Labels.Deployment) is { } deployment && deployment == desired.Metadata.Labels?.GetValueOrDefault(Labels.Deployment);

    private static void Refuse<T>(T live, T desired)
        where T : class, IResource<T>
    {
        var (has, wants) = (Ownership.ControllerOf(live.Metadata), Ownership.ControllerOf(desired.Metadata));
        if (has?.Uid != wants?.Uid && !IsOrphan(live, desired))
        {
            throw new ApplyRefusedException(
                $"{T.ResourceKind.Kind} {live.Key()} exists and belongs to {(has is null ? "nobody" : $"{has.Kind} {has.Name}")}: delete or rename it");
        }
    }
}

/// <summary>An object cannot be written, and trying again does not help until somebody acts.</summary>
internal sealed class ApplyRefusedException(string message) : Exception(message);
