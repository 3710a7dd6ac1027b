using System.Net;
using System.Security.Cryptography.X509Certificates;
using LlmOps.LocalCluster.Processes;

namespace LlmOps.LocalCluster;

/// <summary>
/// A real Kubernetes API for one test run: etcd and the upstream API machinery on free ports of 127.0.0.1 (what it covers:
/// <c>controlplane/README.md</c>). There is no scheduler, kubelet or workload controller in it; the node simulator plays those.
/// <para>Guarantees: <see cref="StartAsync"/> returns when <c>/readyz</c> does; both processes end with this object, or with
/// this process however it ends.</para>
/// </summary>
public sealed class ControlPlane : IAsyncDisposable
{
    private const int StartAttempts = 5;
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private readonly ControlPlaneOptions options;
    private readonly ControlPlaneBinaries binaries;
    private readonly bool ownsData;
    private ChildProcess etcd = null!;
    private ChildProcess apiServer = null!;
    private int etcdPort;
    private int etcdPeerPort;
    private int securePort;

    private ControlPlane(ControlPlaneOptions options, ControlPlaneBinaries binaries)
    {
        this.binaries = binaries;
        this.options = options;
        ownsData = options.DataDirectory is null;
        DataDirectory = options.DataDirectory is { } given ? Directory.CreateDirectory(given).FullName : Workspace.CreateRunDirectory("controlplane");
    }

    /// <summary>Holds <c>etcd</c>, <c>pki</c> (certificates, <c>kubeconfig</c>, <c>access.jsonl</c>), <c>etcd.log</c> and <c>apiserver.log</c>.</summary>
    public string DataDirectory { get; }

    /// <summary>A kubeconfig of an administrator (group <c>system:masters</c>).</summary>
    public string KubeconfigPath => Path.Combine(DataDirectory, "pki", "kubeconfig");

    /// <summary>One JSON line for each distinct access of everybody who is not an administrator: what RBAC tests read.</summary>
    public string AccessLogPath => Path.Combine(DataDirectory, "pki", "access.jsonl");

    public Uri Server => new($"https://127.0.0.1:{securePort}");

    /// <summary>etcd itself, behind the API server's back: for benches that need more objects than the API server takes in their time.</summary>
    public Uri Etcd => new($"http://127.0.0.1:{etcdPort}");

    public int ApiServerPid => apiServer.Pid;

    public int EtcdPid => etcd.Pid;

    /// <summary>Says, without building anything, whether it can run here.</summary>
    public static ControlPlaneAvailability Probe() => ControlPlaneBinaries.Probe();

    /// <summary>Builds the binaries where that was not done yet, starts both processes and waits until they are ready.</summary>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="log">Gets progress lines.</param>
    /// <param name="ct">Cancelling leaves no process behind.</param>
    /// <exception cref="ControlPlaneException">It cannot be built, or does not get ready.</exception>
    public static async Task<ControlPlane> StartAsync(ControlPlaneOptions? options = null, Action<string>? log = null, CancellationToken ct = default)
    {
        var plane = new ControlPlane(options ?? new(), await ControlPlaneBinaries.EnsureAsync(log, ct));
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                if (await plane.TryStartAsync(ct))
                    break;
                if (attempt == StartAttempts)
                    throw new ControlPlaneException($"The control plane ended while starting, {attempt} times; its log ends:\n{plane.apiServer.LogTail()}\netcd's:\n{plane.etcd.LogTail()}");
                await plane.StopAsync();
            }
        }
        catch
        {
            await plane.DisposeAsync();
            throw;
        }

        log?.Invoke($"controlplane: serving {plane.Server}");
        return plane;
    }

    /// <summary>Kills the API server as a crash would (SIGKILL). etcd goes on.</summary>
    public async Task KillApiServerAsync() => await apiServer.StopAsync(TimeSpan.Zero);

    /// <summary>Starts the API server again on the same port and data, killing it first where it still runs; returns when it is ready.</summary>
    /// <exception cref="ControlPlaneException">It does not get ready.</exception>
    public async Task RestartApiServerAsync(CancellationToken ct = default)
    {
        await apiServer.DisposeAsync();
        await StartApiServerAsync();
        if (!await WaitReadyAsync(ct))
            throw new ControlPlaneException($"The API server ended while restarting; its log ends:\n{apiServer.LogTail()}");
    }

    /// <summary>Kills etcd as a crash would (SIGKILL). The API server goes on, and fails at everything.</summary>
    public async Task KillEtcdAsync() => await etcd.StopAsync(TimeSpan.Zero);

    /// <summary>Starts etcd again on the same ports and data, killing it first where it still runs; returns when the API server is ready again.</summary>
    /// <exception cref="ControlPlaneException">It does not get ready.</exception>
    public async Task RestartEtcdAsync(CancellationToken ct = default)
    {
        await etcd.DisposeAsync();
        await StartEtcdAsync();
        if (!await WaitReadyAsync(ct))
            throw new ControlPlaneException($"The control plane ended while etcd was restarting; its log ends:\n{etcd.LogTail()}\nthe API server's:\n{apiServer.LogTail()}");
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (ownsData)
            Workspace.TryDelete(DataDirectory);
    }

    /// <summary>False when a process ended, as it does when another one took its port in between.</summary>
    private async Task<bool> TryStartAsync(CancellationToken ct)
    {
        (etcdPort, etcdPeerPort, securePort) = LoopbackPorts.Take(3) is [var a, var b, var c] ? (a, b, c) : default;
        await StartEtcdAsync();
        await StartApiServerAsync();
        return await WaitReadyAsync(ct);
    }

    private async Task StartEtcdAsync()
    {
        var client = $"http://127.0.0.1:{etcdPort}";
        var peer = $"http://127.0.0.1:{etcdPeerPort}";
        etcd = await ChildProcess.StartAsync(new()
        {
            Executable = binaries.Etcd,
            LogFile = Path.Combine(DataDirectory, "etcd.log"),
            Environment = options.Environment,
            Arguments =
            [
                "--name", "local", "--data-dir", Path.Combine(DataDirectory, "etcd"), "--log-level", "warn",
                "--listen-client-urls", client, "--advertise-client-urls", client,
                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", $"local={peer}",
                // Test data: nothing is lost that anybody needs after a power cut.
                "--unsafe-no-fsync", "--quota-backend-bytes", "4294967296",
                // As kubeadm sets it: without it, watches of quiet resources get no bookmarks.
                "--experimental-watch-progress-notify-interval", "5s",
            ],
        });
    }

    private async Task StartApiServerAsync() => apiServer = await ChildProcess.StartAsync(new()
    {
        Executable = binaries.ApiServer,
        LogFile = Path.Combine(DataDirectory, "apiserver.log"),
        Environment = options.Environment,
        Arguments =
        [
            $"--etcd-servers=http://127.0.0.1:{etcdPort}", $"--secure-port={securePort}",
            $"--data-dir={Path.Combine(DataDirectory, "pki")}", .. options.ExtraArguments,
        ],
    });

    private async Task<bool> WaitReadyAsync(CancellationToken ct)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
        deadline.CancelAfter(options.ReadyTimeout);
        try
        {
            while (!await IsReadyAsync(deadline.Token))
            {
                if (apiServer.Exited.IsCompleted || etcd.Exited.IsCompleted)
                    return false;
                await Task.Delay(PollInterval, TimeProvider.System, deadline.Token);
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new ControlPlaneException($"The API server was not ready after {options.ReadyTimeout.TotalSeconds:0} s; its log ends:\n{apiServer.LogTail()}");
        }

        return true;
    }

    private async Task<bool> IsReadyAsync(CancellationToken ct)
    {
        var pki = Path.Combine(DataDirectory, "pki");
        if (!File.Exists(KubeconfigPath))
            return false;
        try
        {
            using var authority = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(pki, "ca.crt"));
            using var admin = X509Certificate2.CreateFromPemFile(Path.Combine(pki, "admin.crt"), Path.Combine(pki, "admin.key"));
            using var handler = new SocketsHttpHandler { UseProxy = false };
            handler.SslOptions.ClientCertificates = [admin];
            handler.SslOptions.CertificateChainPolicy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, CustomTrustStore = { authority } };
            using var client = new HttpClient(handler);
            using var answer = await client.GetAsync(new Uri(Server, "/readyz"), ct);
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
        catch (IOException)
        {
            // Certificates are being written.
            return false;
        }
    }

    private async Task StopAsync()
    {
        // What is kept must be whole; what is thrown away need not be.
        var grace = ownsData ? TimeSpan.Zero : TimeSpan.FromSeconds(10);
        if (apiServer is not null)
            await apiServer.StopAsync(grace);
        if (etcd is not null)
            await etcd.StopAsync(grace);
    }
}
