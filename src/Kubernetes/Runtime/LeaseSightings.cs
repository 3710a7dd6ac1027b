namespace LlmOps.Kubernetes;

/// <summary>
/// When this process saw each of some Leases change last. Whether a holder is still there is judged by that alone, never by the times written in a lease: clocks of
/// machines differ.
/// </summary>
/// <param name="usualDuration">Of a lease that says none.</param>
internal sealed class LeaseSightings(TimeSpan usualDuration, TimeProvider time)
{
    private readonly Dictionary<string, Sighting> sightings = new(StringComparer.Ordinal);

    /// <summary>Those with a holder that were seen to change within their duration.</summary>
    public IEnumerable<Lease> Held => sightings.Values.Where(IsHeld).Select(sighting => sighting.Lease);

    /// <summary>Takes the place of all that was seen before.</summary>
    public void Observe(IReadOnlyList<Lease> all)
    {
        foreach (var lease in all)
        {
            if (!sightings.TryGetValue(lease.Metadata.Name!, out var known) || known.Lease.Metadata.Uid != lease.Metadata.Uid || known.Lease.Spec != lease.Spec)
                sightings[lease.Metadata.Name!] = new(lease, time.GetTimestamp());
        }

        foreach (var gone in sightings.Keys.Except(all.Select(lease => lease.Metadata.Name!), StringComparer.Ordinal).ToList())
            sightings.Remove(gone);
    }

    /// <summary>Names of those that were not seen to change for longer than that.</summary>
    public IReadOnlyList<string> UnchangedFor(TimeSpan age) => [.. sightings.Where(sighting => time.GetElapsedTime(sighting.Value.ChangedAt) > age).Select(sighting => sighting.Key)];

    private bool IsHeld(Sighting sighting) =>
        sighting.Lease.Spec?.HolderIdentity is { Length: > 0 } &&
        time.GetElapsedTime(sighting.ChangedAt) <= (sighting.Lease.Spec.LeaseDurationSeconds is > 0 and var seconds ? TimeSpan.FromSeconds(seconds) : usualDuration);

    /// <param name="ChangedAt">Timestamp at which this process first saw the lease as it is.</param>
    private sealed record Sighting(Lease Lease, long ChangedAt);
}
