namespace LlmOps.Gateway.Evidence;

/// <summary>What is counted at most once per sticky unit and rollout.</summary>
internal enum Signal
{
    /// <summary>The unit was assigned: not bad, and counted once all the same.</summary>
    Assigned,
    Error,
    SlowTtft,
    SlowTimePerOutputToken,
    LongOutput,
    Costly,
    Blocked,
    NegativeFeedback,

    /// <summary>The unit was held against an absolute limit.</summary>
    Limit,
    RenderFailure,
    Unauthorized,
}

/// <summary>
/// Remembers which sticky units had which bad event in one rollout, so that each counts once: failures cluster by session,
/// and counting every one of them breaks the error rate of the live tests (one user with a broken prompt is one event).
/// Memory is bounded: beyond <see cref="MaxUnits"/> units an event of a new unit counts for neither track. Thread safe;
/// signals do not wait for each other.
/// </summary>
internal sealed class BadEvents
{
    /// <summary>Per signal; about 8 MiB each. By then the tests have long decided.</summary>
    public const int MaxUnits = 1 << 18;

    private readonly Seen[] bySignal = [.. Enum.GetValues<Signal>().Select(_ => new Seen())];

    /// <summary>Whether this is the unit's first event of this kind. True without a unit: then each request is its own.</summary>
    /// <param name="signal">Kind of the event.</param>
    /// <param name="unit">Hash of the sticky unit; null where each request is its own.</param>
    /// <param name="index">Which threshold or limit, 0 to 15.</param>
    public bool IsFirst(Signal signal, ulong? unit, int index = 0) => unit is not { } u || bySignal[(int)signal].Add(u, (ushort)(1 << index));

    /// <summary>Lets go of all units. For those that come later no event is the first.</summary>
    public void Close()
    {
        foreach (var seen in bySignal)
            seen.Close();
    }

    private sealed class Seen
    {
        private readonly Lock gate = new();
        private Dictionary<ulong, ushort>? units = [];

        public void Close()
        {
            lock (gate)
                units = null;
        }

        public bool Add(ulong unit, ushort bit)
        {
            lock (gate)
            {
                if (units is null)
                    return false;
                if (!units.TryGetValue(unit, out var seen))
                    return units.Count < MaxUnits && units.TryAdd(unit, bit);
                if ((seen & bit) != 0)
                    return false;
                units[unit] = (ushort)(seen | bit);
                return true;
            }
        }
    }
}
