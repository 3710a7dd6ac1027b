using LlmOps.Api;

namespace LlmOps.Cli.Status;

/// <summary>How far a stage of a rollout is.</summary>
internal enum StageState
{
    Done,
    Current,
    Failed,
    Pending,
}

/// <summary>A stage of a rollout.</summary>
/// <param name="Step">Index of the step, from 0; that of the number of steps for what comes after them; -1 for the start.</param>
/// <param name="Name">The stage in words, such as <c>weight 25%</c>.</param>
/// <param name="State">How far it is.</param>
/// <param name="Time">Since when, until when.</param>
internal sealed record Stage(int Step, string Name, StageState State, StepTimeStatus? Time);

/// <summary>The stages of a rollout: those that it went through, and those that the spec still has for it. Pure.</summary>
internal static class Stages
{
    public static IReadOnlyList<Stage> Of(LlmDeployment deployment)
    {
        if (deployment.Status?.Rollout is not { } rollout)
            return [];
        var times = rollout.StepTimes ?? [];
        var last = times.LastOrDefault(t => t.StartedAt is not null);
        var stages = times.Select(t => new Stage(t.Name == "start" ? -1 : t.Step, t.Name, StateOf(t, ReferenceEquals(t, last), rollout), t)).ToList();
        if (!rollout.IsOver() && rollout.Phase != "Reverting")
            stages.AddRange(Ahead(deployment.Spec.Rollout?.Steps ?? Defaults.Steps, rollout, stages));
        return stages;
    }

    /// <summary>A step of the spec in words: as the operator names it in <c>status.rollout.stepName</c>.</summary>
    public static string NameOf(RolloutStep step) => step switch
    {
        { Weight: { } weight } => $"weight {weight}%",
        { Mirror: { } mirror } => $"mirror {mirror.Percent}%",
        { Approve: not null } => "approval",
        { Gates: { Count: > 1 } gates } => $"gates {string.Join(", ", gates)}",
        _ => $"gate {step.AllGates().FirstOrDefault()}",
    };

    /// <summary>A first release and a rollback have fewer steps than the spec: what does not fit the status is not told.</summary>
    private static IEnumerable<Stage> Ahead(IReadOnlyList<RolloutStep> steps, RolloutStatus rollout, List<Stage> gone)
    {
        if (rollout.Steps != steps.Count || rollout.Kind == "Rollback")
            return [];
        var reached = gone.Count == 0 ? -1 : gone.Max(s => s.Step);
        return steps.Select((step, index) => new Stage(index, NameOf(step), StageState.Pending, null)).Where(s => s.Step > reached);
    }

    private static StageState StateOf(StepTimeStatus time, bool isLast, RolloutStatus rollout) => time switch
    {
        { StartedAt: null } => StageState.Pending,
        _ when isLast && rollout.Phase is "Reverted" or "Reverting" => StageState.Failed,
        { EndedAt: null } when !rollout.IsOver() => StageState.Current,
        _ => StageState.Done,
    };
}
