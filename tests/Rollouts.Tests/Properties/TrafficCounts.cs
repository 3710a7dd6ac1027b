namespace LlmOps.Rollouts.Tests.Properties;

/// <summary>What two gateways count while the candidate is asked.</summary>
internal sealed class TrafficCounts
{
    private readonly Dictionary<(string Process, int Epoch), EvidenceRow> rows = [];

    public string? ProviderError { get; set; }

    public EvidenceObservation Read(RolloutState state) => new(ProviderError, rows.Values.ToEquatableArray(), state.Current?.Id);

    public void Clear() => rows.Clear();

    /// <param name="stableErrors">Share of stable's requests that fail, 0 to 1.</param>
    /// <param name="candidateErrors">As of stable.</param>
    public void Serve(RolloutState state, Dice dice, double stableErrors, double candidateErrors) => Count(state, dice, (row, weight) =>
    {
        var requests = 100 * (1 + dice.Roll(20));
        return row with
        {
            Stable = Add(row.Stable, requests * (100 - weight) / 100, stableErrors),
            Candidate = Add(row.Candidate, requests * weight / 100, candidateErrors),
        };
    });

    /// <summary>The candidate's prompt cannot be rendered, or its engine refuses.</summary>
    public void Break(RolloutState state, Dice dice) => Count(state, dice, (row, _) => row with
    {
        Candidate = dice.OneIn(2) ? row.Candidate with { RenderFailures = row.Candidate.RenderFailures + 1 } : row.Candidate with { Unauthorized = row.Candidate.Unauthorized + 1 },
    });

    private void Count(RolloutState state, Dice dice, Func<EvidenceRow, int, EvidenceRow> count)
    {
        if (state is { CandidateIsAsked: true, Current.WeightEpoch: var epoch })
        {
            var (isMirrored, process) = (state.Mirror is not null, $"gateway-{dice.Roll(2)}");
            var row = rows.GetValueOrDefault((process, epoch)) ?? new(process, epoch, state.CandidateWeightPercent, LlmOps.Rollouts.TrackCounts.None, LlmOps.Rollouts.TrackCounts.None) { Mirrored = isMirrored };
            rows[(process, epoch)] = count(row, isMirrored ? 50 : state.CandidateWeightPercent);
        }
    }

    private static TrackCounts Add(TrackCounts counts, int requests, double errors) => counts with { Requests = counts.Requests + requests, Errors = counts.Errors + (long)(requests * errors) };
}
