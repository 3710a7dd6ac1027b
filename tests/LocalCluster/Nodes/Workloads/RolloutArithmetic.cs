using System.Globalization;
using LlmOps.Kubernetes;

namespace LlmOps.LocalCluster.Nodes.Workloads;

/// <summary>One ReplicaSet in the eyes of its Deployment.</summary>
internal readonly record struct ReplicaSetSize(int Replicas, int Available);

/// <summary>
/// How a Deployment moves replicas between its ReplicaSets: kube-controller-manager's <c>rolling.go</c> and
/// <c>recreate.go</c>, one step at a time.
/// </summary>
internal static class RolloutArithmetic
{
    /// <summary>The bounds of a rolling update in pods; surge rounds up, unavailable rounds down, and both 0 means one unavailable.</summary>
    public static (int MaxSurge, int MaxUnavailable) Bounds(RollingUpdate? strategy, int desired)
    {
        var surge = Pods(strategy?.MaxSurge ?? "25%", desired, roundUp: true);
        var unavailable = Pods(strategy?.MaxUnavailable ?? "25%", desired, roundUp: false);
        return surge == 0 && unavailable == 0 ? (0, 1) : (surge, unavailable);
    }

    /// <summary>The new ReplicaSet's size: it grows as far as the surge allows.</summary>
    public static int NewSize(int desired, int maxSurge, ReplicaSetSize current, int oldReplicas)
    {
        if (current.Replicas >= desired)
            return desired;
        var room = desired + maxSurge - (current.Replicas + oldReplicas);
        return room <= 0 ? current.Replicas : current.Replicas + Math.Min(room, desired - current.Replicas);
    }

    /// <summary>The old ReplicaSets' sizes, oldest first: pods that are not available go first, the others as far as availability allows.</summary>
    public static int[] OldSizes(int desired, int maxUnavailable, ReplicaSetSize current, IReadOnlyList<ReplicaSetSize> old)
    {
        var sizes = old.Select(set => set.Replicas).ToArray();
        var minAvailable = desired - maxUnavailable;
        var newUnavailable = Math.Max(0, current.Replicas - current.Available);
        var budget = sizes.Sum() + current.Replicas - minAvailable - newUnavailable;
        if (budget <= 0)
            return sizes;

        for (var i = 0; i < sizes.Length && budget > 0; i++)
        {
            var gone = Math.Clamp(old[i].Replicas - old[i].Available, 0, budget);
            sizes[i] -= gone;
            budget -= gone;
        }

        var spare = old.Sum(set => set.Available) + current.Available - minAvailable;
        for (var i = 0; i < sizes.Length && spare > 0; i++)
        {
            var gone = Math.Min(sizes[i], spare);
            sizes[i] -= gone;
            spare -= gone;
        }

        return sizes;
    }

    private static int Pods(IntOrString value, int desired, bool roundUp)
    {
        if (value.Number is { } number)
            return number;
        var percent = double.Parse(value.Text!.TrimEnd('%'), CultureInfo.InvariantCulture);
        var pods = desired * percent / 100;
        return (int)(roundUp ? Math.Ceiling(pods) : Math.Floor(pods));
    }
}
