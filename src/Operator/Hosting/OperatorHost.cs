using LlmOps.Kubernetes;
using LlmOps.Operator.Applying;
using LlmOps.Operator.Controllers;
using LlmOps.Operator.Gathering;
using LlmOps.Operator.Gathering.Checks;
using LlmOps.Operator.Metrics;
using LlmOps.Operator.Traffic;
using LlmOps.Operator.Web;
using Microsoft.Extensions.Logging;

namespace LlmOps.Operator.Hosting;

/// <summary>
/// The operator as a whole: caches that fill from the start, a lease, and controllers that work while it is held. Guarantees: ends within seconds of the
/// cancellation, after the reconciles that run, and releases the lease.
/// </summary>
public static class OperatorHost
{
    /// <summary>Runs until cancelled.</summary>
    public static async Task RunAsync(OperatorOptions options, KubernetesClientConfiguration configuration, TimeProvider local, ILoggerFactory loggers, CancellationToken ct)
    {
        var logger = loggers.CreateLogger("LlmOps.Operator");
        Log.Starting(logger, options.Identity, configuration.Server, options.GatewayService);
        // Another operator, on another machine, goes on with the times that this one writes.
        var time = new ServerClock(local, loggers.CreateLogger("LlmOps.Operator.Clock"));
        var own = configuration with { FieldManager = Api.ApiGroup.OperatorFieldManager, Clock = time };
        using var leaseClient = new KubernetesClient(own, time);
        var elector = options.LeaderElect ? new LeaderElector(leaseClient, Election(options), time, loggers.CreateLogger("LlmOps.Operator.LeaderElection")) : null;
        using var client = new KubernetesClient(own with { MayWrite = elector is null ? null : () => elector.IsLeader }, time);
        // What was done while leading is told also when that is over.
        using var eventClient = new KubernetesClient(own, time);
        using var cluster = new ClusterView(client, options.WatchNamespaces, options.GatewayService, loggers.CreateLogger("LlmOps.Operator.Informers"), time);
        using var controllers = new ControllerSet(cluster, time);
        using var rolloutMetrics = new RolloutMetrics(cluster.LlmDeployments.List, time);
        using var exporter = new PrometheusExporter(new() { Meters = ["LlmOps.*", "System.Runtime"] });
        var decisions = new LastDecisions();
        using var pods = HttpTo(connectTimeout: TimeSpan.FromSeconds(5));
        using var gateways = HttpTo(connectTimeout: TimeSpan.FromSeconds(2));
        using var metrics = HttpTo(connectTimeout: PrometheusClient.Timeout);
        await using var events = new EventRecorder(eventClient, "llmops.dev/operator", options.Identity, time, loggers.CreateLogger("LlmOps.Operator.Events"));

        var engines = new EngineCaller(pods, new SecretTokens(client, time));
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
        var token = options.PrometheusTokenFile is { } file ? BearerToken.FromFile(file) : null;
        using var checks = new CheckPoller(new PrometheusClient(metrics, token, time), controllers.WakeDeployment, time, ct);
        var prometheus = new PrometheusPolicy(options.PrometheusUrl, options.AllowPrometheusAddresses);
        var applier = new ObjectApplier(client);
        var records = new WrittenRecords();
        var deployment = new LlmDeploymentReconciler(
            cluster, new Gatherer(cluster, warmUp, engineMetrics, evidence, new RouteObserver(cluster), checks, prometheus, records, new SpecAuthor(client, time)),
            new DeploymentApplier(client, cluster, applier, new RouteWriter(client, cluster)), new RecordWriter(client, records), events, rolloutMetrics, decisions, new HoldClock(time), time,
            loggers.CreateLogger<LlmDeploymentReconciler>());
        var prompt = new PromptVersionReconciler(client, cluster, time);
        var gate = new EvalGateReconciler(client, cluster, time);
        var run = new EvalRunReconciler(client, cluster, applier, options.EvaluatorImage, time, loggers.CreateLogger<EvalRunReconciler>());

        var action = new RolloutActionReconciler(client, cluster, applier, time);

        async Task LeadAsync(CancellationToken leading)
        {
            var start = time.GetTimestamp();
            await cluster.WaitForSyncAsync(leading);
            Log.Synced(logger, time.GetElapsedTime(start).TotalSeconds);
            // Another process may have led and written since.
            cluster.ForgetWrites();
            controllers.WakeAll();
            await controllers.RunAsync(deployment, prompt, gate, run, action, options.Workers, loggers, time, leading);
        }

        await Task.WhenAll(
            cluster.RunAsync(ct),
            WebEndpoints.RunAsync(options, exporter, new DebugEndpoints(decisions), () => cluster.HasSynced, ct),
            elector?.RunAsync(LeadAsync, ct) ?? LeadAloneAsync(LeadAsync, ct));
        Log.Stopped(logger);
    }

    private static async Task LeadAloneAsync(Func<CancellationToken, Task> lead, CancellationToken ct)
    {
        try
        {
            await lead(ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The normal end.
        }
    }

    private static LeaderElectionOptions Election(OperatorOptions options) => new()
    {
        Namespace = options.Namespace,
        LeaseName = options.LeaseName,
        Identity = options.Identity,
        LeaseDuration = options.LeaseDuration,
        RenewDeadline = options.RenewDeadline,
        RetryPeriod = options.RetryPeriod,
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
