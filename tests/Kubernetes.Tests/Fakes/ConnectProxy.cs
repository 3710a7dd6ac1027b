using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LlmOps.Kubernetes.Tests;

/// <summary>An HTTP proxy on loopback that knows CONNECT, and remembers where it was asked to go.</summary>
internal sealed class ConnectProxy : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentQueue<string> targets = new();

    private readonly string? password;

    /// <param name="password">What it asks for, as <c>user:password</c>; null: nothing.</param>
    public ConnectProxy(string? password = null)
    {
        this.password = password;
        listener.Start();
        _ = AcceptAsync();
    }

    public Uri Address => new($"http://{listener.LocalEndpoint}");

    public IReadOnlyList<string> Targets => [.. targets];

    public void Dispose()
    {
        stop.Cancel();
        listener.Dispose();
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await listener.AcceptTcpClientAsync(stop.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            using (client)
            {
                var near = client.GetStream();
                var head = await HeadAsync(near);
                if (password is not null && !head.Contains($"Proxy-Authorization: Basic {Convert.ToBase64String(Encoding.ASCII.GetBytes(password))}\r\n", StringComparison.OrdinalIgnoreCase))
                {
                    await near.WriteAsync("HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic realm=\"way out\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray(), stop.Token);
                    return;
                }

                var target = head.Split(' ')[1];
                targets.Enqueue(target);
                var (host, port) = (target[..target.LastIndexOf(':')], int.Parse(target[(target.LastIndexOf(':') + 1)..], null));
                using var far = new TcpClient();
                await far.ConnectAsync(host, port, stop.Token);
                await near.WriteAsync("HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray(), stop.Token);
                await Task.WhenAny(near.CopyToAsync(far.GetStream(), stop.Token), far.GetStream().CopyToAsync(near, stop.Token));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or SocketException)
        {
        }
    }

    private async Task<string> HeadAsync(NetworkStream near)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await near.ReadAsync(one, stop.Token) > 0)
            head.Append((char)one[0]);
        return head.ToString();
    }
}
