using System.Net;
using System.Net.Sockets;
using LlmOps.EngineEmulator.Catalog;

namespace LlmOps.EngineEmulator.Tests;

public sealed class LoadingTests
{
    [Fact]
    public async Task The_port_is_closed_until_the_model_is_loaded()
    {
        var time = new ManualTime();
        var port = FreePort();
        var starting = Emulators.StartAsync(
            Emulators.Profile() with { LoadSeconds = 30 }, with: options => options with { Port = port, TimeProvider = time });
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(starting.IsCompleted);
        using (var probe = new TcpClient())
        {
            var refused = await Assert.ThrowsAsync<SocketException>(() => probe.ConnectAsync(IPAddress.Loopback, port));
            Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        }

        time.Advance(TimeSpan.FromSeconds(1));
        await using var server = await starting;
        using var client = new EngineClient(server.Address);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health")).StatusCode);
    }

    [Theory]
    [InlineData(CrashMode.OnLoad, 1)]
    [InlineData(CrashMode.Oom, 137)]
    public async Task A_model_that_crashes_never_listens(CrashMode crash, int exitCode)
    {
        var thrown = await Assert.ThrowsAsync<EmulatorCrashException>(() => Emulators.StartAsync(Emulators.Profile() with { Crash = crash }));
        Assert.Equal(exitCode, thrown.ExitCode);
    }

    [Fact]
    public async Task The_port_is_closed_after_stop()
    {
        await using var server = await Emulators.StartAsync();
        await server.StopAsync();
        using var probe = new TcpClient();
        await Assert.ThrowsAsync<SocketException>(() => probe.ConnectAsync(IPAddress.Loopback, server.Address.Port));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
