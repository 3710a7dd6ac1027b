using LlmOps.Gateway.Tests.Fakes;

namespace LlmOps.Gateway.Tests;

public sealed class DrainTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_stop_lets_running_streams_end_and_takes_no_new_ones()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var bed = await GatewayBed.StartAsync(
            stable: async context =>
            {
                await Answers.Stream(Answers.RoleChunk, Answers.TextChunk("one"))(context);
                await go.Task;
                await Answers.Stream(Answers.TextChunk("two"), Answers.FinishChunk, Answers.Done)(context);
            },
            options: new GatewayOptions { Drain = TimeSpan.FromSeconds(20) });
        using var response = await bed.SendAsync();

        var stopped = bed.Gateway.StopAsync(CancellationToken.None);

        using (var ready = await bed.AdminResponseAsync("/readyz"))
            Assert.Equal(503, (int)ready.StatusCode);
        await Testing.Eventually.TrueAsync(
            async ct =>
            {
                using var socket = new System.Net.Sockets.TcpClient();
                try
                {
                    await socket.ConnectAsync(System.Net.IPAddress.Loopback, bed.Gateway.ClientAddress.Port, ct);
                    return false;
                }
                catch (System.Net.Sockets.SocketException)
                {
                    return true;
                }
            },
            Soon,
            () => "the port is closed");
        Assert.False(stopped.IsCompleted);
        go.SetResult();
        Assert.Contains("[DONE]", await response.Content.ReadAsStringAsync().WaitAsync(Soon));
        await stopped.WaitAsync(Soon);
    }

    [Fact]
    public async Task A_stream_that_outlives_the_drain_is_cut()
    {
        var hungUp = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var bed = await GatewayBed.StartAsync(
            stable: async context =>
            {
                await Answers.Stream(Answers.RoleChunk, Answers.TextChunk("one"))(context);
                await Answers.Silence(hungUp)(context);
            },
            options: new GatewayOptions { Drain = TimeSpan.FromMilliseconds(200) });
        using var response = await bed.SendAsync();

        await bed.Gateway.StopAsync(CancellationToken.None).WaitAsync(Soon);

        await hungUp.Task.WaitAsync(Soon);
        await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsStringAsync());
    }
}
