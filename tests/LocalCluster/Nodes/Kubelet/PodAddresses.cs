using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace LlmOps.LocalCluster.Nodes.Kubelet;

/// <summary>
/// Gives every pod a loopback address of its own, 127.X.a.b. X belongs to one simulator at a time: it holds port 10250,
/// the kubelet's, of 127.X.0.1. Addresses are not given again before the range is used up.
/// </summary>
internal sealed class PodAddresses : IDisposable
{
    private const int KubeletPort = 10250;

    private readonly Socket reservation;
    private readonly byte network;
    private int last = 1;

    public PodAddresses()
    {
        while (true)
        {
            network = (byte)RandomNumberGenerator.GetInt32(2, 250);
            reservation = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                reservation.Bind(new IPEndPoint(HostAddress, KubeletPort));
                reservation.Listen();
                return;
            }
            catch (SocketException)
            {
                reservation.Dispose();
            }
        }
    }

    /// <summary>The nodes' own address.</summary>
    public IPAddress HostAddress => new([127, network, 0, 1]);

    public IPAddress Next()
    {
        var number = Interlocked.Increment(ref last) % (253 * 253);
        return new IPAddress([127, network, (byte)(1 + (number / 253)), (byte)(1 + (number % 253))]);
    }

    public void Dispose() => reservation.Dispose();
}
