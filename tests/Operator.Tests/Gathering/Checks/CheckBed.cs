using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering.Checks;
using LlmOps.Operator.Tests.World;
using LlmOps.Rollouts;
using LlmOps.Testing;

namespace LlmOps.Operator.Tests.Gathering.Checks;

/// <summary>The poller over real HTTP, on a clock that the test moves.</summary>
internal sealed class CheckBed : IAsyncDisposable
{
    public const string Rollout = "0a1b2c3d";

    public static readonly ObjectKey Bot = new("default", "bot");

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = Timeout.InfiniteTimeSpan };
    private readonly PrometheusClient client;
    private int wakes;

    private CheckBed(FakePrometheus prometheus, ManualTime time, BearerToken? token)
    {
        (Prometheus, Time) = (prometheus, time);
        client = new PrometheusClient(http, token, time);
        Poller = new CheckPoller(_ => Interlocked.Increment(ref wakes), time, CancellationToken.None);
    }

    public FakePrometheus Prometheus { get; }

    public ManualTime Time { get; }

    public CheckPoller Poller { get; }

    /// <summary>Samples that were told so far.</summary>
    public int Wakes => Volatile.Read(ref wakes);

    public static async Task<CheckBed> StartAsync(BearerToken? token = null)
    {
        var time = new ManualTime();
        return new CheckBed(await FakePrometheus.StartAsync(time), time, token);
    }

    /// <summary>A check with queries <c>candidate</c> and <c>stable</c>: at most 2.</summary>
    public CheckDefinition Check(string candidate = "candidate", string stable = "stable", Uri? address = null, CheckBounds? bounds = null)
    {
        var target = new PrometheusTarget(address ?? Prometheus.Address, WithToken: address is null);
        return Check(new PrometheusQuestion(client, target, candidate), new PrometheusQuestion(client, target, stable), bounds);
    }

    /// <summary>A check of any source: at most 2.</summary>
    public static CheckDefinition Check(IMetricQuestion candidate, IMetricQuestion stable, CheckBounds? bounds = null) =>
        new("latency", bounds ?? new CheckBounds(2, null, null), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(180), TrackQuestion.Of(candidate), TrackQuestion.Of(stable));

    public CheckObservation? Observe(CheckDefinition check, string rollout = Rollout) => Poller.Observe(Bot, rollout, [check]) is [var sample] ? sample : null;

    /// <summary>Takes one more sample. <paramref name="meanwhile"/> runs while it is under way.</summary>
    public async Task<CheckObservation> SampleAsync(CheckDefinition check, Func<Task>? meanwhile = null)
    {
        var before = Wakes;
        Observe(check);
        if (meanwhile is not null)
            await meanwhile();
        await Eventually.TrueAsync(() => Wakes > before, Patience, "a sample is taken");
        return Observe(check)!;
    }

    public static Task UntilAsync(Func<bool> condition, string what) => Eventually.TrueAsync(condition, Patience, what);

    public async ValueTask DisposeAsync()
    {
        await Prometheus.DisposeAsync();
        Poller.Dispose();
        http.Dispose();
    }
}
