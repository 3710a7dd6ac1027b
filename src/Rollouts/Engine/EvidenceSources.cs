namespace LlmOps.Rollouts.Engine;

/// <summary>
/// A request that passes a gateway of ours is counted by it and by the engine that answers it. What the gateways counted is better, what the engines counted is
/// more; they are never added up.
/// </summary>
public static class EvidenceSources
{
    /// <summary>
    /// The rows that tests are made on: the gateways', or, where no gateway counted a request, the engines', of each epoch in one row: an engine by itself serves
    /// one track alone.
    /// </summary>
    public static EquatableArray<EvidenceRow> ForTests(EquatableArray<EvidenceRow> rows)
    {
        if (rows.All(row => !row.IsOfEngine))
        {
            return rows;
        }

        return rows.Any(row => !row.IsOfEngine && row.Stable.Requests + row.Candidate.Requests > 0)
            ? rows.Where(row => !row.IsOfEngine).ToEquatableArray()
            : EvidenceMerge.Sum(rows.Where(row => row.IsOfEngine).ToEquatableArray());
    }

    /// <summary>Requests to the candidate: of each weight epoch, what the source counted that knows of more.</summary>
    public static long CandidateRequests(IEnumerable<EvidenceRow> rows) =>
        rows.GroupBy(row => row.Epoch).Sum(epoch => epoch.GroupBy(row => row.IsOfEngine).Max(source => source.Sum(row => row.Candidate.Requests)));
}
