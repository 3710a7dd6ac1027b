namespace LlmOps.Kubernetes;

/// <summary>Some Leases as this process saw them (<see cref="LeaseSighting"/>).</summary>
/// <param name="usualDuration">Of a lease that says none.</param>
internal sealed class LeaseSightings(TimeSpan usualDuration, TimeProvider time)
{
    private Dictionary<string, LeaseSighting> sightings = new(StringComparer.Ordinal);

    /// <summary>Those with a holder that were seen to change within their duration.</summary>
    public IEnumerable<Lease> Held => sightings.Values.Where(sighting => sighting.Holder.Length > 0 && sighting.RunsOutIn(usualDuration, time) >= TimeSpan.Zero).Select(sighting => sighting.Lease);

    /// <summary>Takes the place of all that was seen before.</summary>
    public void Observe(IReadOnlyList<Lease> all) => sightings = all.ToDictionary(
        lease => lease.Metadata.Name!, lease => LeaseSighting.Of(lease, sightings.GetValueOrDefault(lease.Metadata.Name!), time), StringComparer.Ordinal);

    /// <summary>Names of those that were not seen to change for longer than that.</summary>
    public IReadOnlyList<string> UnchangedFor(TimeSpan age) => [.. sightings.Where(sighting => time.GetElapsedTime(sighting.Value.ChangedAt) > age).Select(sighting => sighting.Key)];
}
