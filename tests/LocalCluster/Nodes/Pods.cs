using System.Security.Cryptography;
using LlmOps.Kubernetes;

namespace LlmOps.LocalCluster.Nodes;

/// <summary>What several controllers ask of a pod.</summary>
internal static class Pods
{
    // Kubernetes' alphabet of generated names: no vowels, no look-alikes, so no words.
    private const string SafeLetters = "bcdfghjklmnpqrstvwxz2456789";

    public static bool IsReady(this Pod pod) => pod.Status?.Conditions?.Any(c => c is { Type: "Ready", Status: "True" }) == true;

    public static bool HasEnded(this Pod pod) => pod.Status?.Phase is "Succeeded" or "Failed";

    /// <summary>Neither ended nor about to be deleted.</summary>
    public static bool IsActive(this Pod pod) => !pod.HasEnded() && !pod.IsDeleting();

    public static bool IsControlledBy(this ObjectMeta metadata, string? uid) =>
        metadata.OwnerReferences?.Any(owner => owner.Controller == true && owner.Uid == uid) == true;

    public static OwnerReference? ControllerOf(this ObjectMeta metadata, string kind) =>
        metadata.OwnerReferences?.FirstOrDefault(owner => owner.Controller == true && owner.Kind == kind);

    /// <summary>A pod of a workload's template, with a random name that starts with the workload's.</summary>
    public static Pod Instantiate(PodTemplateSpec template, string ns, string owner, OwnerReference reference, IReadOnlyDictionary<string, string> labels) => new()
    {
        Metadata = new()
        {
            Name = $"{owner}-{RandomSuffix(5)}",
            Namespace = ns,
            Labels = labels,
            Annotations = template.Metadata?.Annotations,
            OwnerReferences = [reference],
        },
        Spec = template.Spec,
    };

    public static string RandomSuffix(int length) => RandomNumberGenerator.GetString(SafeLetters, length);

    /// <summary>Ten letters for a hash, in the alphabet of generated names.</summary>
    public static string SafeHash(ReadOnlySpan<byte> text)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text, digest);
        Span<char> letters = stackalloc char[10];
        for (var i = 0; i < letters.Length; i++)
            letters[i] = SafeLetters[digest[i] % SafeLetters.Length];
        return new string(letters);
    }
}
