using LlmOps.Testing;
using Xunit;

namespace LlmOps.Kubernetes.Tests;

public sealed class WorkQueueTests
{
    private readonly ManualTime time = new();
    private readonly WorkQueue<string> queue;

    private readonly HashSet<string> urgent = [];

    public WorkQueueTests() => queue = new WorkQueue<string>(time: time, isUrgent: urgent.Contains);

    private string? TryGet()
    {
        var get = queue.GetAsync(new CancellationToken(canceled: queue.Count == 0)).AsTask();
        return get.IsCompletedSuccessfully ? get.Result : null;
    }

    private IEnumerable<string?> Taken(int count) => [.. Enumerable.Range(0, count).Select(_ => TryGet())];

    /// <summary>Whether a worker gets nothing now, although keys may wait.</summary>
    private async Task AssertNothingAsync()
    {
        using var cancel = new CancellationTokenSource();
        var get = queue.GetAsync(cancel.Token).AsTask();
        Assert.False(get.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => get);
    }

    [Fact]
    public async Task A_queue_that_is_cleared_holds_nothing_and_nothing_comes_later()
    {
        queue.Add("a");
        queue.AddIdle("b");
        queue.AddAfter("c", TimeSpan.FromSeconds(1));
        queue.AddRateLimited("d");
        Assert.Equal(["a", "b", "c", "d"], queue.Clear().Order());
        Assert.Equal((0, 0), (queue.Count, queue.Failures("d")));
        time.Advance(TimeSpan.FromHours(1));
        await AssertNothingAsync();

        queue.AddAfter("c", TimeSpan.FromSeconds(1));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("c", TryGet());
    }

    [Fact]
    public void A_key_that_waits_is_held_once()
    {
        queue.Add("a");
        queue.Add("b");
        queue.Add("a");

        Assert.Equal(2, queue.Count);
        Assert.Equal("a", TryGet());
        Assert.Equal("b", TryGet());
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public async Task A_key_is_with_one_worker_at_a_time_and_comes_again_when_it_was_added_meanwhile()
    {
        queue.Add("a");
        Assert.Equal("a", TryGet());
        queue.Add("a");
        queue.Add("a");
        await AssertNothingAsync();

        queue.Done("a");
        Assert.Equal("a", TryGet());
        queue.Done("a");
        await AssertNothingAsync();
    }

    [Fact]
    public void Keys_that_changed_come_before_those_that_are_only_looked_at()
    {
        queue.AddIdle("idle");
        queue.AddIdle("both");
        queue.Add("changed");
        queue.Add("both");

        Assert.Equal(3, queue.Count);
        Assert.Equal(["changed", "both", "idle"], Taken(3));
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public void What_is_urgent_does_not_wait_for_a_thousand_changes_nor_they_for_it()
    {
        for (var i = 0; i < 1000; i++)
            queue.Add($"changed-{i}");
        foreach (var key in new[] { "a", "b", "c", "d", "e" })
        {
            urgent.Add(key);
            queue.Add(key);
        }

        Assert.Equal(["a", "b", "c", "changed-0", "d", "e", "changed-1", "changed-2"], Taken(8));
    }

    [Fact]
    public async Task A_key_that_becomes_urgent_while_it_waits_overtakes_and_is_handed_out_once()
    {
        queue.Add("first");
        queue.Add("a");
        urgent.Add("a");
        queue.Add("a");

        Assert.Equal(["a", "first"], Taken(2));
        queue.Done("a");
        queue.Done("first");
        await AssertNothingAsync();
    }

    [Fact]
    public void A_key_that_comes_back_is_as_urgent_as_it_is_then()
    {
        urgent.Add("a");
        queue.AddAfter("a", TimeSpan.FromSeconds(1));
        queue.AddAfter("b", TimeSpan.FromSeconds(1));
        urgent.Remove("a");
        urgent.Add("b");
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(["b", "a"], Taken(2));
    }

    [Fact]
    public void A_key_that_changed_stays_so_when_it_is_looked_at_too()
    {
        queue.Add("a");
        queue.AddIdle("b");
        queue.AddIdle("a");
        Assert.Equal(["a", "b"], Taken(2));
    }

    [Fact]
    public async Task A_key_that_overtook_is_handed_out_once()
    {
        queue.AddIdle("a");
        queue.Add("a");
        Assert.Equal("a", TryGet());
        await AssertNothingAsync();

        // Its idle turn is still in there, and must not pass for the new one.
        queue.AddIdle("a");
        queue.Done("a");
        queue.Add("b");
        Assert.Equal(["b", "a"], Taken(2));
    }

    [Fact]
    public void A_key_that_is_only_looked_at_has_its_turn_after_five_minutes()
    {
        queue.AddIdle("idle");
        time.Advance(TimeSpan.FromMinutes(4));
        queue.Add("soon");
        time.Advance(TimeSpan.FromMinutes(1.5));
        queue.Add("late");
        Assert.Equal(["soon", "idle", "late"], Taken(3));
    }

    [Fact]
    public async Task Done_without_a_new_add_hands_out_nothing()
    {
        queue.Add("a");
        Assert.Equal("a", TryGet());
        queue.Done("a");
        queue.Done("a");
        await AssertNothingAsync();
    }

    [Fact]
    public async Task A_worker_that_waits_gets_the_next_key()
    {
        var get = queue.GetAsync(CancellationToken.None).AsTask();
        Assert.False(get.IsCompleted);
        queue.Add("a");
        Assert.Equal("a", await get.WaitAsync(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public void A_delayed_key_comes_when_it_is_due_and_not_before()
    {
        queue.AddAfter("a", TimeSpan.FromSeconds(10));
        time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.Equal(0, queue.Count);
        time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal("a", TryGet());
    }

    [Theory]
    [InlineData(10, 5)]
    [InlineData(5, 10)]
    public void Of_several_delays_the_earliest_counts_and_the_others_do_not(int first, int second)
    {
        queue.AddAfter("a", TimeSpan.FromSeconds(first));
        queue.AddAfter("a", TimeSpan.FromSeconds(second));
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal("a", TryGet());
        queue.Done("a");
        time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public void Delayed_keys_come_in_the_order_of_their_due_times()
    {
        queue.AddAfter("c", TimeSpan.FromSeconds(3));
        queue.AddAfter("a", TimeSpan.FromSeconds(1));
        queue.AddAfter("b", TimeSpan.FromSeconds(2));
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal("abc", TryGet() + TryGet() + TryGet());
    }

    [Fact]
    public void A_delay_that_is_not_positive_is_none()
    {
        queue.AddAfter("a", TimeSpan.Zero);
        queue.AddAfter("b", TimeSpan.FromSeconds(-1));
        Assert.Equal(2, queue.Count);
    }

    [Fact]
    public void A_delay_without_end_is_accepted()
    {
        queue.AddAfter("a", TimeSpan.MaxValue);
        time.Advance(TimeSpan.FromDays(400));
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public void Failures_wait_longer_and_longer_up_to_the_limit_until_the_key_is_forgotten()
    {
        double[] milliseconds = [5, 10, 20, 40];
        foreach (var wait in milliseconds)
        {
            queue.AddRateLimited("a");
            time.Advance(TimeSpan.FromMilliseconds(wait - 1.5));
            Assert.Equal(0, queue.Count);
            time.Advance(TimeSpan.FromMilliseconds(1.5));
            Assert.Equal("a", TryGet());
            queue.Done("a");
        }

        for (var i = 0; i < 100; i++)
            queue.AddRateLimited("b");
        queue.AddRateLimited("slow");
        time.Advance(TimeSpan.FromMilliseconds(5));
        queue.Forget("a");
        Assert.Equal(0, queue.Failures("a"));
        Assert.Equal(100, queue.Failures("b"));
    }

    [Fact]
    public void The_longest_wait_is_sixty_seconds()
    {
        for (var i = 0; i < 1000; i++)
        {
            queue.AddRateLimited("a");
            time.Advance(TimeSpan.FromSeconds(60));
            Assert.Equal("a", TryGet());
            queue.Done("a");
        }

        Assert.Equal(1000, queue.Failures("a"));
    }

    [Fact]
    public async Task No_key_is_ever_with_two_workers_and_none_is_lost_under_load()
    {
        const int keys = 50, addsAKey = 400;
        using var real = new WorkQueue<int>();
        using var stop = new CancellationTokenSource();
        var inWork = new int[keys];
        var added = new int[keys];
        var lastSeen = new int[keys];
        var overlaps = 0;
        var workers = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            try
            {
                while (true)
                {
                    var key = await real.GetAsync(stop.Token);
                    if (Interlocked.Increment(ref inWork[key]) != 1)
                        Interlocked.Increment(ref overlaps);
                    Volatile.Write(ref lastSeen[key], Volatile.Read(ref added[key]));
                    await Task.Yield();
                    Interlocked.Decrement(ref inWork[key]);
                    real.Done(key);
                }
            }
            catch (OperationCanceledException)
            {
            }
        })).ToArray();

        await Parallel.ForAsync(0, keys * addsAKey, (i, _) =>
        {
            var key = i % keys;
            Interlocked.Increment(ref added[key]);
            if (i % 7 == 0)
                real.AddAfter(key, TimeSpan.FromMilliseconds(i % 3));
            else
                real.Add(key);
            return ValueTask.CompletedTask;
        });
        await Eventually.TrueAsync(() => lastSeen.All(n => n == addsAKey), TimeSpan.FromSeconds(60), () => string.Join(' ', lastSeen));
        await stop.CancelAsync();
        await Task.WhenAll(workers);

        Assert.Equal(0, overlaps);
    }
}
