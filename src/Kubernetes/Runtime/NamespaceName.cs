using System.Text.RegularExpressions;

namespace LlmOps.Kubernetes;

/// <summary>Names of namespaces.</summary>
public static partial class NamespaceName
{
    /// <summary>Whether a namespace may have this name. See https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names</summary>
    public static bool IsPossible(string name) => name.Length <= 63 && Label().IsMatch(name);

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Label();
}
