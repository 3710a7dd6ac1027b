using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Cli.Dashboard;

/// <summary>What the plots show at one time. All counts are of the whole rollout so far, speeds and lengths of the last minutes.</summary>
/// <param name="Time">When the counts were saved.</param>
/// <param name="Weight">Weight of the candidate in per cent.</param>
/// <param name="Stable">Counts of stable.</param>
/// <param name="Candidate">Counts of the candidate.</param>
/// <param name="LogE">Natural logarithm of the e-process of all tests together.</param>
/// <param name="LogThreshold">Where it reverts the candidate.</param>
/// <param name="Tests">Tests that have data.</param>
internal sealed record SeriesPoint(DateTimeOffset Time, int Weight, SeriesTrack Stable, SeriesTrack Candidate, double LogE, double LogThreshold, IReadOnlyList<SeriesTest> Tests);

/// <summary>Counts of a track.</summary>
/// <param name="Requests">Requests.</param>
/// <param name="Errors">Failed ones.</param>
/// <param name="Recent">What answers were like lately; null where no gateway told it.</param>
internal sealed record SeriesTrack(long Requests, long Errors, TrackAnswersStatus? Recent);

/// <summary>A live test.</summary>
/// <param name="Name">Name, such as <c>live/errors</c>.</param>
/// <param name="LogE">Natural logarithm of its e-process.</param>
/// <param name="LogThreshold">Where it alone reverts the candidate.</param>
/// <param name="Message">The numbers in a sentence.</param>
internal sealed record SeriesTest(string Name, double LogE, double LogThreshold, string Message);

/// <summary>Points of the present rollout of each LlmDeployment: one for each weight that it had before the dashboard ran, then one for each change of its counts. Thread-safe.</summary>
internal sealed class SeriesBook
{
    /// <summary>Points that are kept; then every second one is forgotten.</summary>
    private const int Most = 1000;

    private readonly Lock gate = new();
    private readonly Dictionary<ObjectKey, (string Rollout, List<SeriesPoint> Points)> series = [];

    public void Add(LlmDeployment deployment, DateTimeOffset now)
    {
        if (deployment.Status?.Rollout is not { } rollout || LiveEvidence.Point(deployment, now) is not { } point)
            return;
        lock (gate)
        {
            var key = deployment.Key();
            if (!series.TryGetValue(key, out var known) || known.Rollout != rollout.Id)
                series[key] = known = (rollout.Id, [.. LiveEvidence.Earlier(deployment).Where(p => p.Time < point.Time)]);
            if (known.Points is [.., var last] && last.Time == point.Time && last.Weight == point.Weight && last.Candidate == point.Candidate && last.Stable == point.Stable)
                return;
            known.Points.Add(point);
            if (known.Points.Count > Most)
                series[key] = (rollout.Id, [.. known.Points.Where((_, i) => i % 2 == 1)]);
        }
    }

    public IReadOnlyList<SeriesPoint> Of(LlmDeployment deployment)
    {
        lock (gate)
            return series.TryGetValue(deployment.Key(), out var known) && known.Rollout == deployment.Status?.Rollout?.Id ? [.. known.Points] : [];
    }
}
