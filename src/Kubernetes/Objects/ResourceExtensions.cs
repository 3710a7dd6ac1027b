namespace LlmOps.Kubernetes;

/// <summary>Small questions that every object can answer.</summary>
public static class ResourceExtensions
{
    public static ObjectKey Key<T>(this T obj)
        where T : class, IResource<T> => new(obj.Metadata.Namespace ?? string.Empty, obj.Metadata.Name ?? string.Empty);

    /// <summary>A reference for events.</summary>
    public static ObjectReference Reference<T>(this T obj)
        where T : class, IResource<T> => new()
        {
            ApiVersion = T.ResourceKind.ApiVersion,
            Kind = T.ResourceKind.Kind,
            Namespace = obj.Metadata.Namespace,
            Name = obj.Metadata.Name,
            Uid = obj.Metadata.Uid,
            ResourceVersion = obj.Metadata.ResourceVersion,
        };

    /// <summary>An owner reference that makes this object the controller of its dependents.</summary>
    /// <exception cref="InvalidOperationException">The object has no uid: it was not read from the server.</exception>
    public static OwnerReference ControllerReference<T>(this T obj)
        where T : class, IResource<T> => new()
        {
            ApiVersion = T.ResourceKind.ApiVersion,
            Kind = T.ResourceKind.Kind,
            Name = obj.Metadata.Name ?? throw new InvalidOperationException($"{T.ResourceKind.Kind} has no name."),
            Uid = obj.Metadata.Uid ?? throw new InvalidOperationException($"{T.ResourceKind.Kind} {obj.Key()} has no uid."),
            Controller = true,
            BlockOwnerDeletion = true,
        };

    /// <summary>Whether the object waits for its finalizers.</summary>
    public static bool IsDeleting<T>(this T obj)
        where T : class, IResource<T> => obj.Metadata.DeletionTimestamp is not null;
}
