using Microsoft.Extensions.Logging;

namespace LlmOps.Kubernetes;

/// <summary>
/// Takes keys from a queue and reconciles them, several at a time, one key never twice at a time.
/// </summary>
/// <remarks>
/// Guarantees: a failed key comes back with a growing wait, for ever, and not before the time that the API server asked for; one with a
/// <see cref="ReconcileResult.Failure"/> after the time of its result at the latest; a result with
/// <see cref="ReconcileResult.RequeueAfter"/> comes back after that time. A reconciliation that takes longer than a second, such as one whose request is not
/// answered, goes on beside its worker, which takes the next key: at most eight for each worker. What is urgent (<see cref="WorkQueue{TKey}"/>) does not wait until those who work on the rest are through. Every log line of a reconciliation carries the
/// controller, the key and a reconcile id.
/// </remarks>
/// <param name="name">In logs and metrics.</param>
/// <param name="reconcile">Makes what is so what should be.</param>
/// <param name="workers">For every key.</param>
/// <param name="queue">Keys that want work.</param>
/// <param name="logger">Of each reconciliation.</param>
/// <param name="time">Clock of the waits.</param>
/// <param name="urgentWorkers">Beside them, for urgent keys alone.</param>
public sealed class Controller<TKey>(
    string name,
    Func<TKey, CancellationToken, Task<ReconcileResult>> reconcile,
    int workers,
    WorkQueue<TKey> queue,
    ILogger logger,
    TimeProvider time,
    int urgentWorkers = 0)
    where TKey : notnull
{
    private const int MostAside = 8;

    /// <summary>How long a worker waits for a reconciliation before it takes the next key.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Where the server asks for less than this, or for no wait at all, the waits grow up to it.</summary>
    private static readonly TimeSpan ShortestRetryAfter = TimeSpan.FromSeconds(1);

    private readonly KeyValuePair<string, object?> label = new("controller", name);

    /// <summary>Runs until cancelled, and then returns when the last reconciliation has ended.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        var all = workers + urgentWorkers;
        Log.ControllerStarted(logger, name, all);
        KubernetesMetrics.Workers.Add(all, label);
        await Task.WhenAll(Enumerable.Range(0, all).Select(i => Task.Run(() => WorkAsync(i < workers ? queue.GetAsync : queue.GetUrgentAsync, ct), CancellationToken.None)));
        KubernetesMetrics.Workers.Add(-all, label);
        Log.ControllerStopped(logger, name);
    }

    private async Task WorkAsync(Func<CancellationToken, ValueTask<TKey>> next, CancellationToken ct)
    {
        var aside = new List<Task>(MostAside);
        while (!ct.IsCancellationRequested)
        {
            TKey key;
            try
            {
                key = await next(ct);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                break;
            }

            var work = WorkOnAsync(key, ct);
            if (await work.EndsWithinAsync(Patience, time))
                continue;
            aside.Add(work);
            if (aside.Count > MostAside)
                await Task.WhenAny(aside);
            aside.RemoveAll(one => one.IsCompleted);
        }

        await Task.WhenAll(aside);
    }

    private async Task WorkOnAsync(TKey key, CancellationToken ct)
    {
        try
        {
            await ReconcileAsync(key, ct);
        }
        finally
        {
            queue.Done(key);
        }
    }

    private async Task ReconcileAsync(TKey key, CancellationToken ct)
    {
        var id = Guid.NewGuid().ToString("N")[..12];
        using var scope = logger.BeginScope(new ReconcileScope(name, key, id));
        using var span = KubernetesTracing.StartReconcile(name, key, id);
        var start = time.GetTimestamp();
        KubernetesMetrics.ActiveWorkers.Add(1, label);
        var (outcome, requeueAfter, failure) = ("error", (TimeSpan?)null, (Exception?)null);
        try
        {
            var result = await reconcile(key, ct);
            (requeueAfter, failure) = (result.RequeueAfter, result.Failure);
        }
        catch (Exception e)
        {
            // Whatever a reconciler throws, other keys and later attempts must go on.
            failure = e;
        }

        try
        {
            outcome = failure is null ? ComeBack(key, requeueAfter) : TryAgain(key, failure, ref requeueAfter, ct);
        }
        finally
        {
            KubernetesTracing.EndReconcile(span, outcome, requeueAfter, outcome == "error" ? failure : null);
            KubernetesMetrics.ActiveWorkers.Add(-1, label);
            KubernetesMetrics.Reconciles.Add(1, label, new("result", outcome));
            KubernetesMetrics.ReconcileSeconds.Record(time.GetElapsedTime(start).TotalSeconds, label);
        }
    }

    /// <summary>Queues a key that succeeded for when it wants to come back; the outcome.</summary>
    private string ComeBack(TKey key, TimeSpan? requeueAfter)
    {
        queue.Forget(key);
        if (requeueAfter is not { } delay)
            return "success";
        queue.AddAfter(key, delay);
        return "requeue_after";
    }

    /// <summary>Queues a key that did not succeed; the outcome.</summary>
    /// <param name="requeueAfter">In: the longest wait, where the reconciler asks for one. Out: what the server asks for.</param>
    private string TryAgain(TKey key, Exception failure, ref TimeSpan? requeueAfter, CancellationToken ct)
    {
        switch (failure)
        {
            // Not lost: whoever runs next reconciles everything once.
            case OperationCanceledException when ct.IsCancellationRequested:
            // The lease is over and the cancellation on its way. The next leader reconciles everything once, and so does this process if it is the one.
            case KubernetesException { IsNotLeading: true }:
                return "cancelled";

            // Somebody wrote in between; the informer brings what they wrote. Normal, so no error.
            case KubernetesException { IsConflict: true }:
                Log.ReconcileConflict(logger, failure.Message);
                queue.AddRateLimited(key, atMost: requeueAfter);
                return "conflict";

            // The server sheds load and says when to come back. That is no failure of this key.
            case KubernetesException { RetryAfter: { } wait }:
                requeueAfter = wait;
                Log.ReconcilePutOff(logger, wait.TotalSeconds, failure.Message);
                queue.AddRateLimited(key, atLeast: wait, atMost: wait > ShortestRetryAfter ? wait : ShortestRetryAfter);
                return "retry_after";

            default:
                KubernetesMetrics.ReconcileErrors.Add(1, label);
                Log.ReconcileFailed(logger, queue.Failures(key) + 1, failure);
                queue.AddRateLimited(key, atMost: requeueAfter);
                return "error";
        }
    }
}
