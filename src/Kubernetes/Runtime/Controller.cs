using Microsoft.Extensions.Logging;

namespace LlmOps.Kubernetes;

/// <summary>
/// Takes keys from a queue and reconciles them, several at a time, one key never twice at a time.
/// </summary>
/// <remarks>
/// Guarantees: a failed key comes back with a growing wait, for ever, and not before the time that the API server asked for; one with a
/// <see cref="ReconcileResult.Failure"/> after the time of its result at the latest; a result with
/// <see cref="ReconcileResult.RequeueAfter"/> comes back after that time. A reconciliation that takes longer than a second, such as one whose request is not
/// answered, goes on beside its worker, which takes the next key: at most eight for each worker. Every log line of a reconciliation carries the
/// controller, the key and a reconcile id.
/// </remarks>
public sealed class Controller<TKey>(
    string name,
    Func<TKey, CancellationToken, Task<ReconcileResult>> reconcile,
    int workers,
    WorkQueue<TKey> queue,
    ILogger logger,
    TimeProvider time)
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
        Log.ControllerStarted(logger, name, workers);
        KubernetesMetrics.Workers.Add(workers, label);
        await Task.WhenAll(Enumerable.Range(0, workers).Select(_ => Task.Run(() => WorkAsync(ct), CancellationToken.None)));
        KubernetesMetrics.Workers.Add(-workers, label);
        Log.ControllerStopped(logger, name);
    }

    private async Task WorkAsync(CancellationToken ct)
    {
        var aside = new List<Task>(MostAside);
        while (!ct.IsCancellationRequested)
        {
            TKey key;
            try
            {
                key = await queue.GetAsync(ct);
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
            requeueAfter = result.RequeueAfter;
            failure = result.Failure;
            if (failure is not null)
            {
                Fail(key, failure, requeueAfter);
            }
            else
            {
                queue.Forget(key);
                outcome = requeueAfter is null ? "success" : "requeue_after";
                if (requeueAfter is { } delay)
                    queue.AddAfter(key, delay);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Not lost: whoever runs next reconciles everything once.
            outcome = "cancelled";
        }
        catch (KubernetesException e) when (e.IsNotLeading)
        {
            // The lease is over and the cancellation on its way. The next leader reconciles everything once, and so does this process if it is the one.
            outcome = "cancelled";
        }
        catch (KubernetesException e) when (e.IsConflict)
        {
            // Somebody wrote in between; the informer brings what they wrote. Normal, so no error.
            outcome = "conflict";
            Log.ReconcileConflict(logger, e.Message);
            queue.AddRateLimited(key);
        }
        catch (KubernetesException e) when (e.RetryAfter is { } wait)
        {
            // The server sheds load and says when to come back. That is no failure of this key.
            (outcome, requeueAfter) = ("retry_after", wait);
            Log.ReconcilePutOff(logger, wait.TotalSeconds, e.Message);
            queue.AddRateLimited(key, atLeast: wait, atMost: wait > ShortestRetryAfter ? wait : ShortestRetryAfter);
        }
        catch (Exception e)
        {
            // Whatever a reconciler throws, other keys and later attempts must go on.
            failure = e;
            Fail(key, e, atMost: null);
        }
        finally
        {
            KubernetesTracing.EndReconcile(span, outcome, requeueAfter, failure);
            KubernetesMetrics.ActiveWorkers.Add(-1, label);
            KubernetesMetrics.Reconciles.Add(1, label, new("result", outcome));
            KubernetesMetrics.ReconcileSeconds.Record(time.GetElapsedTime(start).TotalSeconds, label);
        }
    }

    private void Fail(TKey key, Exception failure, TimeSpan? atMost)
    {
        KubernetesMetrics.ReconcileErrors.Add(1, label);
        Log.ReconcileFailed(logger, queue.Failures(key) + 1, failure);
        queue.AddRateLimited(key, atMost: atMost);
    }
}
