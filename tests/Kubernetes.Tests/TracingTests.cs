using System.Collections.Concurrent;
using System.Diagnostics;
using LlmOps.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace LlmOps.Kubernetes.Tests;

/// <summary>What a listener sees of reconciliations. Listeners are heard across the process, so each test looks for its own object.</summary>
public sealed class TracingTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ConcurrentQueue<Activity> spans = new();
    private readonly string name = $"traced-{Guid.NewGuid():N}";

    [Fact]
    public async Task A_reconciliation_is_one_span_with_its_requests_below_it()
    {
        using var listener = Listen();
        using var api = new FakeApi(request => request.Method == "DELETE" ? FakeApi.Failure(403, "Forbidden") : FakeApi.NotFound());
        using var client = api.Client();
        await client.GetAsync<ConfigMap>(new("ns", $"outside-{name}"), CancellationToken.None);
        await ReconcileAsync(async (key, ct) =>
        {
            await client.GetAsync<ConfigMap>(key, ct);
            await Assert.ThrowsAsync<KubernetesException>(() => client.DeleteAsync<ConfigMap>(key, ct: ct));
            return ReconcileResult.After(TimeSpan.FromSeconds(30));
        });

        var reconcile = await SpanAsync("reconcile traced");
        Assert.Equal(("ns", name), (reconcile.GetTagItem("k8s.namespace.name"), reconcile.GetTagItem("k8s.object.name")));
        Assert.Equal(("requeue_after", 30.0), (reconcile.GetTagItem("reconcile.outcome"), reconcile.GetTagItem("reconcile.requeue_after_seconds")));
        Assert.Equal(ActivityStatusCode.Unset, reconcile.Status);
        var requests = spans.Where(span => span.ParentSpanId == reconcile.SpanId).ToArray();
        Assert.Equal(["kubernetes get", "kubernetes delete"], requests.Select(span => span.OperationName));
        Assert.Equal([404, 403], requests.Select(span => span.GetTagItem("http.response.status_code")));
        Assert.All(requests, span => Assert.EndsWith($"/configmaps/{name}", (string)span.GetTagItem("url.path")!, StringComparison.Ordinal));
        Assert.DoesNotContain(spans, span => span.GetTagItem("url.path") is string path && path.Contains($"outside-{name}", StringComparison.Ordinal));
        // The server's own spans go below those of the requests, and the framework adds none of its own in between.
        Assert.Equal([null, .. requests.Select(span => span.Id)], api.Requests.Select(request => request.TraceParent));
        using var handler = HttpHandlers.Create(client.Configuration, null);
        Assert.Null(handler.ActivityHeadersPropagator);
    }

    [Fact]
    public async Task A_failure_is_told()
    {
        using var listener = Listen();
        await ReconcileAsync((_, _) => throw new InvalidOperationException("why"));
        var reconcile = await SpanAsync("reconcile traced");
        Assert.Equal((ActivityStatusCode.Error, "why"), (reconcile.Status, reconcile.StatusDescription));
        Assert.Equal("error", reconcile.GetTagItem("reconcile.outcome"));
    }

    [Fact]
    public async Task A_request_that_outlives_its_reconciliation_has_no_span()
    {
        using var listener = Listen();
        using var api = new FakeApi(_ => FakeApi.NotFound());
        using var client = api.Client();
        var ended = new TaskCompletionSource();
        var late = Task.CompletedTask;
        await ReconcileAsync((key, ct) =>
        {
            late = LateAsync();
            return Task.FromResult(ReconcileResult.Done);

            async Task LateAsync()
            {
                await ended.Task;
                await client.GetAsync<ConfigMap>(key, CancellationToken.None);
            }
        });
        await SpanAsync("reconcile traced");
        ended.SetResult();
        await late.WaitAsync(Patience);
        Assert.Single(api.Requests);
        Assert.DoesNotContain(spans, span => span.OperationName == "kubernetes get" && ((string)span.GetTagItem("url.path")!).EndsWith(name, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_listener_there_is_no_span()
    {
        var seen = new Activity("none");
        await ReconcileAsync((_, _) =>
        {
            seen = Activity.Current;
            return Task.FromResult(ReconcileResult.Done);
        });
        Assert.Null(seen);
    }

    private ActivityListener Listen()
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == KubernetesTracing.SourceName,
            Sample = (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    private async Task<Activity> SpanAsync(string operation)
    {
        Activity? Find() => spans.FirstOrDefault(span => span.OperationName == operation && Equals(span.GetTagItem("k8s.object.name"), name));
        await Eventually.TrueAsync(() => Find() is not null, Patience, () => $"a span {operation}");
        return Find()!;
    }

    /// <summary>One reconciliation from its beginning to its end.</summary>
    private async Task ReconcileAsync(Func<ObjectKey, CancellationToken, Task<ReconcileResult>> reconcile)
    {
        using var stop = new CancellationTokenSource();
        using var queue = new WorkQueue<ObjectKey>(time: new ManualTime());
        var began = new TaskCompletionSource();
        var controller = new Controller<ObjectKey>("traced", async (key, ct) =>
        {
            try
            {
                return await reconcile(key, ct);
            }
            finally
            {
                began.SetResult();
            }
        }, 1, queue, NullLogger.Instance, TimeProvider.System);
        var running = controller.RunAsync(stop.Token);
        queue.Add(new("ns", name));
        await began.Task.WaitAsync(Patience);
        await stop.CancelAsync();
        await running.WaitAsync(Patience);
    }
}
