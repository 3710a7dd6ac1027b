using LlmOps.Rollouts;

namespace LlmOps.Operator.Gathering.Checks;

/// <summary>A check with its queries, as it is run for one candidate. Another definition is another check, and starts without a sample.</summary>
/// <param name="Target">Null where there is none, and then <paramref name="Problem"/> says why.</param>
/// <param name="Candidate">Query of the candidate; null where there is none.</param>
/// <param name="Stable">Query of stable, or why there is none.</param>
/// <param name="Problem">Why the check cannot be run at all; it then never passes and never fails.</param>
internal sealed record CheckDefinition(
    string Name, CheckBounds Bounds, TimeSpan Interval, TimeSpan MaxAge, PrometheusTarget? Target, string? Candidate, StableQuery Stable, Reading? Problem);

/// <summary>What passes; at least one is given.</summary>
internal sealed record CheckBounds(double? Max, double? Min, double? MaxTimesStable);

/// <param name="Query">Null where there is none.</param>
/// <param name="Problem">Why there is none.</param>
internal sealed record StableQuery(string? Query, string? Problem);
