namespace LlmOps.Operator.Gathering.Checks;

/// <summary>A check with its questions, as it is run for one candidate. Another definition is another check, and starts without a sample.</summary>
/// <param name="Candidate">Where there is no question, the check cannot be run at all: it then never passes and never fails.</param>
internal sealed record CheckDefinition(string Name, CheckBounds Bounds, TimeSpan Interval, TimeSpan MaxAge, TrackQuestion Candidate, TrackQuestion Stable);

/// <summary>What passes; at least one is given.</summary>
internal sealed record CheckBounds(double? Max, double? Min, double? MaxTimesStable);
