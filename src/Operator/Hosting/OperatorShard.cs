using LlmOps.Kubernetes;
using LlmOps.Operator.Applying;
using LlmOps.Operator.Controllers;
using LlmOps.Operator.Gathering;
using LlmOps.Operator.Metrics;
using Microsoft.Extensions.Logging;

namespace LlmOps.Operator.Hosting;

/// <summary>
/// One shard: its lease, its reconcilers, and a client that writes only while the lease is held. Guarantee: nothing of the shard is written by a process that does
/// not hold its lease, whatever other shards it leads.
/// </summary>
internal sealed class OperatorShard : IDisposable
{
    private readonly int number;
    private readonly OperatorOptions options;
    private readonly OperatorParts parts;
    private readonly ShardMap map;
    private readonly ServerClock time;
    private readonly ILoggerFactory loggers;
    private readonly LeaderElector? elector;
    private readonly KubernetesClient client;
    private readonly LlmDeploymentReconciler deployment;
    private readonly PromptVersionReconciler prompt;
    private readonly EvalGateReconciler gate;
    private readonly EvalRunReconciler run;
    private readonly RolloutActionReconciler action;

    /// <param name="number">From 0.</param>
    /// <param name="leaseClient">For leases alone.</param>
    /// <param name="leases">Those of all shards.</param>
    /// <param name="isWanted">Whether this process is to hold the shard.</param>
    public OperatorShard(
        int number, OperatorOptions options, KubernetesClient leaseClient, ShardLeases leases, Func<bool> isWanted, OperatorParts parts, ShardMap map, ServerClock time, ILoggerFactory loggers)
    {
        (this.number, this.options, this.parts, this.map, this.time, this.loggers) = (number, options, parts, map, time, loggers);
        elector = options.LeaderElect ? new LeaderElector(leaseClient, Election(leases, isWanted), time, loggers.CreateLogger("LlmOps.Operator.LeaderElection")) : null;
        client = new(leaseClient.Configuration with { MayWrite = elector is null ? null : () => elector.IsLeader }, time);
        var applier = new ObjectApplier(client);
        deployment = new(
            parts.Cluster, parts.Gatherer, new DeploymentApplier(client, parts.Cluster, applier), new RecordWriter(client, parts.Records),
            parts.Events, parts.Metrics, parts.Decisions, new HoldClock(time), time, loggers.CreateLogger<LlmDeploymentReconciler>());
        prompt = new(client, parts.Cluster, time);
        gate = new(client, parts.Cluster, time);
        run = new(client, parts.Cluster, applier, options.EvaluatorImage, time, loggers.CreateLogger<EvalRunReconciler>());
        action = new(client, parts.Cluster, applier, time);
    }

    /// <summary>Runs until cancelled.</summary>
    public Task RunAsync(CancellationToken ct) => elector?.RunAsync(LeadAsync, ct) ?? LeadAloneAsync(ct);

    public void Dispose() => client.Dispose();

    private async Task LeadAsync(CancellationToken leading)
    {
        var start = time.GetTimestamp();
        await parts.Cluster.WaitForSyncAsync(leading);
        Log.Synced(loggers.CreateLogger("LlmOps.Operator"), time.GetElapsedTime(start).TotalSeconds);
        // Another process may have led and written since.
        parts.Cluster.ForgetWrites(ns => map.Of(ns) == number);
        parts.Controllers.WakeAll(number);
        await parts.Controllers.RunAsync(number, deployment, prompt, gate, run, action, options.Workers, loggers, time, leading);
    }

    private async Task LeadAloneAsync(CancellationToken ct)
    {
        try
        {
            await LeadAsync(ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The normal end.
        }
    }

    private LeaderElectionOptions Election(ShardLeases leases, Func<bool> isWanted) => new()
    {
        Namespace = options.Namespace,
        LeaseName = options.Shards == 1 ? options.FullLeaseName : $"{options.FullLeaseName}-{number}",
        Identity = options.Identity,
        LeaseDuration = options.LeaseDuration,
        RenewDeadline = options.RenewDeadline,
        RetryPeriod = options.RetryPeriod,
        IsWanted = isWanted,
        Labels = leases.Labels,
        ObstacleAsync = leases.ObstacleAsync,
    };
}

/// <summary>What the shards of a process share: caches, and what is read and told.</summary>
internal sealed record OperatorParts
{
    public required ClusterView Cluster { get; init; }

    public required ControllerSet Controllers { get; init; }

    public required Gatherer Gatherer { get; init; }

    public required WrittenRecords Records { get; init; }

    public required EventRecorder Events { get; init; }

    public required RolloutMetrics Metrics { get; init; }

    public required LastDecisions Decisions { get; init; }
}
