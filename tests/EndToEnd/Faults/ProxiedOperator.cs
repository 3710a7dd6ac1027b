namespace LlmOps.EndToEnd.Faults;

/// <summary>The only operator of a namespace, behind a proxy; killed and started again where a test says so.</summary>
internal sealed class ProxiedOperator : IAsyncDisposable
{
    private readonly string ns;
    private OperatorProcess process;
    private int incarnation;

    private ProxiedOperator(ApiProxy proxy, string ns, OperatorProcess process) => (Proxy, this.ns, this.process) = (proxy, ns, process);

    public ApiProxy Proxy { get; }

    public string LogTail => process.LogTail;

    public static async Task<ProxiedOperator> StartAsync(FaultBed bed, string ns)
    {
        var proxy = await ApiProxy.StartAsync(bed);
        return new(proxy, ns, await OperatorProcess.StartAsync("operator-0", proxy.KubeconfigPath, ns));
    }

    /// <summary>From now on: kills the operator right behind the k-th write, its answer lost, and starts another one.</summary>
    public PlannedKill KillAfterWrite(int k)
    {
        var kill = new PlannedKill(k, RestartAsync);
        Proxy.Written = _ => kill.CountAsync();
        return kill;
    }

    public async Task RestartAsync()
    {
        await process.DisposeAsync();
        process = await OperatorProcess.StartAsync($"operator-{++incarnation}", Proxy.KubeconfigPath, ns);
    }

    public async ValueTask DisposeAsync()
    {
        Proxy.Written = null;
        await process.DisposeAsync();
        await Proxy.DisposeAsync();
    }
}

/// <summary>A kill behind a write that is yet to come.</summary>
internal sealed class PlannedKill(int after, Func<Task> kill)
{
    private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int count;

    /// <summary>Whether it has come to that write.</summary>
    public bool IsReached => Volatile.Read(ref count) >= after;

    /// <summary>Completes when another operator was started.</summary>
    public Task Done => done.Task;

    public async Task CountAsync()
    {
        if (Interlocked.Increment(ref count) != after)
            return;
        try
        {
            await kill();
            done.SetResult();
        }
        catch (Exception e)
        {
            // Told to whoever waits: here it would end as a failed request.
            done.SetException(e);
        }
    }
}
