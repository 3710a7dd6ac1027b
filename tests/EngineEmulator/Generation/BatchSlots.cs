namespace LlmOps.EngineEmulator.Generation;

/// <summary>The places in the running batch; a request without one waits, first come, first served.</summary>
internal sealed class BatchSlots(int capacity) : IDisposable
{
    private readonly SemaphoreSlim _free = new(capacity, capacity);
    private int _running;
    private int _waiting;

    public int Capacity => capacity;

    public int Running => Volatile.Read(ref _running);

    public int Waiting => Volatile.Read(ref _waiting);

    public async ValueTask EnterAsync(CancellationToken cancellationToken)
    {
        if (!_free.Wait(0, CancellationToken.None))
        {
            Interlocked.Increment(ref _waiting);
            try
            {
                await _free.WaitAsync(cancellationToken);
            }
            finally
            {
                Interlocked.Decrement(ref _waiting);
            }
        }

        Interlocked.Increment(ref _running);
    }

    public void Leave()
    {
        Interlocked.Decrement(ref _running);
        _free.Release();
    }

    public void Dispose() => _free.Dispose();
}
