using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Testing;

namespace LlmOps.Operator.Tests.World;

/// <summary>What becomes of the pods of a Deployment.</summary>
internal enum PodFate
{
    Ready,
    Starting,
    ImagePullBackOff,
    Crash,
    NoGpu,
}

/// <summary>What becomes of a Job.</summary>
internal enum JobFate
{
    Pass,
    Fail,
    DatasetInvalid,
    Die,
    Run,
}

/// <summary>Plays Deployment, Job and EndpointSlice controllers and kubelets over the test's API server: makes pods, says what became of them, writes reports.</summary>
/// <param name="time">Clock of the time between two looks.</param>
/// <param name="lookEvery">Time between two looks at the cluster.</param>
internal sealed class FakeNodes(InProcessApiServer server, FakeEngine engine, TimeProvider time, TimeSpan lookEvery) : IAsyncDisposable
{
    private static readonly TimeSpan LookAnyway = TimeSpan.FromMilliseconds(500);

    private readonly KubernetesClient client = new(server.Configuration with { FieldManager = "fake-nodes", UserAgent = "fake-nodes" }, time);
    private readonly CancellationTokenSource stop = new();
    private Task loop = Task.CompletedTask;
    private long played;
    private long playedAt;
    private int created;
    private int named;

    /// <summary>Fate of the pods of a Deployment.</summary>
    public Func<Deployment, PodFate> Pods { get; set; } = _ => PodFate.Ready;

    /// <summary>How many pods of a Deployment may be ready at most; the others go on starting.</summary>
    public Func<Deployment, int> MostReady { get; set; } = _ => int.MaxValue;

    /// <summary>Whether the endpoints of the Service of a release follow its pods; false: they stay as they are.</summary>
    public Func<Service, bool> Lists { get; set; } = _ => true;

    /// <summary>Fate of the Job of an EvalRun.</summary>
    public Func<EvalRun, JobFate> Jobs { get; set; } = _ => JobFate.Pass;

    /// <summary>What becomes of the report of an EvalRun between the evaluator's writing it and anybody's reading it.</summary>
    public Func<string, string> Tamper { get; set; } = report => report;

    /// <summary>Whether a pod that is being deleted may end; null: pods end at once.</summary>
    public Func<Pod, bool>? MayEnd { get; set; }

    /// <summary>Address of the pods of a Deployment.</summary>
    public Func<Deployment, string> Addresses { get; set; } = _ => engine.Address;

    /// <summary>Pods made so far for Deployments that were there.</summary>
    public int Created => created;

    public void Start() => loop = Task.Run(RunAsync);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await loop;
        client.Dispose();
    }

    private async Task RunAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                // Where nothing changed only what a test said may have, which can wait a little.
                var version = server.ResourceVersion;
                if (version != played || time.GetElapsedTime(playedAt) >= LookAnyway)
                {
                    foreach (var deployment in All<Deployment>("deployments.apps"))
                        await PlayAsync(deployment);
                    foreach (var service in All<Service>("services").Where(service => service.Spec?.Selector is not null && !FakeEndpoints.IsOfTrack(service.Metadata) && Lists(service)))
                        await PlayAsync(service);
                    foreach (var job in All<Job>("jobs.batch"))
                        await PlayAsync(job);
                    (played, playedAt) = (version, time.GetTimestamp());
                }

                foreach (var pod in MayEnd is { } mayEnd ? All<Pod>("pods").Where(pod => pod.IsDeleting() && mayEnd(pod)) : [])
                    await client.MergePatchAsync<Pod>(pod.Key(), new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = null } }, ct: stop.Token);
            }
            catch (Exception e) when (e is KubernetesException or OperationCanceledException)
            {
                // An object changed or went meanwhile: the next round sees it.
            }

            await Task.Delay(lookEvery, time, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task PlayAsync(Deployment deployment)
    {
        var pods = All<Pod>("pods").Where(pod => pod.Metadata.OwnerReferences?[0].Uid == deployment.Metadata.Uid && !pod.IsDeleting()).OrderBy(pod => pod.Metadata.Name, StringComparer.Ordinal).ToList();
        var replicas = deployment.Spec!.Replicas ?? 1;
        foreach (var pod in pods.Skip(replicas))
            await client.DeleteAsync<Pod>(pod.Key(), ct: stop.Token);
        for (var i = pods.Count; i < replicas && Exists(deployment); i++)
            await CreateAsync(deployment);
        var mostReady = MostReady(deployment);
        foreach (var (pod, index) in pods.Take(replicas).Select((pod, index) => (pod, index)))
        {
            var status = Status(index < mostReady ? Pods(deployment) : PodFate.Starting, deployment);
            var wanted = pod with { Status = status };
            if (!JsonNode.DeepEquals(JsonSerializer.SerializeToNode(wanted, Pod.JsonType), JsonSerializer.SerializeToNode(pod, Pod.JsonType)))
                await WriteStatusAsync(wanted);
        }
    }

    private async Task PlayAsync(Service service)
    {
        var slice = FakeEndpoints.Of(service, All<Pod>("pods"));
        var known = server.Find("endpointslices.discovery.k8s.io", slice.Metadata.Namespace!, slice.Metadata.Name!);
        if (!JsonNode.DeepEquals(JsonSerializer.SerializeToNode(slice, EndpointSlice.JsonType)!["endpoints"], known?["endpoints"]))
            await client.ApplyAsync(slice, "fake-nodes", ct: stop.Token);
    }

    private bool Exists(Deployment deployment) =>
        (string?)server.Find("deployments.apps", deployment.Metadata.Namespace!, deployment.Metadata.Name!)?["metadata"]?["uid"] == deployment.Metadata.Uid;

    private async Task CreateAsync(Deployment deployment)
    {
        var pod = await client.CreateAsync(NewPod(deployment), stop.Token);
        // A Deployment that went after it was listed took its pods along: what looks like a missing pod is none.
        if (Exists(deployment))
            Interlocked.Increment(ref created);
        else
            await client.DeleteAsync<Pod>(pod.Key(), ct: stop.Token);
    }

    private Pod NewPod(Deployment deployment) => new()
    {
        Metadata = new ObjectMeta
        {
            Name = $"{deployment.Metadata.Name}-{Interlocked.Increment(ref named)}",
            Namespace = deployment.Metadata.Namespace,
            Labels = deployment.Spec!.Template!.Metadata!.Labels,
            OwnerReferences = [deployment.ControllerReference()],
            Finalizers = MayEnd is null ? null : ["test.dev/grace"],
        },
        Spec = deployment.Spec.Template.Spec! with { NodeName = "node-1" },
    };

    private PodStatus Status(PodFate fate, Deployment deployment)
    {
        var image = deployment.Spec!.Template!.Spec!.Containers[0].Image;
        ContainerStatus Container(ContainerState state, int restarts = 0, ContainerState? last = null) => new() { Name = "engine", Image = image, State = state, RestartCount = restarts, LastState = last };
        return fate switch
        {
            PodFate.Ready => new PodStatus { Phase = "Running", PodIP = Addresses(deployment), Conditions = [new PodCondition { Type = "Ready", Status = "True" }] },
            PodFate.Starting => new PodStatus { Phase = "Running", PodIP = Addresses(deployment), Conditions = [new PodCondition { Type = "Ready", Status = "False" }] },
            PodFate.ImagePullBackOff => new PodStatus { Phase = "Pending", ContainerStatuses = [Container(new ContainerState { Waiting = new ContainerStateWaiting { Reason = "ImagePullBackOff", Message = "manifest unknown" } })] },
            PodFate.Crash => new PodStatus
            {
                Phase = "Running",
                ContainerStatuses =
                [
                    Container(
                        new ContainerState { Waiting = new ContainerStateWaiting { Reason = "CrashLoopBackOff" } }, 3,
                        new ContainerState { Terminated = new ContainerStateTerminated { ExitCode = 1, Reason = "Error", Message = "unrecognized arguments: --nope" } }),
                ],
            },
            PodFate.NoGpu => new PodStatus { Phase = "Pending", Conditions = [new PodCondition { Type = "PodScheduled", Status = "False", Reason = "Unschedulable", Message = "0/2 nodes are available: 2 Insufficient nvidia.com/gpu." }] },
            _ => throw new ArgumentOutOfRangeException(nameof(fate)),
        };
    }

    private async Task PlayAsync(Job job)
    {
        if (job.Status?.Conditions is not null || server.Find("evalruns.llmops.dev", job.Metadata.Namespace!, job.Metadata.Name!)?.Deserialize(EvalRun.JsonType) is not { } run)
            return;
        var fate = Jobs(run);
        if (fate == JobFate.Run)
            return;
        if (fate != JobFate.Die)
        {
            var json = JsonSerializer.Serialize(Report(run, fate), ApiJson.Default.EvaluationReport);
            var report = new ConfigMap
            {
                Metadata = new ObjectMeta { Name = $"{job.Metadata.Name}-report", Namespace = job.Metadata.Namespace },
                Data = new Dictionary<string, string> { [EvaluationContract.ReportKey] = Tamper(json) },
            };
            await client.ApplyAsync(report, ApiGroup.EvaluatorFieldManager, ct: stop.Token);
            await EndAsync(job, EvaluationContract.DigestOf(json));
        }

        var end = fate == JobFate.Die ? new JobCondition { Type = "Failed", Status = "True", Reason = "BackoffLimitExceeded", Message = "Job has reached the specified backoff limit" } : new JobCondition { Type = "Complete", Status = "True" };
        await WriteStatusAsync(job with { Status = new JobStatus { Conditions = [end] } });
    }

    /// <summary>The Job's pod, with what it said at its end.</summary>
    private async Task EndAsync(Job job, string message)
    {
        var pod = new Pod
        {
            Metadata = new ObjectMeta
            {
                Name = $"{job.Metadata.Name}-pod",
                Namespace = job.Metadata.Namespace,
                Labels = job.Spec!.Template!.Metadata!.Labels,
                OwnerReferences = [job.ControllerReference()],
            },
            Spec = job.Spec.Template.Spec! with { NodeName = "node-1" },
        };
        if (server.Find("pods", job.Metadata.Namespace!, pod.Metadata.Name!) is null)
            await client.CreateAsync(pod, stop.Token);
        var end = new ContainerState { Terminated = new ContainerStateTerminated { Reason = "Completed", Message = message } };
        await WriteStatusAsync(pod with { Status = new PodStatus { Phase = "Succeeded", ContainerStatuses = [new ContainerStatus { Name = "evaluator", State = end }] } });
    }

    private async Task WriteStatusAsync<T>(T obj)
        where T : class, IResource<T> =>
        await client.MergePatchAsync<T>(obj.Key(), new JsonObject { ["status"] = JsonSerializer.SerializeToNode(obj, T.JsonType)!["status"]!.DeepClone() }, "status", ct: stop.Token);

    private static EvaluationReport Report(EvalRun run, JobFate fate) => new()
    {
        Run = run.Metadata.Name!,
        Candidate = run.Spec.Candidate.Release,
        Baseline = run.Spec.Baseline?.Release,
        Problem = fate == JobFate.DatasetInvalid ? new EvaluationProblem { Reason = EvaluationContract.DatasetInvalid, Message = "line 3: not JSON" } : null,
        Cases = fate == JobFate.DatasetInvalid ? 0 : 200,
        CandidateTokens = 1000,
        Metrics = fate == JobFate.DatasetInvalid ? [] : [Metric(run, fate == JobFate.Pass ? 190 : 60)],
        StartedAt = DateTimeOffset.UnixEpoch,
        FinishedAt = DateTimeOffset.UnixEpoch,
    };

    private static MetricReport Metric(EvalRun run, int passed) => new()
    {
        Metric = "correct",
        Cases = 200,
        Passed = passed,
        BaselinePassed = run.Spec.Baseline is null ? null : 185,
        Wins = run.Spec.Baseline is null ? null : Math.Max(0, passed - 185),
        Losses = run.Spec.Baseline is null ? null : Math.Max(0, 185 - passed),
    };

    private IEnumerable<T> All<T>(string resource)
        where T : class, IResource<T> => server.FindAll(resource, Samples.Namespace).Select(node => node.Deserialize(T.JsonType)!);
}
