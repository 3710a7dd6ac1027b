using LlmOps.Kubernetes;
using LlmOps.LocalCluster.Processes;

namespace LlmOps.LocalCluster.Nodes.Kubelet;

/// <summary>Pulls, starts, probes, restarts and ends one container.</summary>
internal sealed class ContainerRunner
{
    private const int MinimumGraceSeconds = 2;
    private static readonly TimeSpan SetupRetry = TimeSpan.FromSeconds(1);

    private readonly KubeletServices services;
    private readonly Container container;
    private readonly string? restartPolicy;
    private readonly Action changed;
    private volatile ContainerSnapshot snapshot;
    private volatile ChildProcess? process;

    /// <param name="services">Shared by all pods.</param>
    /// <param name="container">What to run.</param>
    /// <param name="restartPolicy">The pod's; init containers of an Always pod are OnFailure.</param>
    /// <param name="changed">Called after each change of <see cref="Snapshot"/>.</param>
    public ContainerRunner(KubeletServices services, Container container, string? restartPolicy, Action changed)
    {
        (this.services, this.container, this.restartPolicy, this.changed) = (services, container, restartPolicy, changed);
        snapshot = new() { Name = container.Name, Image = container.Image };
    }

    public ContainerSnapshot Snapshot => snapshot;

    private TimeProvider Time => services.Time;

    /// <summary>Runs until the container has ended for good, or was ended by <paramref name="termination"/>.</summary>
    public async Task RunAsync(PodSandbox sandbox, Termination termination)
    {
        try
        {
            for (var crashes = 0; ; crashes++)
            {
                var program = await PullAsync(termination.Requested);
                var command = await PrepareAsync(sandbox, program, termination.Requested);
                var ended = await RunOnceAsync(command, sandbox, termination);
                if (termination.Requested.IsCancellationRequested || restartPolicy == "Never" || (restartPolicy == "OnFailure" && ended.ExitCode == 0))
                {
                    Change(snapshot with { State = new() { Terminated = ended }, HasEnded = true });
                    return;
                }

                if (ended.FinishedAt - ended.StartedAt > 2 * services.Options.LongestCrashBackOff)
                    crashes = 0;
                await BackOffAsync(sandbox, ended, crashes, termination.Requested);
            }
        }
        catch (OperationCanceledException)
        {
            Change(snapshot with { HasEnded = true });
        }
    }

    /// <summary>Shows a reason why the container does not start yet.</summary>
    public void Wait(string reason, string message) => Change(snapshot with { State = ContainerSnapshot.Waiting(reason, message) });

    /// <summary>Kills the process as the machine's out-of-memory killer would. False when none runs.</summary>
    public bool Kill()
    {
        if (process is not { } running)
            return false;
        running.Kill();
        return true;
    }

    private void Change(ContainerSnapshot next)
    {
        snapshot = next;
        changed();
    }

    private async Task<ImageProgram> PullAsync(CancellationToken ct)
    {
        for (var backOff = services.Options.FirstCrashBackOff; ; backOff = Shorter(backOff * 2, services.Options.LongestCrashBackOff))
        {
            try
            {
                return await services.Options.Images.PullAsync(container.Image ?? string.Empty, ct);
            }
            catch (ImagePullException failure)
            {
                Wait("ErrImagePull", failure.Message);
            }

            await Task.Delay(SetupRetry, Time, ct);
            Wait("ImagePullBackOff", $"Back-off pulling image \"{container.Image}\"");
            await Task.Delay(backOff, Time, ct);
        }
    }

    private async Task<ChildProcessOptions> PrepareAsync(PodSandbox sandbox, ImageProgram program, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                return await ContainerCommand.BuildAsync(services, sandbox, container, program, ct);
            }
            catch (PodSetupException missing)
            {
                Wait(missing.Reason, missing.Message);
            }
            catch (KubernetesException failure)
            {
                Wait("CreateContainerConfigError", failure.Message);
            }

            await Task.Delay(SetupRetry, Time, ct);
        }
    }

    private async Task<ContainerStateTerminated> RunOnceAsync(ChildProcessOptions command, PodSandbox sandbox, Termination termination)
    {
        TerminationLog.Clear(sandbox, container);
        await using var child = await ChildProcess.StartAsync(command, Time);
        process = child;
        var started = container.StartupProbe is null;
        Change(snapshot with { State = new() { Running = new() { StartedAt = child.StartedAt } }, HasRun = true, Started = started, Ready = started && container.ReadinessProbe is null });

        using var probing = CancellationTokenSource.CreateLinkedTokenSource(termination.Requested);
        var unhealthy = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var probes = ProbeAsync(sandbox.Address, unhealthy, probing.Token);
        var stop = Task.Delay(Timeout.InfiniteTimeSpan, Time, probing.Token);
        await Task.WhenAny(child.Exited, unhealthy.Task, stop);
        if (!child.Exited.IsCompleted)
            await EndAsync(child, termination);
        var code = await child.Exited;
        process = null;
        await probing.CancelAsync();
        await probes;
        Change(snapshot with { Started = false, Ready = false });
        return new() { ExitCode = code, Reason = code == 0 ? "Completed" : "Error", Message = TerminationLog.Read(sandbox, container), StartedAt = child.StartedAt, FinishedAt = Time.GetUtcNow() };
    }

    /// <summary>The startup probe alone first; then readiness and liveness side by side.</summary>
    private async Task ProbeAsync(string address, TaskCompletionSource unhealthy, CancellationToken ct)
    {
        var prober = new Prober(services.Options.LongestProbePeriod, Time);
        try
        {
            if (container.StartupProbe is { } startup)
            {
                using var until = CancellationTokenSource.CreateLinkedTokenSource(ct);
                await IgnoreCancelAsync(prober.RunAsync(startup, container, address, healthy => { if (healthy) until.Cancel(); else unhealthy.TrySetResult(); }, until.Token));
                ct.ThrowIfCancellationRequested();
                Change(snapshot with { Started = true, Ready = container.ReadinessProbe is null });
            }

            var readiness = container.ReadinessProbe is { } ready
                ? prober.RunAsync(ready, container, address, healthy => Change(snapshot with { Ready = healthy }), ct)
                : Task.CompletedTask;
            var liveness = container.LivenessProbe is { } live
                ? prober.RunAsync(live, container, address, healthy => { if (!healthy) unhealthy.TrySetResult(); }, ct)
                : Task.CompletedTask;
            await Task.WhenAll(readiness, liveness);
        }
        catch (OperationCanceledException)
        {
            // The container ended.
        }
    }

    /// <summary>preStop, SIGTERM, grace, SIGKILL. The hook's time counts against the grace period, but at least 2 s are left for SIGTERM.</summary>
    private async Task EndAsync(ChildProcess child, Termination termination)
    {
        var began = Time.GetTimestamp();
        var sleep = Shorter(PreStopHook.Sleep(container.Lifecycle?.PreStop) * services.Options.PreStopScale, termination.Grace);
        if (sleep > TimeSpan.Zero)
            await Task.WhenAny(child.Exited, Task.Delay(sleep, Time, termination.Forced));
        child.Terminate();
        var left = termination.Grace - Time.GetElapsedTime(began);
        if (left < TimeSpan.FromSeconds(MinimumGraceSeconds))
            left = TimeSpan.FromSeconds(MinimumGraceSeconds);
        await Task.WhenAny(child.Exited, Task.Delay(left, Time, termination.Forced));
        child.Kill();
    }

    private async Task BackOffAsync(PodSandbox sandbox, ContainerStateTerminated ended, int crashes, CancellationToken ct)
    {
        // The first restart is at once, as the kubelet's.
        var wait = crashes == 0 ? TimeSpan.Zero : Shorter(services.Options.FirstCrashBackOff * Math.Pow(2, crashes - 1), services.Options.LongestCrashBackOff);
        var pod = sandbox.Pod.Metadata;
        var message = $"back-off {wait.TotalSeconds:0.##}s restarting failed container={container.Name} pod={pod.Name}_{pod.Namespace}({pod.Uid})";
        Change(snapshot with
        {
            State = wait == TimeSpan.Zero ? new() { Terminated = ended } : ContainerSnapshot.Waiting("CrashLoopBackOff", message),
            LastState = new() { Terminated = ended },
            RestartCount = snapshot.RestartCount + 1,
        });
        await Task.Delay(wait, Time, ct);
    }

    private static async Task IgnoreCancelAsync(Task task)
    {
        try
        {
            await task;
        }
        catch (OperationCanceledException)
        {
            // The caller looks at its own token.
        }
    }

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
