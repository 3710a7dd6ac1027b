using System.Threading.Channels;
using LlmOps.Kubernetes;
using Microsoft.Extensions.Logging;

namespace LlmOps.LocalCluster.Nodes.Kubelet;

/// <summary>
/// One pod from its binding to its end: volumes, token, init containers, containers, and its status in the API. A pod
/// that the server still has when its processes have ended is deleted there with a grace period of 0, as a kubelet does.
/// </summary>
internal sealed partial class PodWorker : IAsyncDisposable
{
    private const int DefaultGraceSeconds = 30;
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    private readonly KubeletServices services;
    private readonly Pod pod;
    private readonly string address;
    private readonly string directory;
    private readonly Termination termination;
    private readonly Channel<bool> changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly List<ContainerRunner> init;
    private readonly List<ContainerRunner> containers;
    private readonly DateTimeOffset startTime;
    private Pod written;
    private volatile bool gone;

    public PodWorker(KubeletServices services, Pod pod)
    {
        (this.services, this.pod, written) = (services, pod, pod);
        address = services.Addresses.Next().ToString();
        directory = Path.Combine(services.DataDirectory, "pods", $"{pod.Metadata.Namespace}_{pod.Metadata.Name}");
        startTime = services.Time.GetUtcNow();
        termination = new(TimeSpan.FromSeconds(pod.Spec?.TerminationGracePeriodSeconds ?? DefaultGraceSeconds));
        var policy = pod.Spec?.RestartPolicy ?? "Always";
        init = [.. (pod.Spec?.InitContainers ?? []).Select(container => new ContainerRunner(services, container, policy == "Never" ? policy : "OnFailure", Changed))];
        containers = [.. (pod.Spec?.Containers ?? []).Select(container => new ContainerRunner(services, container, policy, Changed))];
    }

    /// <summary>Completes when no process of the pod is left.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    /// <summary>Starts the pod; one that is terminated already is only taken away.</summary>
    public void Start() => Completion = Task.Run(RunAsync);

    /// <summary>Ends the pod's processes gracefully.</summary>
    public void Terminate() => termination.Request();

    /// <summary>The server has the pod no longer. A pod that was being deleted was forced; else its processes still get their grace period.</summary>
    public void Gone(bool wasDeleting)
    {
        gone = true;
        if (wasDeleting)
            termination.Force();
        else
            termination.Request();
    }

    /// <summary>Kills the processes of all containers; false when none runs.</summary>
    public bool Kill() => containers.Select(container => container.Kill()).ToList().Contains(true);

    public async ValueTask DisposeAsync()
    {
        gone = true;
        termination.Force();
        await Completion;
        termination.Dispose();
    }

    private void Changed() => changes.Writer.TryWrite(true);

    private async Task RunAsync()
    {
        using var reporting = new CancellationTokenSource();
        var reports = ReportAsync(reporting.Token);
        try
        {
            termination.Requested.ThrowIfCancellationRequested();
            await RunContainersAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, services.Time, termination.Requested);
        }
        catch (OperationCanceledException)
        {
            // Terminated: every container has been ended by now.
        }
        catch (Exception failure)
        {
            // A defect in one pod must not end the others; it shows in the log and as a pod that does not get ready.
            LogFailed(services.Logger, pod.Key(), failure);
        }

        await reporting.CancelAsync();
        await reports;
        if (!gone && termination.Requested.IsCancellationRequested)
            await RemoveAsync();
    }

    private async Task RunContainersAsync()
    {
        Changed();
        var sandbox = await SetUpAsync(termination.Requested);
        foreach (var container in init)
        {
            await container.RunAsync(sandbox, termination);
            termination.Requested.ThrowIfCancellationRequested();
            if (container.Snapshot.State.Terminated?.ExitCode != 0)
                return;
        }

        await Task.WhenAll(containers.Select(container => container.RunAsync(sandbox, termination)));
    }

    private async Task<PodSandbox> SetUpAsync(CancellationToken ct)
    {
        Directory.CreateDirectory(directory);
        while (true)
        {
            try
            {
                return new()
                {
                    Pod = pod,
                    Address = address,
                    Directory = directory,
                    Volumes = await new PodVolumes(services.Client, services.DataDirectory).MountAsync(pod, directory, ct),
                    ApiAccess = await new ServiceAccountFiles(services.Client).WriteAsync(pod, directory, ct),
                };
            }
            catch (PodSetupException missing)
            {
                containers.ForEach(container => container.Wait(missing.Reason, missing.Message));
            }
            catch (KubernetesException failure)
            {
                containers.ForEach(container => container.Wait("ContainerCreating", failure.Message));
            }

            await Task.Delay(Retry, services.Time, ct);
        }
    }

    /// <summary>Writes the status after each change, the newest only.</summary>
    private async Task ReportAsync(CancellationToken ct)
    {
        try
        {
            while (await changes.Reader.WaitToReadAsync(ct))
            {
                changes.Reader.TryRead(out _);
                if (gone)
                    continue;
                try
                {
                    await WriteStatusAsync(ct);
                }
                catch (KubernetesException failure)
                {
                    if (failure.IsNotFound)
                        return;
                    Changed();
                    await Task.Delay(Retry, services.Time, ct);
                }
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The pod has ended.
        }
    }

    private async Task WriteStatusAsync(CancellationToken ct)
    {
        var status = PodStatusBuilder.Build(
            written.Status, address, services.Addresses.HostAddress.ToString(), startTime,
            [.. init.Select(container => container.Snapshot)], [.. containers.Select(container => container.Snapshot)], pod.Spec?.RestartPolicy, services.Time.GetUtcNow());
        var next = written with { Status = status };
        await services.Client.WriteStatusAsync(written, next, ct);
        written = next;
    }

    private async Task RemoveAsync()
    {
        while (!gone)
        {
            try
            {
                await services.Client.DeleteAsync<Pod>(pod.Key(), new() { GracePeriodSeconds = 0, Preconditions = new() { Uid = pod.Metadata.Uid } }, CancellationToken.None);
                return;
            }
            catch (KubernetesException failure) when (failure.IsConflict)
            {
                // Another pod of the same name: this one has gone.
                return;
            }
            catch (KubernetesException)
            {
                await Task.Delay(Retry, services.Time);
            }
        }
    }

    [LoggerMessage(EventName = "PodFailed", Level = LogLevel.Error, Message = "The simulator failed to run pod {Pod}")]
    private static partial void LogFailed(ILogger logger, ObjectKey pod, Exception failure);
}
