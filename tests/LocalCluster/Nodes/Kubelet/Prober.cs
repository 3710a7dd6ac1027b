using System.Net.Sockets;
using LlmOps.Kubernetes;

namespace LlmOps.LocalCluster.Nodes.Kubelet;

/// <summary>Probes one container over HTTP and TCP with the kubelet's rules.</summary>
/// <remarks>Not played: exec and gRPC probes (they always succeed); an HTTPS probe only connects.</remarks>
internal sealed class Prober(TimeSpan? longestPeriod, TimeProvider time)
{
    // One connection a probe, as the kubelet does.
    private static readonly HttpClient Http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        PooledConnectionLifetime = TimeSpan.Zero,
    })
    { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>Probes until cancelled. <paramref name="onResult"/> hears of each change: true after successThreshold successes, false after failureThreshold failures.</summary>
    public async Task RunAsync(Probe probe, Container container, string podIP, Action<bool> onResult, CancellationToken ct)
    {
        var period = TimeSpan.FromSeconds(probe.PeriodSeconds ?? 10);
        var stretch = 1.0;
        if (longestPeriod is { } longest && period > longest)
            (stretch, period) = (period / longest, longest);
        var failureThreshold = (int)Math.Ceiling((probe.FailureThreshold ?? 3) * stretch);
        var successThreshold = probe.SuccessThreshold ?? 1;
        bool? reported = null;
        var (successes, failures) = (0, 0);

        await Task.Delay(TimeSpan.FromSeconds(probe.InitialDelaySeconds ?? 0), time, ct);
        while (true)
        {
            (successes, failures) = await SucceedsAsync(probe, container, podIP, ct) ? (successes + 1, 0) : (0, failures + 1);
            bool? result = successes >= successThreshold ? true : failures >= failureThreshold ? false : null;
            if (result is { } changed && changed != reported)
                onResult(changed);
            reported = result ?? reported;
            await Task.Delay(period, time, ct);
        }
    }

    private static async Task<bool> SucceedsAsync(Probe probe, Container container, string podIP, CancellationToken ct)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(ct);
        timeout.CancelAfter(TimeSpan.FromSeconds(probe.TimeoutSeconds ?? 1));
        try
        {
            if (probe.HttpGet is { } get && !string.Equals(get.Scheme, "HTTPS", StringComparison.OrdinalIgnoreCase))
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{podIP}:{Port(get.Port, container)}/{(get.Path ?? "/").TrimStart('/')}");
                request.Headers.TryAddWithoutValidation("User-Agent", "kube-probe/1.36");
                using var answer = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, timeout.Token);
                return (int)answer.StatusCode is >= 200 and < 400;
            }

            if ((probe.TcpSocket?.Port ?? probe.HttpGet?.Port) is { } port)
            {
                using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(podIP, Port(port, container), timeout.Token);
            }

            return true;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return false;
        }
        catch (Exception failure) when (failure is HttpRequestException or SocketException or IOException)
        {
            return false;
        }
    }

    private static int Port(IntOrString port, Container container) =>
        port.Number ?? container.Ports?.FirstOrDefault(candidate => candidate.Name == port.Text)?.Number ?? 0;
}
