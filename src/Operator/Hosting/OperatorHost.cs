using LlmOps.Kubernetes;
using LlmOps.Operator.Applying;
using LlmOps.Operator.Controllers;
using LlmOps.Operator.Gathering;
using LlmOps.Operator.Gathering.Checks;
using LlmOps.Operator.Metrics;
using LlmOps.Operator.Web;
using Microsoft.Extensions.Logging;

namespace LlmOps.Operator.Hosting;

/// <summary>
/// The operator as a whole: caches that fill from the start, a lease for each shard, and controllers that work while it is held. Guarantees: ends within seconds
/// of the cancellation, after the reconciles that run, and releases its leases; so it does where any part of it fails, so that none goes on without the others.
/// </summary>
public static class OperatorHost
{
    private const long WorthTrimming = 64 << 20;

    private static readonly TimeSpan TrimEvery = TimeSpan.FromSeconds(30);

    /// <summary>Runs until cancelled.</summary>
    /// <exception cref="Exception">What a part of it failed with, such as a port that is taken.</exception>
    public static async Task RunAsync(OperatorOptions options, KubernetesClientConfiguration configuration, TimeProvider local, ILoggerFactory loggers, CancellationToken cancelled)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancelled);
        var ct = stop.Token;
        var logger = loggers.CreateLogger("LlmOps.Operator");
        Log.Starting(logger, options.Identity, configuration.Server, options.GatewayService);
        // Another operator, on another machine, goes on with the times that this one writes.
        var time = new ServerClock(local, loggers.CreateLogger("LlmOps.Operator.Clock"));
        var own = configuration with { FieldManager = Api.ApiGroup.OperatorFieldManager, Clock = time };
        // For reading; each shard has a client for its writes.
        using var client = new KubernetesClient(own, time);
        using var leaseClient = new KubernetesClient(own, time);
        // What was done while leading is told also when that is over.
        using var eventClient = new KubernetesClient(own, time);
        using var cluster = new ClusterView(client, options.WatchNamespaces, options.GatewayService, options.NamespaceSelector, loggers.CreateLogger("LlmOps.Operator.Informers"), time);
        var map = new ShardMap(options.Shards);
        var outcomes = new LastOutcomes(time);
        using var controllers = new ControllerSet(cluster, map, outcomes, time);
        using var rolloutMetrics = new RolloutMetrics(cluster.LlmDeployments.List, time);
        using var exporter = new PrometheusExporter(new() { Meters = ["LlmOps.*", "System.Runtime"] });
        var decisions = new LastDecisions();
        using var pods = HttpTo(connectTimeout: TimeSpan.FromSeconds(5));
        using var gateways = HttpTo(connectTimeout: TimeSpan.FromSeconds(2));
        using var metrics = HttpTo(connectTimeout: MetricHttp.Timeout);
        await using var events = new EventRecorder(eventClient, "llmops.dev/operator", options.Identity, time, loggers.CreateLogger("LlmOps.Operator.Events"));

        var secrets = new SecretTokens(client, time);
        var engines = new EngineCaller(pods, secrets);
        var warmUp = new WarmUpProber(engines, controllers.WakeDeployment, time, ct);
        var engineMetrics = new EngineMetricsReader(engines, controllers.WakeDeployment, time, ct);
        cluster.Pods.OnChange((before, after) =>
        {
            if (after is not null)
                return;
            warmUp.Forget(before?.Metadata.Uid);
            engineMetrics.Forget(before?.Metadata.Uid);
        });
        var evidence = new EvidenceReader(gateways, cluster.GatewayEndpoints.List, options.GatewayService, time);
        using var checks = new CheckPoller(controllers.WakeDeployment, time, ct);
        var records = new WrittenRecords();
        var parts = new OperatorParts
        {
            Cluster = cluster,
            Controllers = controllers,
            Gatherer = new(cluster, warmUp, engineMetrics, evidence, checks, CheckSources.Create(options, metrics, secrets, time), records),
            Records = records,
            Events = events,
            Metrics = rolloutMetrics,
            Decisions = decisions,
        };
        var membership = options is { LeaderElect: true, Shards: > 1 } ? new Membership(leaseClient, Members(options), time, loggers.CreateLogger("LlmOps.Operator.LeaderElection")) : null;
        var leases = new ShardLeases(leaseClient, Leases(options), time);
        var shards = Enumerable.Range(0, map.Count).Select(number => new OperatorShard(
            number, options, leaseClient, leases, () => membership is null || ShardAssignment.Of(map.Count, membership.Members)[number] == options.Identity, parts, map, time, loggers)).ToList();
        try
        {
            Task[] all =
            [
                cluster.RunAsync(ct),
                WebEndpoints.RunAsync(options, exporter, new DebugEndpoints(decisions, outcomes), () => cluster.HasSynced, ct),
                membership?.RunAsync(ct) ?? Task.CompletedTask,
                options.TrimMemory ? TrimAsync(cluster, time, ct) : Task.CompletedTask,
                .. shards.Select(shard => shard.RunAsync(ct)),
            ];
            await all.EndTogetherAsync(stop);
        }
        finally
        {
            shards.ForEach(shard => shard.Dispose());
        }

        Log.Stopped(logger);
    }

    /// <summary>
    /// Gives memory back that the caches do not need: once they are filled, and from then on after much was done, while nothing is rolled out. It stops everything
    /// for a part of a second, which must not be that of a revert.
    /// </summary>
    private static async Task TrimAsync(ClusterView cluster, TimeProvider time, CancellationToken ct)
    {
        try
        {
            await cluster.WaitForSyncAsync(ct);
            var trimmedAt = Trim();
            while (true)
            {
                await Task.Delay(TrimEvery, time, ct);
                if (GC.GetTotalAllocatedBytes() - trimmedAt > WorthTrimming && cluster.LlmDeployments.List().All(deployment => deployment.Status?.Candidate is null))
                    trimmedAt = Trim();
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Ended.
        }
    }

    /// <returns>What was allocated until then, in bytes.</returns>
    private static long Trim()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return GC.GetTotalAllocatedBytes();
    }

    private static MembershipOptions Members(OperatorOptions options) => new()
    {
        Namespace = options.Namespace,
        // Whoever knows another number of them takes none of ours.
        Group = $"{options.FullLeaseName}-of{options.Shards}",
        GroupLabel = Api.Labels.OperatorGroup,
        Identity = options.Identity,
        LeaseDuration = options.LeaseDuration,
        RenewPeriod = options.RetryPeriod,
    };

    private static ShardLeasesOptions Leases(OperatorOptions options) => new()
    {
        Namespace = options.Namespace,
        Group = options.FullLeaseName,
        GroupLabel = Api.Labels.LeadersOf,
        Shards = options.Shards,
        ShardsLabel = Api.Labels.Shards,
        LeaseDuration = options.LeaseDuration,
    };

    private static HttpClient HttpTo(TimeSpan connectTimeout) => new(new SocketsHttpHandler
    {
        ConnectTimeout = connectTimeout,
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        // The ids of our spans mean nothing to engines, and are nothing for images of others.
        ActivityHeadersPropagator = null,
    })
    {
        // Each caller has its own deadline on the injected clock.
        Timeout = Timeout.InfiniteTimeSpan,
    };
}
