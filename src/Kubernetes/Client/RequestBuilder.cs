using System.Globalization;
using System.Text;

namespace LlmOps.Kubernetes;

/// <summary>From (kind, verb, key, options) to a request. Pure: no IO, no clock.</summary>
/// <remarks>Paths: https://kubernetes.io/docs/reference/using-api/api-concepts/</remarks>
internal static class RequestBuilder
{
    public const string JsonContentType = "application/json";
    public const string MergePatchContentType = "application/merge-patch+json";
    public const string JsonPatchContentType = "application/json-patch+json";

    /// <summary>Server-side apply; the body may be JSON, which is YAML. <c>application/apply-patch+json</c> exists only since 1.36.</summary>
    public const string ApplyContentType = "application/apply-patch+yaml";

    public static ApiRequest Get(ResourceKind kind, ObjectKey key, string? subresource = null) =>
        new(HttpMethod.Get, ObjectPath(kind, key, subresource), "get");

    public static ApiRequest List(ResourceKind kind, string? ns, ListOptions options) =>
        new(HttpMethod.Get, CollectionPath(kind, ns) + new Query()
            .Add("labelSelector", options.LabelSelector)
            .Add("fieldSelector", options.FieldSelector)
            .Add("limit", options.Limit)
            .Add("continue", options.Continue)
            .Add("resourceVersion", options.ResourceVersion), "list");

    public static ApiRequest Watch(ResourceKind kind, string? ns, WatchOptions options, TimeSpan timeout) =>
        new(HttpMethod.Get, CollectionPath(kind, ns) + new Query()
            .Add("watch", "true")
            .Add("labelSelector", options.LabelSelector)
            .Add("fieldSelector", options.FieldSelector)
            .Add("resourceVersion", options.ResourceVersion)
            .Add("sendInitialEvents", options.SendInitialEvents ? "true" : null)
            .Add("resourceVersionMatch", options.SendInitialEvents ? "NotOlderThan" : null)
            .Add("allowWatchBookmarks", options.AllowBookmarks || options.SendInitialEvents ? "true" : null)
            .Add("timeoutSeconds", Math.Max(1, (int)timeout.TotalSeconds)), "watch");

    public static ApiRequest Create(ResourceKind kind, string? ns, string fieldManager) =>
        new(HttpMethod.Post, CollectionPath(kind, NamespaceOf(kind, ns)) + new Query().Add("fieldManager", fieldManager), "create", JsonContentType);

    public static ApiRequest Replace(ResourceKind kind, ObjectKey key, string? subresource, string fieldManager) =>
        new(HttpMethod.Put, ObjectPath(kind, key, subresource) + new Query().Add("fieldManager", fieldManager), "update", JsonContentType);

    public static ApiRequest Delete(ResourceKind kind, ObjectKey key) =>
        new(HttpMethod.Delete, ObjectPath(kind, key, null), "delete", JsonContentType);

    public static ApiRequest MergePatch(ResourceKind kind, ObjectKey key, string? subresource, string fieldManager) =>
        new(HttpMethod.Patch, ObjectPath(kind, key, subresource) + new Query().Add("fieldManager", fieldManager), "patch", MergePatchContentType);

    public static ApiRequest JsonPatch(ResourceKind kind, ObjectKey key, string? subresource, string fieldManager) =>
        new(HttpMethod.Patch, ObjectPath(kind, key, subresource) + new Query().Add("fieldManager", fieldManager), "patch", JsonPatchContentType);

    public static ApiRequest Apply(ResourceKind kind, ObjectKey key, string? subresource, string fieldManager, bool force) =>
        new(HttpMethod.Patch, ObjectPath(kind, key, subresource) + new Query()
            .Add("fieldManager", fieldManager)
            .Add("force", force ? "true" : "false"), "patch", ApplyContentType);

    /// <summary>Path of all objects of a kind; a null or empty namespace means all namespaces.</summary>
    private static string CollectionPath(ResourceKind kind, string? ns)
    {
        var root = kind.Group.Length == 0 ? $"/api/{kind.Version}" : $"/apis/{kind.Group}/{kind.Version}";
        return kind.Namespaced && !string.IsNullOrEmpty(ns)
            ? $"{root}/namespaces/{Uri.EscapeDataString(ns)}/{kind.Plural}"
            : $"{root}/{kind.Plural}";
    }

    private static string ObjectPath(ResourceKind kind, ObjectKey key, string? subresource)
    {
        // An empty name would address the whole collection: for a delete, a disaster.
        if (string.IsNullOrEmpty(key.Name))
            throw new ArgumentException($"{kind.Kind} needs metadata.name.", nameof(key));
        if (!IsPossibleName(key.Name))
            throw new ArgumentException($"{kind.Kind} cannot be called {key.Name}.", nameof(key));
        var path = $"{CollectionPath(kind, NamespaceOf(kind, key.Namespace))}/{Uri.EscapeDataString(key.Name)}";
        return subresource is null ? path : $"{path}/{subresource}";
    }

    /// <summary>
    /// Whether an object may have this name. Others would lead to another place: "." to the collection, ".." to what is above it, a slash to a subresource.
    /// See https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#path-segment-names
    /// </summary>
    public static bool IsPossibleName(string name) => name is not ("." or "..") && name.AsSpan().IndexOfAny('/', '%') < 0;

    private static string? NamespaceOf(ResourceKind kind, string? ns) =>
        kind.Namespaced && string.IsNullOrEmpty(ns)
            ? throw new ArgumentException($"{kind.Kind} is namespaced and needs metadata.namespace.", nameof(ns))
            : ns;

    private sealed class Query
    {
        private readonly StringBuilder text = new();

        public Query Add(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
                text.Append(text.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
            return this;
        }

        public Query Add(string name, int? value) => Add(name, value?.ToString(CultureInfo.InvariantCulture));

        public static string operator +(string path, Query query) => path + query.text;
    }
}
