using LlmOps.EngineEmulator.Behaviour;
using LlmOps.EngineEmulator.Metrics;

namespace LlmOps.EngineEmulator.Generation;

/// <summary>What all requests of one emulated engine share.</summary>
internal sealed class EngineCore(
    GenerationPlanner planner,
    BatchSlots slots,
    EmulatorBehaviour behaviour,
    RequestLedger ledger,
    IEngineMetrics metrics,
    TimeProvider time) : IDisposable
{
    private readonly CancellationTokenSource _abort = new();

    public BatchSlots Slots => slots;

    public EmulatorBehaviour Behaviour => behaviour;

    public RequestLedger Ledger => ledger;

    public IEngineMetrics Metrics => metrics;

    public TimeProvider Time => time;

    /// <summary>Cancelled when running requests must end at once: SIGTERM without a drain, or a drain that ran out.</summary>
    public CancellationToken Aborted => _abort.Token;

    /// <summary>Takes a request on: numbers it, decides what will happen, counts an injected fault.</summary>
    public RunningRequest Begin(GenerationRequest request)
    {
        var plan = planner.Plan(request, ledger.Next(), behaviour.Current);
        if (plan.Failure != FailureKind.None)
            ledger.Injected(plan.Failure);
        return new RunningRequest(this, request, plan);
    }

    public void AbortAll() => _abort.Cancel();

    public void Dispose()
    {
        _abort.Dispose();
        slots.Dispose();
    }
}
