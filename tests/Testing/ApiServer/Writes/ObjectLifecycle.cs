using System.Globalization;
using System.Text.Json.Nodes;
using LlmOps.Kubernetes;
using LlmOps.Kubernetes.Schema;
using LlmOps.Testing.ApiServer.Http;
using LlmOps.Testing.ApiServer.Resources;
using LlmOps.Testing.ApiServer.Storage;

namespace LlmOps.Testing.ApiServer.Writes;

/// <summary>
/// Deletion: finalizers, propagation policies, the garbage collector and the emptying of namespaces. What takes the real
/// controllers a moment happens here before the request is answered. Called with the store's gate held.
/// </summary>
internal sealed class ObjectLifecycle(ObjectStore store, ResourceRegistry registry, TimeProvider time)
{
    private const string ForegroundFinalizer = "foregroundDeletion";
    private const string OrphanFinalizer = "orphan";

    private static readonly HashSet<string> ProtectedNamespaces = ["default", "kube-system", "kube-public"];
    private static readonly ResourceDefinition Namespaces = BuiltInResources.All.Single(static r => r.Kind == "Namespace");

    public static bool IsFinalized(JsonObject obj) => obj.Metadata()["deletionTimestamp"] is not null && Finalizers(obj).Count == 0;

    public static IReadOnlyList<string> Finalizers(JsonObject obj) =>
        obj.Metadata()["finalizers"] is JsonArray finalizers ? [.. finalizers.Select(static f => (string)f!)] : [];

    public static string Timestamp(TimeProvider time) =>
        time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>Deletes, or marks for deletion what still has finalizers or content.</summary>
    /// <param name="policy"><c>Background</c>, <c>Foreground</c> or <c>Orphan</c>; null leaves the kind's own default.</param>
    /// <returns>The object as it is now, and whether it is gone.</returns>
    public (StoredObject Object, bool Gone) Delete(StoredObject target, string? policy)
    {
        if (target.Resource.Kind == "Namespace" && ProtectedNamespaces.Contains(target.Key.Name))
            throw StatusError.Forbidden(target.Resource, target.Key.Name, "this namespace may not be deleted");
        policy ??= target.Resource.GroupResource == "jobs.batch" ? "Orphan" : null;
        var wanted = Finalizers(target.Json).Where(f => policy is null || f is not (ForegroundFinalizer or OrphanFinalizer)).ToList();
        if (policy == "Foreground")
            wanted.Add(ForegroundFinalizer);
        else if (policy == "Orphan")
            wanted.Add(OrphanFinalizer);

        if (wanted.Count == 0 && target.Resource.Kind != "Namespace")
            return (Remove(target), true);
        var marked = Mark(target, wanted);
        if (marked.Resource.Kind == "Namespace")
            EmptyNamespace(marked);
        else
            Collect(marked);
        var now = store.FindByUid(target.Uid);
        return (now ?? marked, now is null);
    }

    /// <summary>Takes an object out of storage, and everything that goes with it.</summary>
    public StoredObject Remove(StoredObject target)
    {
        if (store.FindByUid(target.Uid) is not { } current)
            return target;
        var last = store.Remove(current);
        if (last.Resource.Kind == "CustomResourceDefinition")
            WithdrawCustomResource(last);
        foreach (var dependent in store.DependentsOf(last.Uid))
            CollectIfDangling(dependent);
        foreach (var (owner, _) in last.Owners)
        {
            if (store.FindByUid(owner) is { IsDeleting: true } waiting)
                Collect(waiting);
        }

        if (last.Key.Namespace.Length > 0 && store.Find(Namespaces, new ObjectKey(string.Empty, last.Key.Namespace)) is { IsDeleting: true } ns)
            FinishNamespace(ns);
        return last;
    }

    /// <summary>The garbage collector's view of a dependent: it goes when all its owners have gone, else it loses the references to those that have.</summary>
    public void CollectIfDangling(StoredObject dependent)
    {
        var owners = dependent.Owners.ToList();
        var absent = owners.Where(o => !OwnerExists(dependent, o.Uid)).Select(static o => o.Uid).ToHashSet();
        if (absent.Count == 0 || dependent.IsDeleting)
            return;
        if (absent.Count == owners.Count)
            Delete(dependent, "Background");
        else
            DropOwners(dependent, absent);
    }

    /// <exception cref="StatusError">404 when the namespace does not exist, 403 when it is being deleted.</exception>
    public void CheckNamespaceAccepts(ResourceDefinition resource, string ns, string name)
    {
        var found = store.Find(Namespaces, new ObjectKey(string.Empty, ns)) ?? throw StatusError.NotFound(Namespaces, ns);
        if (found.IsDeleting)
        {
            var why = $"unable to create new content in namespace {ns} because it is being terminated";
            throw StatusError.Forbidden(resource, name, why, new FieldCause("NamespaceTerminating", "metadata.namespace", $"namespace {ns} is being terminated"));
        }
    }

    private bool OwnerExists(StoredObject dependent, string uid) =>
        store.FindByUid(uid) is { } owner && (owner.Key.Namespace.Length == 0 || owner.Key.Namespace == dependent.Key.Namespace);

    private StoredObject Mark(StoredObject target, List<string> finalizers)
    {
        if (target.IsDeleting && Finalizers(target.Json).SequenceEqual(finalizers))
            return target;
        var json = target.Json.DeepClone().AsObject();
        var metadata = json.Metadata();
        if (!target.IsDeleting)
        {
            metadata["deletionTimestamp"] = Timestamp(time);
            metadata["deletionGracePeriodSeconds"] = 0;
            if ((long?)metadata["generation"] is { } generation)
                metadata["generation"] = generation + 1;
        }

        SetFinalizers(metadata, finalizers);
        if (target.Resource.Kind == "Namespace")
            json.SetAt(".status.phase", "Terminating");
        return store.Put(target.Resource, json, target.Managers);
    }

    /// <summary>Works off the garbage collector's own finalizers of an object that is being deleted.</summary>
    private void Collect(StoredObject owner)
    {
        var finalizers = Finalizers(owner.Json);
        if (finalizers.Contains(OrphanFinalizer))
        {
            foreach (var dependent in store.DependentsOf(owner.Uid))
                DropOwners(dependent, [owner.Uid]);
            DropFinalizer(owner, OrphanFinalizer);
        }
        else if (finalizers.Contains(ForegroundFinalizer))
        {
            foreach (var dependent in store.DependentsOf(owner.Uid).Where(static d => !d.IsDeleting))
            {
                var alive = dependent.Owners.Any(o => o.Uid != owner.Uid && OwnerExists(dependent, o.Uid));
                if (alive)
                    DropOwners(dependent, [owner.Uid]);
                else
                    Delete(dependent, store.DependentsOf(dependent.Uid).Count > 0 ? "Foreground" : "Background");
            }

            var blocked = store.DependentsOf(owner.Uid).Any(d => d.Owners.Any(o => o.Uid == owner.Uid && o.BlocksOwner));
            if (!blocked)
                DropFinalizer(owner, ForegroundFinalizer);
        }
    }

    private void DropFinalizer(StoredObject owner, string finalizer)
    {
        if (store.FindByUid(owner.Uid) is not { } current || !Finalizers(current.Json).Contains(finalizer))
            return;
        var json = current.Json.DeepClone().AsObject();
        SetFinalizers(json.Metadata(), [.. Finalizers(json).Where(f => f != finalizer)]);
        var stored = store.Put(current.Resource, json, current.Managers);
        if (IsFinalized(json))
            Remove(stored);
    }

    private void DropOwners(StoredObject dependent, HashSet<string> uids)
    {
        var json = dependent.Json.DeepClone().AsObject();
        var remaining = json.Metadata()["ownerReferences"]!.AsArray().Where(o => !uids.Contains((string)o!["uid"]!)).Select(static o => o!.DeepClone()).ToArray();
        if (remaining.Length == 0)
            json.Metadata().Remove("ownerReferences");
        else
            json.Metadata()["ownerReferences"] = new JsonArray(remaining);
        store.Put(dependent.Resource, json, dependent.Managers);
    }

    private void EmptyNamespace(StoredObject ns)
    {
        foreach (var content in store.InNamespace(ns.Key.Name))
        {
            if (store.FindByUid(content.Uid) is { IsDeleting: false } current)
                Delete(current, "Background");
        }

        FinishNamespace(ns);
    }

    private void FinishNamespace(StoredObject ns)
    {
        if (store.InNamespace(ns.Key.Name).Count == 0 && Finalizers(ns.Json).Count == 0)
            Remove(ns);
    }

    private void WithdrawCustomResource(StoredObject crd)
    {
        foreach (var resource in CustomResourceDefinitions.Read(crd.Json).Take(1))
        {
            foreach (var instance in store.List(resource).ToList())
                Remove(instance);
        }

        registry.Withdraw(crd.Key.Name);
    }

    private static void SetFinalizers(JsonObject metadata, List<string> finalizers)
    {
        if (finalizers.Count == 0)
            metadata.Remove("finalizers");
        else
            metadata["finalizers"] = new JsonArray([.. finalizers.Select(static f => JsonValue.Create(f))]);
    }
}
