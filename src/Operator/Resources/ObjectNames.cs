using System.Security.Cryptography;
using System.Text;

namespace LlmOps.Operator.Resources;

/// <summary>Deterministic names of what the operator owns, so that a second attempt finds the first one's object.</summary>
internal static class ObjectNames
{
    /// <summary>Longest DNS label: names of Services and values of labels.</summary>
    private const int LongestLabel = 63;

    /// <summary>Deployment and Service of a serving hash.</summary>
    public static string Serving(string deployment, string servingHash) => Join(deployment, servingHash);

    /// <summary>Service of a track, for a route; the name stays from release to release.</summary>
    public static string Track(string deployment, string track) => Join(deployment, track);

    /// <summary>ControllerRevision of a release.</summary>
    public static string Revision(string deployment, string releaseHash) => Join(deployment, releaseHash);

    /// <summary>EvalRun of a gate in a step; attempts after the first carry their number.</summary>
    public static string EvalRun(string deployment, string rolloutId, int stepIndex, string gate, int attempt)
    {
        var suffix = $"{rolloutId}-{stepIndex}-{Hash(gate)[..4]}";
        return Join(deployment, attempt <= 1 ? suffix : $"{suffix}-{attempt}");
    }

    /// <summary>EvalRun of a gate that a person asked for, by the uid of the RolloutAction.</summary>
    public static string Evaluation(string deployment, string actionUid, string gate) => Join(deployment, $"{Hash(actionUid)[..8]}-{Hash(gate)[..4]}");

    /// <summary>RolloutRecord of a rollout.</summary>
    public static string Record(string deployment, string rolloutId) => Join(deployment, rolloutId);

    /// <summary>ConfigMap with the plan of an EvalRun.</summary>
    public static string Plan(string evalRun) => $"{evalRun}-plan";

    /// <summary>ConfigMap with the report of an EvalRun.</summary>
    public static string Report(string evalRun) => $"{evalRun}-report";

    /// <summary>The name as a label value.</summary>
    public static string LabelValue(string name) => name.Length <= LongestLabel ? name : Shorten(name, LongestLabel);

    // A Service's name is a DNS label: no dots, at most 63 characters, a letter first. What has to be changed gets a hash, so that two names never meet.
    private static string Join(string name, string suffix)
    {
        var most = LongestLabel - 1 - suffix.Length;
        var fits = name.Length <= most && !name.Contains('.', StringComparison.Ordinal) && char.IsAsciiLetter(name[0]);
        return $"{(fits ? name : Shorten(name, most))}-{suffix}";
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static string Shorten(string name, int most)
    {
        var hash = Hash(name)[..8];
        var readable = name.Replace('.', '-');
        if (!char.IsAsciiLetter(readable[0]))
            readable = "llm-" + readable;
        var kept = Math.Min(readable.Length, most - 9);
        return $"{readable[..kept].TrimEnd('-')}-{hash}";
    }
}
