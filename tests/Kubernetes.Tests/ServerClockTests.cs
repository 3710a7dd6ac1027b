using LlmOps.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace LlmOps.Kubernetes.Tests;

public sealed class ServerClockTests
{
    private readonly ManualTime local = new();
    private readonly ServerClock clock;

    public ServerClockTests() => clock = new(local, NullLogger.Instance);

    [Theory]
    [InlineData(300, 301)]
    [InlineData(-300, -299)]
    [InlineData(3, 4)]
    [InlineData(-4, -3)]
    [InlineData(2, 0)]
    [InlineData(-3, 0)]
    public void A_difference_is_taken_over_where_it_is_more_than_the_header_leaves_open(int ahead, double offset)
    {
        Observe(ahead);
        Assert.Equal(local.GetUtcNow().AddSeconds(offset), clock.GetUtcNow());
        Assert.Equal(TimeSpan.FromSeconds(offset == 0 ? 0 : 1), clock.Uncertainty);
    }

    [Fact]
    public void More_answers_leave_less_open_and_the_time_is_never_early()
    {
        // The server's clock is 300.25 s ahead.
        foreach (var (after, ahead, offset, uncertainty) in new[] { (0.0, 300.0, 301.0, 1.0), (0.5, 299.5, 300.5, 0.5), (0.25, 300.25, 300.5, 0.25), (60.0, 299.75, 300.5, 0.25) })
        {
            local.Advance(TimeSpan.FromSeconds(after));
            Observe(ahead);
            Assert.Equal(TimeSpan.FromSeconds(offset), clock.Offset);
            Assert.Equal(TimeSpan.FromSeconds(uncertainty), clock.Uncertainty);
        }
    }

    [Fact]
    public void An_answer_that_is_looked_at_late_says_what_it_said()
    {
        // The server's clock is 300.25 s ahead, and the thread that has the second answer is kept waiting before it tells.
        Observe(300);
        local.Advance(TimeSpan.FromSeconds(0.5));
        var (date, receivedAt) = (local.GetUtcNow().AddSeconds(299.5), local.GetTimestamp());
        local.Advance(TimeSpan.FromSeconds(2));
        clock.Observe(date, receivedAt, receivedAt);
        Assert.Equal((TimeSpan.FromSeconds(300.5), TimeSpan.FromSeconds(0.5)), (clock.Offset, clock.Uncertainty));
    }

    [Fact]
    public void What_was_found_goes_once_no_answer_agreed_for_a_minute()
    {
        Observe(300);
        local.Advance(TimeSpan.FromSeconds(30));
        Observe(300);
        local.Advance(ServerClock.Memory - TimeSpan.FromSeconds(1));
        Observe(0);
        Assert.Equal(TimeSpan.FromSeconds(301), clock.Offset);
        local.Advance(TimeSpan.FromSeconds(1));
        Observe(0);
        Assert.Equal(TimeSpan.Zero, clock.Offset);
        Assert.Equal(TimeSpan.Zero, clock.Uncertainty);
    }

    [Fact]
    public void Servers_behind_one_address_whose_clocks_differ_do_not_make_the_time_jump()
    {
        for (var second = 0; second < 600; second++)
        {
            Observe(second % 3 == 0 ? 120 : -120);
            Assert.Equal(TimeSpan.FromSeconds(121), clock.Offset);
            local.Advance(TimeSpan.FromSeconds(1));
        }
    }

    /// <summary>The date may be that of the answer's first moment, or of its last.</summary>
    [Theory]
    [InlineData(-22, 0)]
    [InlineData(0, 0)]
    [InlineData(280, 301)]
    public void A_slow_answer_says_as_much_as_its_length_leaves_open(int ahead, double offset)
    {
        Observe(ahead, took: 20);
        Assert.Equal(TimeSpan.FromSeconds(offset), clock.Offset);
    }

    [Fact]
    public async Task Answers_of_the_server_set_it()
    {
        using var api = new FakeApi(_ =>
        {
            var answer = FakeApi.NotFound();
            answer.Headers.Date = local.GetUtcNow().AddMinutes(5);
            return answer;
        });
        using var client = new KubernetesClient(new KubernetesClientConfiguration { Server = new Uri("http://fake.test"), Clock = clock }, clock, api);
        Assert.Null(await client.GetAsync<ConfigMap>(new("ns", "x"), CancellationToken.None));
        Assert.Equal(TimeSpan.FromMinutes(5).TotalSeconds, clock.Offset.TotalSeconds, tolerance: 1);
    }

    private void Observe(double ahead, double took = 0)
    {
        var receivedAt = local.GetTimestamp();
        clock.Observe(local.GetUtcNow().AddSeconds(ahead), receivedAt - (long)(took * local.TimestampFrequency), receivedAt);
    }
}
