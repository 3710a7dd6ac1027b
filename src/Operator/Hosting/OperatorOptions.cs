using System.Net;
using System.Security.Cryptography;
using System.Text;
using LlmOps.Kubernetes;

namespace LlmOps.Operator.Hosting;

/// <summary>How an operator runs.</summary>
public sealed record OperatorOptions
{
    public const string DefaultEvaluatorImage = "llmops/evaluator:dev";

    /// <summary>The operator's own namespace: lease.</summary>
    public string Namespace { get; init; } = "llmops-system";

    /// <summary>Only LlmDeployments of these namespaces. Default: none named, and then all.</summary>
    public IReadOnlyCollection<string> WatchNamespaces { get; init; } = [];

    /// <summary>Who this process is, unique among operators of a cluster.</summary>
    public string Identity { get; init; } = Environment.MachineName;

    /// <summary>Whether to wait for the lease before reconciling. Default: true. False only where nobody else can run.</summary>
    public bool LeaderElect { get; init; } = true;

    /// <summary>Name of the lease; with more than one shard, of their group: the leases are called NAME-0, NAME-1 and so on.</summary>
    public string LeaseName { get; init; } = "llmops-operator";

    /// <summary>With the hash of a selector and the number of shards it is a label's value, which has 63 characters at most.</summary>
    internal const int LongestLeaseName = 49;

    /// <summary>
    /// Label selector of the namespaces to serve, for several operators that divide a cluster by it. Each selector has a lease of its own. Default: null, all.
    /// </summary>
    public string? NamespaceSelector { get; init; }

    /// <summary><see cref="LeaseName"/>, with a hash of the selector where there is one.</summary>
    internal string FullLeaseName => NamespaceSelector is null ? LeaseName : $"{LeaseName}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(NamespaceSelector)))[..8]}";

    internal static bool IsPossibleLeaseName(string name) => name.Length <= LongestLeaseName && NamespaceName.IsPossible(name);

    /// <summary>
    /// Parts that the namespaces are divided into, each with a lease of its own; replicas share them. 1 to <see cref="ShardMap.Most"/>, and the same for all
    /// operators of an installation: those with another number wait until none of these leads. Default: 1.
    /// </summary>
    public int Shards { get; init; } = 1;

    /// <summary>
    /// How long others wait after the last renewal that they saw. Default: 4 s; with a <see cref="RetryPeriod"/> of 0.5 s a stand-by leads 4.6 s after a crash at the latest.
    /// </summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>
    /// How long after its last renewal a leader stops by itself: so long may the API server be silent. A write of it that is under way then has the rest of the lease to arrive.
    /// Default: 3 s.
    /// </summary>
    public TimeSpan RenewDeadline { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Between two attempts to take or renew the lease: a small request each, of every replica. Default: 0.5 s.</summary>
    public TimeSpan RetryPeriod { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>Service of the gateways: each ready endpoint of its port <c>admin</c> is asked for evidence.</summary>
    public ObjectKey GatewayService { get; init; } = new("llmops-system", "llmops-gateway-admin");

    /// <summary>Base URL of the Prometheus that checks ask; null for none, and then checks hold. Default: none.</summary>
    public Uri? PrometheusUrl { get; init; }

    /// <summary>File with a bearer token for <see cref="PrometheusUrl"/>, read again when it changes; null for none. It goes to no other address.</summary>
    public string? PrometheusTokenFile { get; init; }

    /// <summary>Whether a check may name another Prometheus. Default: false, since then whoever may write an LlmDeployment chooses what the operator calls.</summary>
    public bool AllowPrometheusAddresses { get; init; }

    /// <summary>
    /// Base URLs that checks of type http may ask, with all below them. Default: none, since whoever may write an LlmDeployment chooses among them what the operator calls.
    /// </summary>
    public IReadOnlyList<Uri> AllowedCheckUrls { get; init; } = [];

    /// <summary>Image of evaluator Jobs.</summary>
    public string EvaluatorImage { get; init; } = DefaultEvaluatorImage;

    /// <summary>LlmDeployments that are reconciled at the same time, and as many again of those whose candidate gets requests; 1 or more. Default: 8; most of a reconcile is waiting.</summary>
    public int Workers { get; init; } = 8;

    /// <summary>
    /// Whether memory that the caches do not need is given back once they are filled, and after much was done, while nothing is rolled out: a collection of the whole heap, for
    /// which everything stops (below a second with 10,000 LlmDeployments). For a process of its own. Default: false.
    /// </summary>
    public bool TrimMemory { get; init; }

    /// <summary>Address of the web endpoints. Default: all.</summary>
    public IPAddress BindAddress { get; init; } = IPAddress.Any;

    /// <summary>Port of <c>/healthz</c> and <c>/readyz</c>; null for none.</summary>
    public int? HealthPort { get; init; }

    /// <summary>Port of <c>/metrics</c>; null for none.</summary>
    public int? MetricsPort { get; init; }

    /// <summary>Port of <c>/debug/decisions</c>, always on the loopback address alone; null for none. Default: none.</summary>
    public int? DebugPort { get; init; }
}
