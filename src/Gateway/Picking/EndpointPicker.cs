namespace LlmOps.Gateway.Picking;

/// <summary>
/// Picks the endpoint with the fewest requests in flight. Up to 16 endpoints are all looked at; of more, two are drawn at
/// random (Mitzenmacher 2001: nearly as even, at constant cost).
/// </summary>
internal static class EndpointPicker
{
    private const int ScanAtMost = 16;

    /// <summary>Null where every endpoint was tried. Ejected endpoints are taken only where no other is left: an ejection is a guess.</summary>
    public static EngineEndpoint? Pick(ReadOnlySpan<EngineEndpoint> endpoints, ReadOnlySpan<EngineEndpoint?> tried, long timestamp, Random random)
    {
        if (endpoints.Length == 0)
            return null;
        if (endpoints.Length > ScanAtMost && TwoChoices(endpoints, tried, timestamp, random) is { } drawn)
            return drawn;
        return Scan(endpoints, tried, timestamp, random, allowEjected: false) ?? Scan(endpoints, tried, timestamp, random, allowEjected: true);
    }

    private static EngineEndpoint? TwoChoices(ReadOnlySpan<EngineEndpoint> endpoints, ReadOnlySpan<EngineEndpoint?> tried, long timestamp, Random random)
    {
        var first = endpoints[random.Next(endpoints.Length)];
        var second = endpoints[random.Next(endpoints.Length)];
        var usable1 = IsUsable(first, tried, timestamp, allowEjected: false);
        var usable2 = IsUsable(second, tried, timestamp, allowEjected: false);
        return (usable1, usable2) switch
        {
            (true, true) => first.InFlight <= second.InFlight ? first : second,
            (true, false) => first,
            (false, true) => second,
            _ => null,
        };
    }

    private static EngineEndpoint? Scan(ReadOnlySpan<EngineEndpoint> endpoints, ReadOnlySpan<EngineEndpoint?> tried, long timestamp, Random random, bool allowEjected)
    {
        EngineEndpoint? best = null;
        var bestLoad = long.MaxValue;
        // Starts anywhere, so that ties are spread.
        var start = endpoints.Length == 1 ? 0 : random.Next(endpoints.Length);
        for (var i = 0; i < endpoints.Length; i++)
        {
            var candidate = endpoints[(start + i) % endpoints.Length];
            if (!IsUsable(candidate, tried, timestamp, allowEjected))
                continue;
            var load = candidate.InFlight;
            if (load < bestLoad)
                (best, bestLoad) = (candidate, load);
        }

        return best;
    }

    private static bool IsUsable(EngineEndpoint endpoint, ReadOnlySpan<EngineEndpoint?> tried, long timestamp, bool allowEjected)
    {
        foreach (var t in tried)
        {
            if (ReferenceEquals(t, endpoint))
                return false;
        }

        return allowEjected || !endpoint.IsEjected(timestamp);
    }
}
