using LlmOps.Api;
using LlmOps.Cli.Output;
using Spectre.Console;

namespace LlmOps.Cli.Status;

/// <summary>All LlmDeployments, one line each. Pure.</summary>
internal static class StatusTable
{
    private const int Narrow = 100;

    /// <param name="all">What is shown.</param>
    /// <param name="withNamespace">Whether namespaces have a column.</param>
    /// <param name="columns">Columns of the terminal; null for a pipe. A narrow one gets no column for stable.</param>
    /// <param name="now">The time that ages count to.</param>
    public static Table Of(IEnumerable<LlmDeployment> all, bool withNamespace, int? columns, DateTimeOffset now)
    {
        var isNarrow = columns < Narrow;
        string[] titles = [.. withNamespace ? ["NAMESPACE"] : Array.Empty<string>(), "NAME", "PHASE", .. isNarrow ? [] : new[] { "STABLE" }, "CANDIDATE", "WEIGHT", "STEP", "REASON", "SINCE"];
        var table = Words.Table(titles);
        foreach (var deployment in all.OrderBy(d => d.Metadata.Namespace, StringComparer.Ordinal).ThenBy(d => d.Metadata.Name, StringComparer.Ordinal))
        {
            var (status, rollout) = (deployment.Status, deployment.Status?.Rollout);
            table.Row(
            [
                .. withNamespace ? [deployment.Metadata.Namespace] : Array.Empty<string?>(),
                deployment.Metadata.Name, status?.Phase ?? DeploymentPhases.Pending, .. isNarrow ? [] : new[] { status?.Stable?.Release }, status?.Candidate?.Release,
                status?.Candidate is { } candidate ? $"{candidate.Weight}%" : null,
                status?.Candidate is not null ? Step(rollout) : null,
                Stalled(status) ?? rollout?.Reason,
                rollout is null ? null : Times.Age(rollout.ReasonSince ?? rollout.FinishedAt ?? rollout.StartedAt, now),
            ]);
        }

        return table;
    }

    /// <summary>How far a rollout is; null without one.</summary>
    public static string? Step(RolloutStatus? rollout) => rollout switch
    {
        null => null,
        { Phase: "Stepping", Step: { } step, Steps: { } steps } => $"{Math.Min(step + 1, steps)}/{steps}",
        _ => rollout.Phase,
    };

    /// <summary>What somebody has to act on comes before what is waited for.</summary>
    public static string? Stalled(LlmDeploymentStatus? status) => status?.Conditions?.FirstOrDefault(c => c is { Type: ConditionTypes.Stalled, Status: "True" })?.Reason;
}
