using System.Globalization;
using System.Text.Json.Nodes;
using LlmOps.Kubernetes;
using LlmOps.Kubernetes.Schema;
using LlmOps.Testing.ApiServer.Apply;
using LlmOps.Testing.ApiServer.Http;
using LlmOps.Testing.ApiServer.Resources;
using LlmOps.Testing.ApiServer.Storage;

namespace LlmOps.Testing.ApiServer.Writes;

/// <summary>
/// Create, update, patch and apply, with the order of steps of the real API server: take over what the writer may write,
/// prune, default, validate, work out generation and owners, and store only if something changed. Called with the store's
/// gate held.
/// </summary>
internal sealed class ObjectWriter(ObjectStore store, ResourceRegistry registry, ObjectLifecycle lifecycle, TimeProvider time)
{
    private const string GeneratedNameAlphabet = "bcdfghjklmnpqrstvwxz2456789";

    /// <summary>Changes objects before they are stored.</summary>
    public Action<ResourceDefinition, JsonObject>? Admit { get; set; }

    public WriteResult Create(ResourceDefinition resource, string? ns, JsonObject body, WriteOptions options)
    {
        var obj = Admissible(resource, ns, null, body);
        if (!string.IsNullOrEmpty((string?)obj.Metadata()["resourceVersion"]))
            throw StatusError.BadRequest("resourceVersion should not be set on objects to be created");
        if (string.IsNullOrEmpty((string?)obj.Metadata()["name"]) && (string?)obj.Metadata()["generateName"] is { Length: > 0 } prefix)
            obj.Metadata()["name"] = prefix + string.Concat(Random.Shared.GetItems<char>(GeneratedNameAlphabet, 5));
        return Insert(resource, obj, ManagedFields.None, options, update: options.Updating(null));
    }

    public WriteResult Update(ResourceDefinition resource, ObjectKey key, JsonObject body, string? subresource, WriteOptions options)
    {
        var old = Existing(resource, key);
        var obj = Admissible(resource, key.Namespace, key.Name, body);
        var version = (string?)obj.Metadata()["resourceVersion"];
        if (string.IsNullOrEmpty(version) && resource.IsCustom)
            throw StatusError.Invalid(resource, key.Name, [FieldCause.Invalid("metadata.resourceVersion", "0", "must be specified for an update")]);
        return Replace(old, obj, subresource, options);
    }

    /// <param name="change">Makes the patched object from the stored one.</param>
    public WriteResult Patch(ResourceDefinition resource, ObjectKey key, Func<JsonObject, JsonObject> change, string? subresource, WriteOptions options)
    {
        var old = Existing(resource, key);
        var patched = change(old.View());
        return Replace(old, Admissible(resource, key.Namespace, key.Name, patched), subresource, options);
    }

    public WriteResult Apply(ResourceDefinition resource, ObjectKey key, JsonObject body, string? subresource, bool force, WriteOptions options)
    {
        var applied = Admissible(resource, key.Namespace, key.Name, body);
        if (applied.Metadata()["managedFields"] is JsonArray { Count: > 0 })
            throw StatusError.BadRequest("metadata.managedFields must be nil");
        var old = store.Find(resource, key);
        if (old is null && subresource is not null)
            throw StatusError.NotFound(resource, key.Name);
        if (old is null && (string?)applied.Metadata()["uid"] is { Length: > 0 } uid)
            throw StatusError.Conflict(resource, key.Name, $"uid mismatch: the provided object specified uid {uid}, and no existing object was found");
        if (old is not null)
            CheckPreconditions(old, applied);

        // Without a declaration nobody can know how to merge it; the real server, too, calls that an internal error.
        if (Prune(resource, applied) is [var unknown, ..])
            throw new StatusError(500, string.Empty, $"failed to create typed patch object ({key.Namespace}/{key.Name}; {resource.ApiVersion}, Kind={resource.Kind}): .{unknown}: field not declared in schema");
        var manager = options.Applying(subresource);
        var merged = ServerSideApply.Apply(
            old?.Json ?? [], old?.Managers ?? ManagedFields.None, Writable(resource, applied, subresource), resource.MergeSchema, manager, resource.ApiVersion, Now(), force);
        if (old is not null)
            return Store(old, Takeover(old, merged.Json, subresource), merged.Managers, options);
        merged.Json["apiVersion"] = resource.ApiVersion;
        merged.Json["kind"] = resource.Kind;
        merged.Json.Metadata()["name"] = key.Name;
        if (resource.Namespaced)
            merged.Json.Metadata()["namespace"] = key.Namespace;
        return Insert(resource, merged.Json, merged.Managers, options, update: null);
    }

    private WriteResult Insert(ResourceDefinition resource, JsonObject obj, ManagedFields managers, WriteOptions options, FieldManager? update)
    {
        var metadata = obj.Metadata();
        var name = (string?)metadata["name"] ?? string.Empty;
        if (resource.Namespaced)
            lifecycle.CheckNamespaceAccepts(resource, (string)metadata["namespace"]!, name);
        if (store.Find(resource, new ObjectKey((string?)metadata["namespace"] ?? string.Empty, name)) is not null)
            throw StatusError.AlreadyExists(resource, name);
        foreach (var field in new[] { "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "selfLink", "resourceVersion" })
            metadata.Remove(field);
        metadata["uid"] = Guid.NewGuid().ToString();
        metadata["creationTimestamp"] = Now();
        if (resource.TracksGeneration)
            metadata["generation"] = 1L;
        else
            metadata.Remove("generation");
        if (resource.HasStatus && !resource.KeepsStatusOnCreate)
            obj.Remove("status");

        Check(resource, obj, null, options);
        if (update is { } manager)
            managers = managers.AfterUpdate([], FieldLeaves.Of(obj, resource.MergeSchema), manager, resource.ApiVersion, Now());
        if (resource.Kind == "CustomResourceDefinition")
            obj["status"] = CustomResourceDefinitions.AcceptedStatus(obj, Now());
        if (options.DryRun)
            return new WriteResult(new StoredObject(resource, obj, managers, store.ResourceVersion), Changed: false, Created: true);
        var stored = store.Put(resource, obj, managers);
        Serve(stored);
        lifecycle.CollectIfDangling(stored);
        return new WriteResult(stored, Changed: true, Created: true);
    }

    private WriteResult Replace(StoredObject old, JsonObject obj, string? subresource, WriteOptions options)
    {
        CheckPreconditions(old, obj);
        var candidate = Takeover(old, obj, subresource);
        return Store(old, candidate, managers: null, options, options.Updating(subresource));
    }

    /// <param name="managers">The owners after an apply; null for other writes, whose owners follow from the difference.</param>
    private WriteResult Store(StoredObject old, JsonObject candidate, ManagedFields? managers, WriteOptions options, FieldManager update = default)
    {
        var resource = old.Resource;
        Check(resource, candidate, old.Json, options);
        managers ??= old.Managers.AfterUpdate(
            FieldLeaves.Of(old.Json, resource.MergeSchema), FieldLeaves.Of(candidate, resource.MergeSchema), update, resource.ApiVersion, Now());
        if (resource.TracksGeneration && !JsonNode.DeepEquals(Desired(resource, old.Json), Desired(resource, candidate)))
            candidate.Metadata()["generation"] = ((long?)old.Json.Metadata()["generation"] ?? 0) + 1;

        var unchanged = JsonNode.DeepEquals(old.Json, candidate) && old.Managers.SameAs(managers);
        if (unchanged && !ObjectLifecycle.IsFinalized(candidate))
            return new WriteResult(old, Changed: false);
        if (options.DryRun)
            return new WriteResult(new StoredObject(resource, candidate, managers, old.ResourceVersion), Changed: false);
        if (ObjectLifecycle.IsFinalized(candidate))
            return new WriteResult(lifecycle.Remove(store.Put(resource, candidate, managers)), Changed: true, Removed: true);
        var stored = store.Put(resource, candidate, managers);
        Serve(stored);
        lifecycle.CollectIfDangling(stored);
        return new WriteResult(stored, Changed: true);
    }

    /// <summary>The stored object with what this writer, through this subresource, may change.</summary>
    private static JsonObject Takeover(StoredObject old, JsonObject incoming, string? subresource)
    {
        JsonObject result;
        if (subresource == "status")
        {
            result = old.Json.DeepClone().AsObject();
            Copy(incoming, result, "status");
            return result;
        }

        result = incoming.DeepClone().AsObject();
        result["apiVersion"] = old.Resource.ApiVersion;
        result["kind"] = old.Resource.Kind;
        if (old.Resource.HasStatus)
            Copy(old.Json, result, "status");
        foreach (var field in new[] { "name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "resourceVersion" })
            Copy(old.Json.Metadata(), result.Metadata(), field);
        result.Metadata().Remove("managedFields");
        result.Metadata().Remove("selfLink");
        return result;
    }

    /// <summary>Leaves out of an applied configuration what this subresource may not write, so that nobody comes to own it.</summary>
    private static JsonObject Writable(ResourceDefinition resource, JsonObject applied, string? subresource)
    {
        if (subresource == "status")
            return new JsonObject { ["status"] = applied["status"]?.DeepClone() };
        if (resource.HasStatus)
            applied.Remove("status");
        return applied;
    }

    private static JsonObject Admissible(ResourceDefinition resource, string? ns, string? name, JsonObject body)
    {
        var obj = body.DeepClone().AsObject();
        obj["apiVersion"] ??= resource.ApiVersion;
        obj["kind"] ??= resource.Kind;
        if ((string?)obj["apiVersion"] != resource.ApiVersion || (string?)obj["kind"] != resource.Kind)
            throw StatusError.BadRequest($"the API version in the data ({obj["apiVersion"]}, Kind={obj["kind"]}) does not match the expected API version ({resource.ApiVersion}, Kind={resource.Kind})");
        var metadata = obj.Metadata();
        foreach (var empty in metadata.Where(static p => p.Value is null).Select(static p => p.Key).ToList())
            metadata.Remove(empty);
        if (name is not null)
        {
            metadata["name"] ??= name;
            if ((string?)metadata["name"] != name)
                throw StatusError.BadRequest($"the name of the object ({metadata["name"]}) does not match the name on the URL ({name})");
        }

        if (!resource.Namespaced)
        {
            metadata.Remove("namespace");
            return obj;
        }

        metadata["namespace"] ??= ns;
        if ((string?)metadata["namespace"] != ns)
            throw StatusError.BadRequest($"the namespace of the provided object does not match the namespace sent on the request: {metadata["namespace"]}, {ns}");
        return obj;
    }

    private static void CheckPreconditions(StoredObject old, JsonObject incoming)
    {
        var version = (string?)incoming.Metadata()["resourceVersion"];
        if (!string.IsNullOrEmpty(version) && version != old.ResourceVersion.ToString(CultureInfo.InvariantCulture))
            throw StatusError.Modified(old.Resource, old.Key.Name);
        var uid = (string?)incoming.Metadata()["uid"];
        if (!string.IsNullOrEmpty(uid) && uid != old.Uid)
            throw StatusError.Conflict(old.Resource, old.Key.Name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {old.Uid}");
    }

    private void Check(ResourceDefinition resource, JsonObject obj, JsonObject? old, WriteOptions options)
    {
        Admit?.Invoke(resource, obj);
        var unknown = Prune(resource, obj);
        if (options.StrictFields && unknown.Count > 0)
            throw StatusError.BadRequest(Unknown(unknown));
        if (resource.Schema is { } schema)
            SchemaDefaults.ApplyDefaults(obj, schema);
        else
            BuiltInRules.ApplyDefaults(resource, obj);
        List<FieldCause> causes = [.. ObjectNames.Check(obj)];
        if (resource.Schema is { } checks)
            causes.AddRange(SchemaValidation.Validate(obj, checks));
        else
            causes.AddRange(BuiltInRules.Validate(resource, obj, old));
        if (old?.Metadata()["deletionTimestamp"] is not null && NewFinalizers(old, obj).Any())
            causes.Add(FieldCause.Forbidden("metadata.finalizers", $"no new finalizers can be added if the object is being deleted, found new finalizers {string.Join(", ", NewFinalizers(old, obj))}"));
        if (causes.Count > 0)
            throw StatusError.Invalid(resource, (string?)obj.Metadata()["name"] ?? string.Empty, causes);
    }

    private static IEnumerable<string> NewFinalizers(JsonObject old, JsonObject obj) =>
        ObjectLifecycle.Finalizers(obj).Except(ObjectLifecycle.Finalizers(old));

    private static IReadOnlyList<string> Prune(ResourceDefinition resource, JsonObject obj) =>
        resource.Schema is { } schema ? SchemaDefaults.Prune(obj, schema) : [];

    private static string Unknown(IEnumerable<string> paths) =>
        "strict decoding error: " + string.Join(", ", paths.Select(static p => $"unknown field \"{p}\""));

    /// <summary>What the generation counts: all but metadata and, where it is a subresource, status.</summary>
    private static JsonObject Desired(ResourceDefinition resource, JsonObject obj)
    {
        var desired = obj.DeepClone().AsObject();
        desired.Remove("metadata");
        if (resource.HasStatus)
            desired.Remove("status");
        return desired;
    }

    private static void Copy(JsonObject from, JsonObject to, string field)
    {
        if (from[field] is { } value)
            to[field] = value.DeepClone();
        else
            to.Remove(field);
    }

    private void Serve(StoredObject stored)
    {
        if (stored.Resource.Kind == "CustomResourceDefinition")
            registry.Serve(stored.Key.Name, CustomResourceDefinitions.Read(stored.Json));
    }

    private StoredObject Existing(ResourceDefinition resource, ObjectKey key) =>
        store.Find(resource, key) ?? throw StatusError.NotFound(resource, key.Name);

    private string Now() => ObjectLifecycle.Timestamp(time);
}
