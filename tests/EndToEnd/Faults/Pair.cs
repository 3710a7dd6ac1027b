using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.EndToEnd.Faults;

/// <summary>A leader <c>a</c> and a stand-by <c>b</c> with warm caches, each behind a proxy of its own, and a release that serves.</summary>
internal sealed class Pair : IAsyncDisposable
{
    private const string LeaseName = "models-operator";

    /// <summary>All else about the lease is as installed.</summary>
    private static readonly string[] Flags = ["--lease-name", LeaseName];

    private readonly FaultBed bed;
    private readonly List<IAsyncDisposable> parts = [];

    private Pair(FaultBed bed) => this.bed = bed;

    public FaultScene Scene { get; private set; } = null!;

    public ApiProxy LeaderProxy { get; private set; } = null!;

    public ApiProxy StandByProxy { get; private set; } = null!;

    public OperatorProcess Leader { get; private set; } = null!;

    public OperatorProcess StandBy { get; private set; } = null!;

    private ObjectKey LeaseKey => new(Scene.Namespace, LeaseName);

    /// <param name="bed">Where they run.</param>
    /// <param name="clockError">How far the clock of the API server seems to be off for both.</param>
    public static async Task<Pair> StartAsync(FaultBed bed, CancellationToken ct, TimeSpan clockError = default)
    {
        var pair = new Pair(bed);
        try
        {
            pair.Scene = await bed.SceneAsync(ct);
            // The one before was killed with it.
            await bed.Client.DeleteAsync<Lease>(pair.LeaseKey, ct: ct);
            pair.LeaderProxy = pair.Keep(await ApiProxy.StartAsync(bed));
            pair.StandByProxy = pair.Keep(await ApiProxy.StartAsync(bed));
            pair.LeaderProxy.ClockError = pair.StandByProxy.ClockError = clockError;
            pair.Leader = pair.Keep(await OperatorProcess.StartAsync("a", pair.LeaderProxy.KubeconfigPath, pair.Scene.Namespace, Flags));
            await pair.Leader.UntilAsync(leads: true, ct);
            pair.StandBy = pair.Keep(await OperatorProcess.StartAsync("b", pair.StandByProxy.KubeconfigPath, pair.Scene.Namespace, Flags));
            await pair.StandBy.UntilAsync(leads: false, ct);
            return pair;
        }
        catch
        {
            await pair.DisposeAsync();
            throw;
        }
    }

    /// <summary>The leader hears nothing of what becomes of its next write, until released.</summary>
    private HeldAnswer HoldNextAnswer()
    {
        var held = new HeldAnswer();
        LeaderProxy.Written = _ => held.WaitAsync();
        return held;
    }

    /// <summary>Begins a rollout. The leader is in the middle of a reconcile then: it waits for the answer to its first write, and will want to make the next one.</summary>
    public async Task<(HeldAnswer Held, string Prompt)> BeginHeldAsync(RolloutStep[] steps, CancellationToken ct)
    {
        var held = HoldNextAnswer();
        var prompt = await Scene.TryPromptAsync(steps, ct);
        await held.Reached.WaitAsync(FaultBed.Patience, ct);
        return (held, prompt);
    }

    public Task<Lease?> LeaseAsync(CancellationToken ct) => bed.Client.GetAsync<Lease>(LeaseKey, ct);

    /// <summary>Writes somebody into the lease as if they had taken it.</summary>
    public async Task GiveLeaseAsync(string holder, CancellationToken ct)
    {
        while (true)
        {
            var lease = (await LeaseAsync(ct))!;
            try
            {
                await bed.Client.ReplaceAsync(lease with { Spec = lease.Spec! with { HolderIdentity = holder } }, ct);
                return;
            }
            catch (KubernetesException e) when (e.IsConflict)
            {
                // It was renewed in between.
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (LeaderProxy is not null)
            LeaderProxy.Written = null;
        foreach (var part in Enumerable.Reverse(parts))
            await part.DisposeAsync();
    }

    private T Keep<T>(T part)
        where T : IAsyncDisposable
    {
        parts.Add(part);
        return part;
    }
}

/// <summary>The answer to the first write that comes; later ones are not held.</summary>
internal sealed class HeldAnswer
{
    private readonly TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the write is done and its answer waits.</summary>
    public Task Reached => reached.Task;

    public Task WaitAsync() => reached.TrySetResult() ? released.Task : Task.CompletedTask;

    public void Release() => released.TrySetResult();
}
