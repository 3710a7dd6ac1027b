namespace LlmOps.EngineEmulator.Behaviour;

/// <summary>The emulator's current settings. Thread safe; requests already running keep what they started with.</summary>
public sealed class EmulatorBehaviour(BehaviourSettings initial)
{
    private BehaviourSettings _current = initial;

    public BehaviourSettings Current => Volatile.Read(ref _current);

    /// <summary>Replaces the settings; <paramref name="change"/> may run more than once when two changes race.</summary>
    public BehaviourSettings Update(Func<BehaviourSettings, BehaviourSettings> change)
    {
        while (true)
        {
            var before = Current;
            var after = change(before);
            if (ReferenceEquals(Interlocked.CompareExchange(ref _current, after, before), before))
                return after;
        }
    }
}
