using LlmOps.EngineEmulator.Behaviour;

namespace LlmOps.EngineEmulator;

/// <summary>Counts requests, outcomes and injected faults. Thread safe.</summary>
internal sealed class RequestLedger(TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, long> _outcomes = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _failures = new(StringComparer.Ordinal);
    private readonly DateTimeOffset _startedAt = time.GetUtcNow();
    private long _seen;
    private DateTimeOffset? _firstFailure;
    private DateTimeOffset? _lastFailure;

    /// <summary>When the port opened.</summary>
    public DateTimeOffset StartedAt => _startedAt;

    /// <summary>The number of a new request, from 1.</summary>
    public long Next() => Interlocked.Increment(ref _seen);

    public void Ended(string outcome)
    {
        lock (_gate)
            _outcomes[outcome] = _outcomes.GetValueOrDefault(outcome) + 1;
    }

    public void Injected(FailureKind kind)
    {
        var now = time.GetUtcNow();
        var name = char.ToLowerInvariant(kind.ToString()[0]) + kind.ToString()[1..];
        lock (_gate)
        {
            _failures[name] = _failures.GetValueOrDefault(name) + 1;
            _firstFailure ??= now;
            _lastFailure = now;
        }
    }

    public EmulatorStats Snapshot(string model, string? revision, int running, int waiting)
    {
        lock (_gate)
        {
            return new EmulatorStats
            {
                Model = model,
                Revision = revision,
                StartedAt = _startedAt,
                RequestsSeen = Interlocked.Read(ref _seen),
                Running = running,
                Waiting = waiting,
                Outcomes = new Dictionary<string, long>(_outcomes),
                InjectedFailures = new Dictionary<string, long>(_failures),
                FirstInjectedFailureAt = _firstFailure,
                LastInjectedFailureAt = _lastFailure,
            };
        }
    }
}
