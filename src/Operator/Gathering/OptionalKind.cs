using System.Net;
using LlmOps.Kubernetes;
using Microsoft.Extensions.Logging;

namespace LlmOps.Operator.Gathering;

/// <summary>
/// A kind of another project, which a cluster may have or not. Guarantees: its absence is no error and holds nothing up; it is found within
/// <see cref="LookAgainAfter"/> of its installation. RBAC: <c>list</c> and <c>watch</c> on the kind.
/// </summary>
internal sealed class OptionalKind<T>(KubernetesClient client, IReadOnlyCollection<string> namespaces, InformerOptions options, ILogger logger, TimeProvider time) : IWatchedKind
    where T : class, IResource<T>
{
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly WatchedKind<T> watched = new(client, namespaces, options, logger, time);
    private readonly TaskCompletionSource known = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Action? installed;

    /// <summary>The copy; empty while the kind is not installed.</summary>
    public FreshStore<T> Store => watched.Store;

    /// <summary>Whether the kind is served and all of its objects are in the copy.</summary>
    public bool IsInstalled => watched.HasSynced;

    /// <inheritdoc cref="WatchedKind{T}.OnChange(Action{T})"/>
    public void OnChange(Action<T> changed) => watched.OnChange(changed);

    /// <summary>
    /// Calls back once <see cref="IsInstalled"/> has come true. Who is told of the first objects finds the kind not installed yet, and where nothing changes
    /// afterwards is told no more. Before it runs.
    /// </summary>
    public void OnInstalled(Action told) => installed += told;

    /// <summary>Whether it is known if the kind is there and, where it is, was read.</summary>
    public bool HasSynced => known.Task.IsCompleted;

    /// <summary>Until it is known whether the kind is there, and where it is, until it was read; no longer than a look takes.</summary>
    public Task WaitForSyncAsync(CancellationToken ct) => known.Task.WaitAsync(ct);

    public void ForgetWrites(Func<string, bool> whose) => watched.ForgetWrites(whose);

    public async Task RunAsync(CancellationToken ct)
    {
        try
        {
            for (bool? isServed; (isServed = await IsServedAsync(ct)) != true;)
            {
                if (isServed == false)
                    known.TrySetResult();
                await Task.Delay(isServed is null ? RetryAfter : LookAgainAfter, time, ct);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return;
        }

        var running = watched.RunAsync(ct);
        var synced = watched.WaitForSyncAsync(ct);
        await Task.WhenAny(synced, Task.Delay(LookAgainAfter, time, ct));
        known.TrySetResult();
        await Task.WhenAny(synced, running);
        if (synced.IsCompletedSuccessfully)
            installed?.Invoke();
        await running;
    }

    public void Dispose() => watched.Dispose();

    /// <summary>Discovery: a list of a kind that is not served would be an error each time. Null where nobody answers.</summary>
    private async Task<bool?> IsServedAsync(CancellationToken ct)
    {
        try
        {
            using var answer = await client.RawAsync(HttpMethod.Get, $"/apis/{T.ResourceKind.ApiVersion}", null, ct);
            if (answer.StatusCode == HttpStatusCode.NotFound)
                return false;
            // Whoever may not discover may still list.
            if (answer.StatusCode == HttpStatusCode.Forbidden)
                return true;
            return answer.IsSuccessStatusCode ? (await answer.Content.ReadAsStringAsync(ct)).Contains($"\"{T.ResourceKind.Plural}\"", StringComparison.Ordinal) : null;
        }
        catch (Exception e) when (e is KubernetesException or HttpRequestException or IOException)
        {
            return null;
        }
    }
}
