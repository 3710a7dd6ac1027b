using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace LlmOps.LocalCluster;

/// <summary>
/// Free ports of 127.0.0.1, from below the range that the kernel gives to outgoing connections (32768 and up): a server
/// can then be stopped and started again on its port without losing it to a client.
/// </summary>
public static class LoopbackPorts
{
    private const int First = 20000;
    private const int End = 32000;

    /// <summary><paramref name="count"/> different ports, free a moment ago: bind and retry, another process may be quicker.</summary>
    public static int[] Take(int count)
    {
        var ports = new HashSet<int>();
        while (ports.Count < count)
        {
            var port = RandomNumberGenerator.GetInt32(First, End);
            if (IsFree(port))
                ports.Add(port);
        }

        return [.. ports];
    }

    private static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
