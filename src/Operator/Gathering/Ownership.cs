using LlmOps.Kubernetes;

namespace LlmOps.Operator.Gathering;

/// <summary>Who controls an object. By uid: a namesake that was created anew is somebody else.</summary>
internal static class Ownership
{
    public static OwnerReference? ControllerOf(ObjectMeta metadata) => metadata.OwnerReferences?.FirstOrDefault(owner => owner.Controller == true);

    public static bool IsOwnedBy<TOwned, TOwner>(TOwned obj, TOwner owner)
        where TOwned : class, IResource<TOwned>
        where TOwner : class, IResource<TOwner> =>
        ControllerOf(obj.Metadata)?.Uid is { } uid && uid == owner.Metadata.Uid;
}
