namespace LlmOps.Rollouts.Engine;

/// <summary>The one place where a weight changes. Each change is a new epoch, so that every request is counted at the weight it was assigned at.</summary>
internal static class WeightChange
{
    /// <summary>The rollout with another weight and no hold; the same epoch where the weight stays.</summary>
    public static Rollout To(Rollout rollout, int weightPercent) => rollout.WeightPercent == weightPercent
        ? rollout with { HoldStartedAt = null }
        : NewEpoch(rollout, weightPercent) with { HoldStartedAt = null };

    /// <summary>The rollout holding a weight from now on, counting its requests anew.</summary>
    public static Rollout Hold(Rollout rollout, int weightPercent, DateTimeOffset now) => NewEpoch(rollout, weightPercent) with { HoldStartedAt = now };

    private static Rollout NewEpoch(Rollout rollout, int weightPercent) => rollout with
    {
        WeightPercent = weightPercent,
        WeightEpoch = rollout.WeightEpoch + 1,
        MaxWeight = Math.Max(rollout.MaxWeight, weightPercent),
        Onsets = [],
        PredictedWait = null,
    };
}
