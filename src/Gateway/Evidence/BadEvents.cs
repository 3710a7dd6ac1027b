namespace LlmOps.Gateway.Evidence;

/// <summary>
/// Remembers which sticky units had which bad event in one rollout, so that each counts once: failures cluster by session,
/// and counting every one of them breaks the error rate of the live tests (one user with a broken prompt is one event).
/// Memory is bounded: beyond <see cref="MaxUnits"/> units an event of a new unit counts for neither track.
/// </summary>
internal sealed class BadEvents
{
    /// <summary>About 6 MiB each for errors and for slowness. By then the tests have long decided.</summary>
    public const int MaxUnits = 1 << 18;

    private readonly Lock gate = new();
    private readonly HashSet<ulong> errors = [];
    private readonly Dictionary<ulong, byte> slow = [];

    /// <summary>Whether this is the unit's first error.</summary>
    public bool IsFirstError(ulong unit)
    {
        lock (gate)
            return errors.Count < MaxUnits && errors.Add(unit);
    }

    /// <summary>Whether this is the first time that the unit exceeded the threshold with this index, 0 to 7.</summary>
    public bool IsFirstSlow(ulong unit, int threshold)
    {
        var bit = (byte)(1 << threshold);
        lock (gate)
        {
            if (!slow.TryGetValue(unit, out var seen))
                return slow.Count < MaxUnits && slow.TryAdd(unit, bit);
            if ((seen & bit) != 0)
                return false;
            slow[unit] = (byte)(seen | bit);
            return true;
        }
    }
}
