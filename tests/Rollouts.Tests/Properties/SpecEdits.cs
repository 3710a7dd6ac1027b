namespace LlmOps.Rollouts.Tests.Properties;

/// <summary>What people write into the spec, by chance.</summary>
internal static class SpecEdits
{
    public static readonly string[] Checks = ["latency", "queue"];

    /// <summary>From any of them to another one the prompt changes, the model, or both.</summary>
    public static readonly Release[] Releases =
    [
        new("a", "s1", "p1"), new("b", "s2", "p1"), new("c", "s1", "p2"), new("d", "s3", "p2"), new("e", "s2", "p2"), new("f", "s4", "p1"),
    ];

    private static readonly EquatableArray<CheckPlan> CheckPlans = [new("latency", 2, TimeSpan.FromMinutes(5)), new("queue", 1, TimeSpan.FromMinutes(1))];

    private static readonly EquatableArray<Step>[] StepLists =
    [
        [new GateStep("quality"), new WeightStep(5, TimeSpan.FromMinutes(1), 10), new WeightStep(50, TimeSpan.FromMinutes(2), 0)],
        [new WeightStep(25, TimeSpan.FromMinutes(1), 10), new GateStep("safety"), new WeightStep(100, TimeSpan.Zero, 10)],
        [new GateStep("quality"), new GateStep("safety")],
        [new MirrorStep(new(20, 8), TimeSpan.FromMinutes(1), 10), new GateStep("quality"), new WeightStep(50, TimeSpan.FromMinutes(1), 0)],
        [new WeightStep(50, TimeSpan.FromSeconds(30), 0)],
        [new GateStep(["quality", "safety"]), new WeightStep(10, TimeSpan.FromSeconds(30), 0), new ApproveStep(TimeSpan.FromMinutes(5)), new GateStep("late"), new WeightStep(50, TimeSpan.FromMinutes(1), 10)],
        [new WeightStep(60, TimeSpan.FromSeconds(30), 0), new ApproveStep(TimeSpan.FromMinutes(30)), new GateStep("late")],
        [],
    ];

    public static RolloutPlan First(Dice dice) => new()
    {
        Desired = Releases[0],
        Steps = dice.Pick(StepLists),
        Replicas = 1 + dice.Roll(6),
        Generation = 1,
        ProgressDeadline = TimeSpan.FromMinutes(dice.OneIn(2) ? 5 : 20),
        Bake = TimeSpan.FromMinutes(dice.Roll(3)),
        OnInconclusive = dice.OneIn(4) ? OnInconclusive.Hold : OnInconclusive.Revert,
        GpusPerReplica = 2 * dice.Roll(2),
        AllowDowntime = dice.OneIn(4),
        Checks = dice.OneIn(4) ? CheckPlans : [],
    };

    public static RolloutPlan Release(RolloutPlan plan, Dice dice) => Edit(plan with
    {
        Desired = dice.OneIn(10) ? null : dice.Pick(Releases),
        Replicas = dice.OneIn(4) ? dice.Roll(6) : plan.Replicas,
    });

    public static RolloutPlan Stable(RolloutPlan plan, RolloutState state) => Edit(plan with { Desired = state.Stable ?? plan.Desired });

    public static RolloutPlan Pause(RolloutPlan plan, Dice dice) => Edit(plan with { Paused = dice.OneIn(4) && !plan.Paused });

    public static RolloutPlan Scale(RolloutPlan plan, Dice dice) => Edit(plan with { Replicas = dice.Roll(7) });

    public static RolloutPlan Any(RolloutPlan plan, Dice dice) => Edit(dice.Roll(12) switch
    {
        0 or 1 => plan with { Steps = dice.Pick(StepLists) },
        2 => plan with { OnInconclusive = (OnInconclusive)dice.Roll(2) },
        3 => plan with { Checks = dice.OneIn(2) ? [] : [new("latency", 1 + dice.Roll(3), TimeSpan.FromMinutes(5)), .. CheckPlans.Skip(dice.Roll(2) + 1)] },
        4 => plan with { Bake = TimeSpan.FromMinutes(dice.Roll(3)), BakeWeightPercent = 1 + dice.Roll(100), DrainDeadline = TimeSpan.FromMinutes(dice.Roll(2)) },
        5 => plan with { GpusPerReplica = 2, MaxSurgeGpus = dice.Roll(9), MaxUnavailable = dice.Roll(3) },
        6 => plan with { MaxSurgeGpus = null, MaxUnavailable = null, GpusPerReplica = 2 },
        7 => plan with { IsAutoscaled = !plan.IsAutoscaled, MaxReplicas = dice.OneIn(2) ? null : 4 },
        8 => plan with { AllowDowntime = dice.OneIn(2), Capacity = (CapacityPlan)dice.Roll(4) },
        9 => plan with { Analysis = plan.Analysis with { Promotion = (PromotionPolicy)dice.Roll(2), Limits = dice.OneIn(2) ? [] : [new("errors", null, 0.05, "errors 5%")] } },
        10 => plan with { Analysis = plan.Analysis with { FalseRevertProbability = dice.OneIn(2) ? 0.01 : 0.2 } },
        _ => plan with { ProgressDeadline = TimeSpan.FromMinutes(1 + dice.Roll(20)), StartDeadlines = new(TimeSpan.FromMinutes(1 + dice.Roll(9)), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(2)) },
    });

    private static RolloutPlan Edit(RolloutPlan plan) => plan with { Generation = plan.Generation + 1 };
}
