using LlmOps.Api;
using LlmOps.Kubernetes;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmOps.Cli.Status;

/// <summary>
/// Follows LlmDeployments and what belongs to them by watches. Guarantees: survives what an <see cref="Informer{T}"/> survives; calls back one at a time, once at the
/// start and after each change; what may not be listed is left out.
/// </summary>
internal sealed class Live : IDisposable
{
    private readonly Informer<LlmDeployment> deployments;
    private readonly Informer<Pod>? pods;
    private readonly Informer<EvalRun>? runs;
    private readonly SemaphoreSlim changed = new(0);

    private Live(Session session, InformerOptions what, InformerOptions? parts, bool withPods, bool withRuns)
    {
        deployments = Watch<LlmDeployment>(session, what);
        pods = withPods ? Watch<Pod>(session, parts!) : null;
        runs = withRuns ? Watch<EvalRun>(session, parts! with { LabelSelector = null }) : null;
    }

    /// <summary>One LlmDeployment with its pods and EvalRuns.</summary>
    public static Live One(Session session, Picture seen) => new(
        session,
        new() { Namespace = seen.Deployment.Metadata.Namespace, FieldSelector = $"metadata.name={seen.Deployment.Metadata.Name}" },
        new() { Namespace = seen.Deployment.Metadata.Namespace, LabelSelector = Picture.PodSelector(seen.Deployment) },
        seen.Pods is not null,
        seen.Runs is not null);

    /// <summary>All LlmDeployments of a namespace, or of all where it is null.</summary>
    public static Live All(Session session, string? ns) => new(session, new() { Namespace = ns }, null, withPods: false, withRuns: false);

    public IReadOnlyList<LlmDeployment> Deployments => [.. deployments.Store.List()];

    /// <summary>What is known of the one that is followed; null once it is gone.</summary>
    public Picture? Picture => Deployments is [var one, ..] ? new(one, pods is null ? null : [.. pods.Store.List()], runs is null ? null : Picture.RunsOf(one, runs.Store.List())) : null;

    /// <summary>Calls back until it says that it has seen enough.</summary>
    /// <param name="seen">Returns null to go on.</param>
    /// <param name="beat">Calls back at least so often, so that ages go on; null for changes alone.</param>
    /// <param name="time">Clock of the beat.</param>
    /// <param name="ct">Ends it.</param>
    public async Task<int> RunAsync(Func<int?> seen, TimeSpan? beat, TimeProvider time, CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var running = Task.WhenAll(deployments.RunAsync(stop.Token), pods?.RunAsync(stop.Token) ?? Task.CompletedTask, runs?.RunAsync(stop.Token) ?? Task.CompletedTask);
        using var timer = beat is { } every ? time.CreateTimer(_ => changed.Release(), null, every, every) : null;
        try
        {
            await Task.WhenAll(deployments.WaitForSyncAsync(ct), pods?.WaitForSyncAsync(ct) ?? Task.CompletedTask, runs?.WaitForSyncAsync(ct) ?? Task.CompletedTask);
            while (true)
            {
                if (seen() is { } code)
                    return code;
                await changed.WaitAsync(ct);
                // Many changes at once are one picture.
                while (changed.Wait(0, CancellationToken.None))
                {
                }
            }
        }
        finally
        {
            await stop.CancelAsync();
            await running;
        }
    }

    public void Dispose()
    {
        deployments.Dispose();
        pods?.Dispose();
        runs?.Dispose();
        changed.Dispose();
    }

    private Informer<T> Watch<T>(Session session, InformerOptions options)
        where T : class, IResource<T>
    {
        var informer = new Informer<T>(session.Client, options, NullLogger.Instance, session.Time);
        informer.Changed += (_, _) => changed.Release();
        return informer;
    }
}
