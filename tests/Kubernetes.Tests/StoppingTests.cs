using LlmOps.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace LlmOps.Kubernetes.Tests;

/// <summary>What runs until it is cancelled ends without an error, also where a request fails in the very moment of the end.</summary>
public sealed class StoppingTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ManualTime time = new();
    private readonly CancellationTokenSource stop = new();

    public void Dispose() => stop.Dispose();

    /// <summary>A server that refuses everything, during whose answer everything ends.</summary>
    private FakeApi Last() => new(_ =>
    {
        stop.Cancel();
        return FakeApi.Failure(403, "Forbidden");
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_a_cache(bool streams)
    {
        using var api = Last();
        using var informer = new Informer<ConfigMap>(api.Client(), new() { StreamLists = streams }, NullLogger.Instance, time);
        await informer.RunAsync(stop.Token).WaitAsync(Patience);
        Assert.Single(api.Requests);
    }

    [Fact]
    public async Task Of_who_waits_for_a_lease()
    {
        using var api = Last();
        var elector = new LeaderElector(api.Client(), new() { Namespace = "ns", LeaseName = "operator", Identity = "a" }, time, NullLogger.Instance);
        await elector.RunAsync(_ => throw new InvalidOperationException("there is no lease"), stop.Token).WaitAsync(Patience);
        Assert.Single(api.Requests);
    }

    [Fact]
    public async Task Of_who_renews_a_lease()
    {
        var (leases, work, requests) = (new FakeLeases(), new TaskCompletionSource(), 0);
        var client = leases.Client(time, _ =>
        {
            // Two to get the lease, and the first of the renewal.
            if (++requests != 3)
                return Task.CompletedTask;
            // What waits for the work goes on at once, here, and ends the renewal.
            work.SetResult();
            throw new KubernetesException("forbidden", 403, "Forbidden");
        });
        var options = new LeaderElectionOptions { Namespace = "ns", LeaseName = "operator", Identity = "a" };
        var leads = new TaskCompletionSource();
        var run = Task.Run(() => new LeaderElector(client, options, time, NullLogger.Instance).RunAsync(
            _ =>
            {
                leads.SetResult();
                return work.Task;
            },
            stop.Token));
        // The renewal waits by then.
        await leads.Task.WaitAsync(Patience);
        time.Advance(options.RetryPeriod);

        await run.WaitAsync(Patience);
        Assert.Equal("", leases.Lease!.Spec!.HolderIdentity);
    }

    [Fact]
    public async Task Of_who_leads_while_the_server_no_longer_answers()
    {
        var (hangs, asked, leads) = (false, new TaskCompletionSource(), new TaskCompletionSource());
        var client = new FakeLeases().Client(time, ct =>
        {
            if (!Volatile.Read(ref hangs))
                return Task.CompletedTask;
            asked.TrySetResult();
            return Task.Delay(Timeout.Infinite, ct);
        });
        var options = new LeaderElectionOptions { Namespace = "ns", LeaseName = "operator", Identity = "a" };
        var run = Task.Run(() => new LeaderElector(client, options, time, NullLogger.Instance).RunAsync(
            ct =>
            {
                leads.SetResult();
                return Task.Delay(Timeout.Infinite, ct);
            },
            stop.Token));
        await leads.Task.WaitAsync(Patience);
        Volatile.Write(ref hangs, true);
        await stop.CancelAsync();
        await asked.Task.WaitAsync(Patience);
        time.Advance(TimeSpan.FromSeconds(2));
        await run.WaitAsync(Patience);
    }

    [Fact]
    public async Task Of_all_when_one_of_them_fails()
    {
        var (first, fault) = (new InvalidOperationException("first"), new TaskCompletionSource());
        using var parts = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
        async Task FailInTheEndAsync()
        {
            await Task.Delay(Timeout.Infinite, parts.Token).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            throw new InvalidOperationException("second");
        }

        var together = new[] { Task.Delay(Timeout.Infinite, parts.Token), FailInTheEndAsync(), Task.CompletedTask, fault.Task }.EndTogetherAsync(parts);
        Assert.False(together.IsCompleted);
        fault.SetException(first);
        Assert.Same(first, await Assert.ThrowsAsync<InvalidOperationException>(() => together.WaitAsync(Patience)));
    }

    [Fact]
    public async Task Of_a_member()
    {
        using var api = Last();
        var membership = new Membership(api.Client(), new() { Namespace = "ns", Group = "operators", GroupLabel = "test.dev/group", Identity = "a" }, time, NullLogger.Instance);
        await membership.RunAsync(stop.Token).WaitAsync(Patience);
        Assert.Empty(membership.Members);
    }

    [Fact]
    public async Task Of_events()
    {
        using var api = new FakeApi(async (_, ct) =>
        {
            await Task.Delay(Timeout.Infinite, ct).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            return FakeApi.Failure(403, "Forbidden");
        });
        var recorder = new EventRecorder(api.Client(), "llmops.dev/operator", "operator-0", time, NullLogger.Instance);
        recorder.Publish(new() { ApiVersion = "v1", Kind = "ConfigMap", Namespace = "ns", Name = "a", Uid = "u" }, "Normal", "One", "A", "1");
        await Eventually.TrueAsync(() => api.Requests.Count == 1, Patience, () => "the event is written");
        var end = recorder.DisposeAsync().AsTask();
        await time.WaitForTimersAsync(1);
        time.Advance(TimeSpan.FromSeconds(2));
        await end.WaitAsync(Patience);
    }
}
