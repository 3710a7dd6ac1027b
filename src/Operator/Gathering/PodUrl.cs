namespace LlmOps.Operator.Gathering;

/// <summary>Where a pod answers.</summary>
internal static class PodUrl
{
    /// <param name="address">IP address of the pod, of either version.</param>
    /// <param name="path">Begins with a slash.</param>
    public static Uri Of(string address, int port, string path) =>
        new($"http://{(address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address)}:{port}{path}");
}
