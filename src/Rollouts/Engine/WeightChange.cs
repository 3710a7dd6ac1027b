namespace LlmOps.Rollouts.Engine;

/// <summary>The one place where a weight or a mirror changes. Each change is a new epoch, so that every request is counted at the weight it was assigned at.</summary>
internal static class WeightChange
{
    /// <summary>The rollout with another weight, without a hold and a mirror; the same epoch where nothing of that changes for gateways.</summary>
    public static Rollout To(Rollout rollout, int weightPercent) => rollout.WeightPercent == weightPercent && rollout.Mirror is null
        ? rollout with { HoldStartedAt = null }
        : NewEpoch(rollout, weightPercent) with { HoldStartedAt = null };

    /// <summary>The rollout holding a weight from now on, counting its requests anew.</summary>
    public static Rollout Hold(Rollout rollout, int weightPercent, DateTimeOffset now) => NewEpoch(rollout, weightPercent) with { HoldStartedAt = now };

    /// <summary>The rollout copying requests from now on, at weight 0, counting them anew.</summary>
    public static Rollout Copy(Rollout rollout, MirrorSettings mirror, DateTimeOffset now) => NewEpoch(rollout, 0) with { Mirror = mirror, HoldStartedAt = now };

    private static Rollout NewEpoch(Rollout rollout, int weightPercent) => rollout with
    {
        WeightPercent = weightPercent,
        Mirror = null,
        WeightEpoch = rollout.WeightEpoch + 1,
        MaxWeight = Math.Max(rollout.MaxWeight, weightPercent),
        Baselines = [],
        Onsets = [],
        PredictedWait = null,
    };
}
