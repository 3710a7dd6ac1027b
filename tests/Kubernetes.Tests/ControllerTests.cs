using System.Collections.Concurrent;
using LlmOps.Testing;
using Microsoft.Extensions.Logging;
using Xunit;

namespace LlmOps.Kubernetes.Tests;

public sealed class ControllerTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ManualTime time = new();
    private readonly TestLogger logs = new();
    private readonly WorkQueue<ObjectKey> queue;
    private readonly ConcurrentDictionary<ObjectKey, bool> urgent = new();
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentQueue<ObjectKey> seen = new();
    private Task running = Task.CompletedTask;

    public ControllerTests() => queue = new WorkQueue<ObjectKey>(time: time, isUrgent: urgent.ContainsKey);

    private static ObjectKey Key(string name) => new("ns", name);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running.WaitAsync(Patience);
    }

    private void Run(Func<ObjectKey, CancellationToken, Task<ReconcileResult>> reconcile, int workers = 2, int urgentWorkers = 0)
    {
        var controller = new Controller<ObjectKey>("test", (key, ct) =>
        {
            seen.Enqueue(key);
            return reconcile(key, ct);
        }, workers, queue, logs.CreateLogger("c"), time, urgentWorkers);
        running = controller.RunAsync(stop.Token);
    }

    private async Task ComesBackTwentyTimesAsync(TimeSpan within)
    {
        queue.Add(Key("a"));
        for (var i = 1; i <= 20; i++)
        {
            await SeenAsync(i);
            await time.WaitForTimersAsync(1);
            Assert.InRange(time.NextDue!.Value - time.GetUtcNow(), TimeSpan.Zero, within);
            time.AdvanceToNextTimer();
        }

        await SeenAsync(21);
    }

    private Task SeenAsync(int count) => Eventually.TrueAsync(() => seen.Count >= count, Patience, () => $"{count} reconciles, there are {seen.Count}");

    [Fact]
    public async Task What_is_urgent_does_not_wait_for_those_who_work_on_what_is_not()
    {
        var gate = new TaskCompletionSource();
        urgent[Key("urgent")] = true;
        Run(
            async (key, ct) =>
            {
                if (!urgent.ContainsKey(key))
                    await gate.Task.WaitAsync(ct);
                return ReconcileResult.Done;
            },
            workers: 2,
            urgentWorkers: 1);
        foreach (var name in new[] { "a", "b", "c" })
            queue.Add(Key(name));
        await SeenAsync(2);
        // Again and again: those for urgent keys alone have no turn left over.
        for (var i = 1; i <= 5; i++)
        {
            queue.Add(Key("urgent"));
            await Eventually.TrueAsync(() => seen.Count(key => key == Key("urgent")) == i, Patience, () => $"{i} urgent ones are looked at");
        }

        Assert.DoesNotContain(Key("c"), seen);
        gate.SetResult();
        await Eventually.TrueAsync(() => seen.Contains(Key("c")), Patience, "the last of the others");
    }

    [Fact]
    public async Task A_result_that_wants_to_come_back_comes_back_then()
    {
        Run((_, _) => Task.FromResult(ReconcileResult.After(TimeSpan.FromSeconds(30))));
        queue.Add(Key("a"));
        await SeenAsync(1);
        await time.WaitForTimersAsync(1);
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.Single(seen);
        time.Advance(TimeSpan.FromSeconds(1));
        await SeenAsync(2);
    }

    [Fact]
    public async Task A_conflict_that_is_no_reason_to_wait_long_is_no_error_and_comes_back_soon()
    {
        var conflict = new KubernetesException("changed meanwhile", 409, "Conflict");
        Run((_, _) => Task.FromResult(ReconcileResult.After(TimeSpan.FromSeconds(1)) with { Failure = conflict }));
        await ComesBackTwentyTimesAsync(within: TimeSpan.FromSeconds(1));
        Assert.DoesNotContain(logs.Lines, line => line.EventName == "ReconcileFailed");
    }

    [Fact]
    public async Task What_the_server_asks_for_counts_more_than_the_longest_wait_of_a_failure()
    {
        var shed = new KubernetesException("slow down", 429, "TooManyRequests", retryAfter: TimeSpan.FromSeconds(7));
        Run((_, _) => Task.FromResult(ReconcileResult.After(TimeSpan.FromSeconds(1)) with { Failure = shed }));
        queue.Add(Key("a"));
        await SeenAsync(1);
        await time.WaitForTimersAsync(1);
        Assert.Equal(TimeSpan.FromSeconds(7), time.NextDue!.Value - time.GetUtcNow());
    }

    [Fact]
    public async Task A_failure_that_is_no_reason_to_wait_long_counts_and_comes_back_soon()
    {
        Run((_, _) => Task.FromResult(ReconcileResult.After(TimeSpan.FromSeconds(1)) with { Failure = new InvalidOperationException("not yet") }));
        await ComesBackTwentyTimesAsync(within: TimeSpan.FromSeconds(1));
        Assert.True(queue.Failures(Key("a")) >= 20);
        Assert.InRange(logs.Lines.Count(line => line.EventName == "ReconcileFailed"), 20, 21);
    }

    [Fact]
    public async Task A_key_that_fails_comes_back_for_ever_and_starts_over_after_a_success()
    {
        var failures = 0;
        Run((_, _) => ++failures <= 20 ? throw new InvalidOperationException("not yet") : Task.FromResult(ReconcileResult.Done));
        queue.Add(Key("a"));
        for (var i = 1; i <= 20; i++)
        {
            await SeenAsync(i);
            await time.WaitForTimersAsync(1);
            time.AdvanceToNextTimer();
        }

        await SeenAsync(21);
        await Eventually.TrueAsync(() => queue.Failures(Key("a")) == 0, Patience, "forgotten");
        Assert.Equal(20, logs.Lines.Count(l => l.EventName == "ReconcileFailed"));
    }

    [Fact]
    public async Task A_conflict_comes_back_without_an_error_in_the_log()
    {
        var first = true;
        Run((_, _) =>
        {
            if (!first)
                return Task.FromResult(ReconcileResult.Done);
            first = false;
            throw new KubernetesException("changed meanwhile", 409, "Conflict");
        });
        queue.Add(Key("a"));
        await time.WaitForTimersAsync(1);
        time.AdvanceToNextTimer();
        await SeenAsync(2);
        Assert.DoesNotContain(logs.Lines, l => l.Level >= LogLevel.Warning);
    }

    [Fact]
    public async Task A_key_that_the_server_puts_off_comes_back_when_the_server_said_and_without_an_error_in_the_log()
    {
        Run((_, _) => throw new KubernetesException("slow down", 429, "TooManyRequests", retryAfter: TimeSpan.FromSeconds(7)));
        queue.Add(Key("a"));
        for (var i = 1; i <= 5; i++)
        {
            await SeenAsync(i);
            await time.WaitForTimersAsync(1);
            time.Advance(TimeSpan.FromSeconds(6.9));
            Assert.Equal(i, seen.Count);
            time.Advance(TimeSpan.FromSeconds(0.1));
        }

        await SeenAsync(6);
        Assert.DoesNotContain(logs.Lines, l => l.Level >= LogLevel.Warning);
    }

    [Fact]
    public async Task However_often_the_server_puts_a_key_off_it_comes_back_when_the_server_said()
    {
        Run((_, _) => throw new KubernetesException("slow down", 429, "TooManyRequests", retryAfter: TimeSpan.FromSeconds(2)));
        queue.Add(Key("a"));
        for (var i = 1; i <= 20; i++)
        {
            await SeenAsync(i);
            await time.WaitForTimersAsync(1);
            Assert.Equal(2, (time.NextDue!.Value - time.GetUtcNow()).TotalSeconds, 3);
            time.AdvanceToNextTimer();
        }
    }

    [Fact]
    public async Task A_server_that_asks_for_no_wait_at_all_is_asked_less_and_less_often()
    {
        Run((_, _) => throw new KubernetesException("slow down", 429, "TooManyRequests", retryAfter: TimeSpan.Zero));
        queue.Add(Key("a"));
        for (var i = 1; i <= 20; i++)
        {
            await SeenAsync(i);
            await time.WaitForTimersAsync(1);
            time.AdvanceToNextTimer();
        }

        await SeenAsync(21);
        await time.WaitForTimersAsync(1);
        Assert.Equal(1, (time.NextDue!.Value - time.GetUtcNow()).TotalSeconds, 3);
    }

    [Fact]
    public async Task Keys_that_hang_make_room_for_others_after_a_second_but_not_for_any_number_of_them()
    {
        var (running, hung) = (0, new TaskCompletionSource());
        Run(async (key, _) =>
        {
            Interlocked.Increment(ref running);
            if (key.Name != "a")
                await hung.Task;
            Interlocked.Decrement(ref running);
            return ReconcileResult.Done;
        }, workers: 1);
        queue.Add(Key("stuck-0"));
        queue.Add(Key("a"));
        await SeenAsync(1);
        await time.WaitForTimersAsync(1);
        time.Advance(TimeSpan.FromSeconds(0.9));
        Assert.Single(seen);
        time.Advance(TimeSpan.FromSeconds(0.1));
        await SeenAsync(2);

        // The key that hangs is with nobody else meanwhile.
        queue.Add(Key("stuck-0"));
        for (var i = 1; i <= 20; i++)
            queue.Add(Key($"stuck-{i}"));
        for (var i = 1; i <= 8; i++)
        {
            await SeenAsync(2 + i);
            await time.WaitForTimersAsync(1);
            time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(10, seen.Count);
        Assert.Equal(9, Volatile.Read(ref running));
        hung.SetResult();
        await SeenAsync(23);
        Assert.Equal(2, seen.Count(key => key.Name == "stuck-0"));
        await Eventually.TrueAsync(() => Volatile.Read(ref running) == 0, Patience, "all have ended");
    }

    [Fact]
    public async Task A_stop_waits_for_what_goes_on_aside()
    {
        var hung = new TaskCompletionSource();
        Run(async (key, _) =>
        {
            if (key.Name == "stuck")
                await hung.Task;
            return ReconcileResult.Done;
        }, workers: 1);
        queue.Add(Key("stuck"));
        await SeenAsync(1);
        await time.WaitForTimersAsync(1);
        time.Advance(TimeSpan.FromSeconds(1));
        queue.Add(Key("a"));
        await SeenAsync(2);

        await stop.CancelAsync();
        Assert.False(running.IsCompleted);
        hung.SetResult();
        await running.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_key_that_hangs_does_not_hold_up_the_others_and_a_stop_ends_it()
    {
        Run(async (key, ct) =>
        {
            if (key.Name == "stuck")
                await Task.Delay(Timeout.Infinite, ct);
            return ReconcileResult.Done;
        });
        queue.Add(Key("stuck"));
        queue.Add(Key("a"));
        queue.Add(Key("b"));
        await SeenAsync(3);

        await stop.CancelAsync();
        await running.WaitAsync(Patience);
        Assert.DoesNotContain(logs.Lines, l => l.Level >= LogLevel.Warning);
    }

    [Fact]
    public async Task Every_line_of_a_reconciliation_carries_its_id_and_each_reconciliation_has_its_own()
    {
        var logger = logs.CreateLogger("reconciler");
        Run(async (key, _) =>
        {
#pragma warning disable CA1848 // A test's own lines.
            logger.LogInformation("before a wait");
            await Task.Yield();
            logger.LogInformation("after a wait");
#pragma warning restore CA1848
            throw key.Name == "a" ? new InvalidOperationException("no") : new KubernetesException("changed meanwhile", 409, "Conflict");
        });
        queue.Add(Key("a"));
        queue.Add(Key("b"));
        await Eventually.TrueAsync(() => logs.Lines.Count(line => line.EventName is "ReconcileFailed" or "ReconcileConflict") == 2, Patience, "both are through");

        var byName = logs.Lines.Where(line => line.Field("ReconcileId") is not null).ToLookup(line => line.Field("Name"));
        Assert.Equal(6, logs.Lines.Count(line => line.EventName is not "ControllerStarted"));
        Assert.Equal((3, 3), (byName["a"].Count(), byName["b"].Count()));
        Assert.Equal(2, byName.SelectMany(lines => lines).Select(line => line.Field("ReconcileId")).Distinct().Count());
    }

    [Fact]
    public void The_scope_of_a_reconciliation_names_the_object_and_the_reconciliation()
    {
        var scope = new ReconcileScope("llmdeployment", Key("a"), "1234");
        Assert.Equal("llmdeployment ns/a 1234", scope.ToString());
        Assert.Equal(
            [new("Controller", "llmdeployment"), new("Namespace", "ns"), new("Name", "a"), new("ReconcileId", "1234")],
            scope.ToArray());
    }
}
