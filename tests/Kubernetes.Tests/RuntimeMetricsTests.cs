using System.Buffers;
using System.Text;
using LlmOps.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace LlmOps.Kubernetes.Tests;

/// <summary>What a scrape shows of queues, controllers, informers and the client. Meters are heard across the process, so each test has a label of its own.</summary>
public sealed class RuntimeMetricsTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ManualTime time = new();
    private readonly PrometheusExporter exporter = new(new() { Meters = [KubernetesMetrics.MeterName] });

    public void Dispose() => exporter.Dispose();

    private string Scrape()
    {
        var buffer = new ArrayBufferWriter<byte>();
        exporter.Write(buffer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private void Shows(string line) => Assert.Contains($"\n{line}\n", $"\n{Scrape()}", StringComparison.Ordinal);

    [Fact]
    public async Task Age_and_length_of_work_of_a_queue_are_shown_until_its_end()
    {
        var queue = new WorkQueue<string>(new() { Name = "aged" }, time);
        Shows("workqueue_longest_wait_seconds{name=\"aged\"} 0");
        queue.Add("a");
        time.Advance(TimeSpan.FromSeconds(7));
        queue.Add("b");
        time.Advance(TimeSpan.FromSeconds(3));
        Shows("workqueue_longest_wait_seconds{name=\"aged\"} 10");

        await queue.GetAsync(CancellationToken.None);
        time.Advance(TimeSpan.FromSeconds(2));
        Shows("workqueue_longest_wait_seconds{name=\"aged\"} 5");
        Shows("workqueue_longest_running_processor_seconds{name=\"aged\"} 2");
        queue.Done("a");
        Shows("workqueue_longest_running_processor_seconds{name=\"aged\"} 0");
        Shows("workqueue_work_duration_seconds_sum{name=\"aged\"} 2");
        Shows("workqueue_queue_duration_seconds_sum{name=\"aged\"} 10");

        queue.Dispose();
        Assert.DoesNotContain("workqueue_longest_wait_seconds{name=\"aged\"}", Scrape(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Outcomes_errors_and_workers_of_a_controller_are_shown()
    {
        using var queue = new WorkQueue<string>(new() { Name = "counted" }, time);
        using var stop = new CancellationTokenSource();
        var controller = new Controller<string>(
            "counted", (key, _) => key == "bad" ? throw new InvalidOperationException("no") : Task.FromResult(ReconcileResult.Done), 3, queue, NullLogger.Instance, time);
        var running = controller.RunAsync(stop.Token);
        queue.Add("good");
        queue.Add("bad");
        await Eventually.TrueAsync(() => Scrape().Contains("controller_runtime_reconcile_time_seconds_count{controller=\"counted\"} 2\n", StringComparison.Ordinal), Patience, "two reconciles");
        Shows("controller_runtime_reconcile_total{controller=\"counted\",result=\"success\"} 1");
        Shows("controller_runtime_reconcile_total{controller=\"counted\",result=\"error\"} 1");
        Shows("controller_runtime_reconcile_errors_total{controller=\"counted\"} 1");
        Shows("workqueue_retries_total{name=\"counted\"} 1");
        Shows("controller_runtime_max_concurrent_reconciles{controller=\"counted\"} 3");
        await stop.CancelAsync();
        await running.WaitAsync(Patience);
        Shows("controller_runtime_max_concurrent_reconciles{controller=\"counted\"} 0");
    }

    [Fact]
    public async Task Lists_of_an_informer_are_counted_by_cause_and_its_objects_are_shown_until_its_end()
    {
        const string list = """{"kind":"PodDisruptionBudgetList","apiVersion":"policy/v1","metadata":{"resourceVersion":"10"},"items":[{"metadata":{"name":"a","namespace":"ns","resourceVersion":"3"}}]}""";
        var (lists, watches) = (0, 0);
        using var api = new FakeApi(request =>
            request.IsWatch ? (Interlocked.Increment(ref watches) == 1 ? new FakeWatch().Gone() : new FakeWatch()).Response()
            : Interlocked.Increment(ref lists) == 1 ? FakeApi.Failure(500, "InternalError") : FakeApi.Json(list));
        using var client = api.Client();
        using var stop = new CancellationTokenSource();
        using var informer = new Informer<PodDisruptionBudget>(client, new() { FirstBackoff = TimeSpan.FromMilliseconds(1) }, NullLogger.Instance, TimeProvider.System);
        var running = informer.RunAsync(stop.Token);
        await Eventually.TrueAsync(() => Volatile.Read(ref watches) == 2, Patience, "a second watch");
        Shows("informer_list_failures_total{kind=\"PodDisruptionBudget\"} 1");
        Shows("informer_lists_total{cause=\"start\",kind=\"PodDisruptionBudget\"} 1");
        Shows("informer_lists_total{cause=\"expired\",kind=\"PodDisruptionBudget\"} 1");
        Shows("informer_watch_restarts_total{kind=\"PodDisruptionBudget\",reason=\"expired\"} 1");
        Shows("informer_objects{kind=\"PodDisruptionBudget\"} 1");
        await stop.CancelAsync();
        await running.WaitAsync(Patience);
        Assert.DoesNotContain("informer_objects{kind=\"PodDisruptionBudget\"}", Scrape(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requests_are_timed_by_verb()
    {
        using var api = new FakeApi(_ =>
        {
            time.Advance(TimeSpan.FromSeconds(40));
            return FakeApi.NotFound();
        });
        using var client = api.Client(time);
        using var answer = await client.RawAsync(HttpMethod.Options, "/timed", null, CancellationToken.None);
        Shows("rest_client_request_duration_seconds_bucket{verb=\"options\",le=\"30\"} 0");
        Shows("rest_client_request_duration_seconds_bucket{verb=\"options\",le=\"60\"} 1");
        Shows("rest_client_requests_total{code=\"404\",verb=\"options\"} 1");
    }

    [Fact]
    public async Task A_stand_by_shows_that_it_does_not_lead()
    {
        using var api = new FakeApi(_ => FakeApi.Failure(500, "InternalError"));
        using var client = api.Client(time);
        using var stop = new CancellationTokenSource();
        var running = new LeaderElector(client, new() { Namespace = "ns", LeaseName = "another's", Identity = "me" }, time, NullLogger.Instance).RunAsync(_ => Task.CompletedTask, stop.Token);
        Shows("leader_election_master_status{name=\"another's\"} 0");
        await stop.CancelAsync();
        await running.WaitAsync(Patience);
    }
}
