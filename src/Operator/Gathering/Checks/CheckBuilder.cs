using LlmOps.Api;
using LlmOps.Operator.Resources;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Gathering.Checks;

/// <summary>From the checks of a spec to questions. Pure.</summary>
internal static class CheckBuilder
{
    /// <summary>How many intervals a sample may be old, besides the window.</summary>
    private const int MaxAgeIntervals = 2;

    /// <summary>Time that a sample may take on its way, beside two intervals, before a Pass is no longer fresh.</summary>
    private static readonly TimeSpan Transit = MetricHttp.Timeout * 2;

    /// <summary>The checks for the rollout engine.</summary>
    public static EquatableArray<CheckPlan> Plan(LlmDeploymentSpec spec) => Checks(spec)
        .Select(check => new CheckPlan(check.Name, check.Failures ?? Defaults.CheckFailures, (Interval(check) * 2) + Transit))
        .ToEquatableArray();

    /// <summary>What stands against the checks of a spec, before anything is measured, in sentences.</summary>
    public static IEnumerable<string> Problems(LlmDeployment deployment, CheckSources sources) =>
        from check in Checks(deployment.Spec)
        let problem = sources.Phrase(check, Scope(deployment, new Release("-", "-", "-"), Tracks.Candidate, check, deployment.Spec.Engine.Type)).Problem
        where problem is not null
        select $"check {check.Name}: {problem.Problem}";

    /// <summary>The checks of a running rollout.</summary>
    /// <param name="engineOf">Engine type of a release; null where its snapshot is gone.</param>
    public static IReadOnlyList<CheckDefinition> Build(LlmDeployment deployment, Release candidate, Release stable, Func<Release, string?> engineOf, CheckSources sources) =>
        [.. Checks(deployment.Spec).Select(check => new CheckDefinition(
            check.Name,
            new(check.Max, check.Min, check.MaxTimesStable),
            Interval(check),
            (Interval(check) * MaxAgeIntervals) + Window(check),
            sources.Phrase(check, Scope(deployment, candidate, Tracks.Candidate, check, engineOf(candidate))),
            sources.Phrase(check, Scope(deployment, stable, Tracks.Stable, check, engineOf(stable)))))];

    private static QueryScope Scope(LlmDeployment deployment, Release release, string track, CheckSpec check, string? engineType) => new(
        deployment.Metadata.Namespace ?? string.Empty,
        deployment.Metadata.Name!,
        release.Hash,
        release.ServingHash,
        ObjectNames.Serving(deployment.Metadata.Name!, release.ServingHash),
        track,
        ((Duration)Window(check)).ToString(),
        engineType);

    private static IEnumerable<CheckSpec> Checks(LlmDeploymentSpec spec) => spec.Rollout?.Analysis?.Checks ?? [];

    private static TimeSpan Interval(CheckSpec check) => check.Interval ?? Defaults.CheckInterval;

    private static TimeSpan Window(CheckSpec check) => check.Window ?? Defaults.CheckWindow;
}
