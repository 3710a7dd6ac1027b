using System.Net;
using System.Text.Json.Nodes;
using LlmOps.Kubernetes;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.EndToEnd.TestBed;

public sealed class NodeSimulatorTests(ClusterFixture cluster) : IClassFixture<ClusterFixture>
{
    private readonly CancellationToken ct = CancellationToken.None;

    [Fact]
    public async Task Deployment_becomes_available_and_answers_through_its_service()
    {
        var ns = await cluster.NamespaceAsync(ct);
        await cluster.Client.CreateAsync(WebService(ns), ct);
        await cluster.Client.CreateAsync(ClusterFixture.Server(ns, "web", 2), ct);

        await AvailableAsync(ns, "web", 2);
        var pods = await cluster.PodsWhenAsync(ns, all => all.Count == 2 && all.All(ClusterFixture.Ready));
        await Eventually.TrueAsync(
            async c => (await ReadyAddressesAsync(ns, c)).SetEquals(pods.Select(pod => pod.Status!.PodIP!)), ClusterFixture.Patience, () => "both pods in the EndpointSlice");
        using var http = new HttpClient(new SocketsHttpHandler { Proxy = new WebProxy(cluster.Nodes.ServiceProxy) });
        var answered = new HashSet<string>();
        for (var i = 0; i < 2; i++)
            answered.Add(await http.GetStringAsync(new Uri($"http://web.{ns}.svc.cluster.local:80/env/HOSTNAME"), ct));
        Assert.Equal(pods.Select(pod => pod.Metadata.Name!).ToHashSet(), answered);
    }

    [Fact]
    public async Task Rolling_update_replaces_all_pods_and_keeps_the_service_up()
    {
        var ns = await cluster.NamespaceAsync(ct);
        await cluster.Client.CreateAsync(ClusterFixture.Server(ns, "web", 2), ct);
        await AvailableAsync(ns, "web", 2);
        var before = (await cluster.PodsWhenAsync(ns, all => all.Count == 2)).Select(pod => pod.Metadata.Name).ToHashSet();

        // A patch, since the deployment controller may write its status at any moment.
        var newer = JsonNode.Parse("""{"spec": {"template": {"metadata": {"annotations": {"version": "2"}}}}}""")!;
        await cluster.Client.MergePatchAsync<Deployment>(new(ns, "web"), newer, ct: ct);

        var lowest = int.MaxValue;
        await cluster.PodsWhenAsync(ns, all =>
        {
            lowest = Math.Min(lowest, all.Count(ClusterFixture.Ready));
            return all.Count == 2 && all.All(ClusterFixture.Ready) && !all.Any(pod => before.Contains(pod.Metadata.Name));
        });
        Assert.True(lowest >= 2, $"only {lowest} ready pods during the update; 25 % of 2 allows none to be missing");
        var sets = await cluster.Client.ListAsync<ReplicaSet>(ns, null, ct);
        Assert.Equal([0, 2], sets.Items.Select(set => set.Spec!.Replicas!.Value).Order());
    }

    [Fact]
    public async Task Pod_that_does_not_fit_stays_pending_with_the_schedulers_reason_until_there_is_room()
    {
        var ns = await cluster.NamespaceAsync(ct);
        Container Gpus(Container container) => container with { Resources = new() { Limits = new Dictionary<string, string> { ["nvidia.com/gpu"] = "3" } } };
        await cluster.Client.CreateAsync(ClusterFixture.Server(ns, "big", 2, Gpus), ct);
        await cluster.PodsWhenAsync(ns, all => all.Count(ClusterFixture.Ready) == 2);
        await cluster.Client.CreateAsync(ClusterFixture.Server(ns, "late", 1, Gpus), ct);

        var pods = await cluster.PodsWhenAsync(ns, all => all.Count(ClusterFixture.Ready) == 2 && all.Any(Unschedulable));

        var waiting = pods.Single(Unschedulable);
        Assert.Equal("Pending", waiting.Status!.Phase);
        Assert.Equal("0/2 nodes are available: 2 Insufficient nvidia.com/gpu.", waiting.Status.Conditions!.Single(c => c.Type == "PodScheduled").Message);
        Assert.Equal(2, pods.Where(ClusterFixture.Ready).Select(pod => pod.Spec!.NodeName).Distinct().Count());

        // Nobody takes the room of a pod that is not made again.
        await cluster.Client.MergePatchAsync<Deployment>(new(ns, "big"), new JsonObject { ["spec"] = new JsonObject { ["replicas"] = 1 } }, ct: ct);
        await cluster.PodsWhenAsync(ns, all => all.Any(pod => pod.Metadata.Name == waiting.Metadata.Name && ClusterFixture.Ready(pod)));
        foreach (var name in new[] { "big", "late" })
            await cluster.Client.DeleteAsync<Deployment>(new(ns, name), new() { PropagationPolicy = "Background" }, ct);
        await cluster.PodsWhenAsync(ns, all => all.Count == 0);
    }

    [Theory]
    [InlineData(0, "Complete", "CompletionsReached", 1)]
    [InlineData(3, "Failed", "BackoffLimitExceeded", 2)]
    public async Task Job_ends_as_its_pods_end(int exitCode, string condition, string reason, int pods)
    {
        var ns = await cluster.NamespaceAsync(ct);
        await cluster.Client.CreateAsync(Job(ns, exitCode), ct);

        Job? job = null;
        await Eventually.TrueAsync(
            async c => (job = await cluster.Client.GetAsync<Job>(new(ns, "once"), c))?.Status?.Conditions?.Any(item => item.Type == condition && item.Status == "True") == true,
            ClusterFixture.Patience, () => $"{job?.Status}");

        Assert.Equal(reason, job!.Status!.Conditions!.Single(item => item.Type == condition).Reason);
        var ended = await cluster.PodsWhenAsync(ns, all => all.Count == pods);
        Assert.All(ended, pod => Assert.Equal(exitCode, pod.Status!.ContainerStatuses!.Single().State!.Terminated!.ExitCode));
    }

    [Fact]
    public async Task Crashing_container_goes_into_crash_loop_back_off()
    {
        var ns = await cluster.NamespaceAsync(ct);
        await cluster.Client.CreateAsync(ClusterFixture.Server(ns, "crash", 1, container => container with { Args = ["--exit-code", "7", "--show", "boom"] }), ct);

        var pods = await cluster.PodsWhenAsync(ns, all => all is [{ Status.ContainerStatuses: [{ State.Waiting.Reason: "CrashLoopBackOff", RestartCount: >= 2 }] }]);

        var status = pods[0].Status!.ContainerStatuses!.Single();
        Assert.Equal(7, status.LastState!.Terminated!.ExitCode);
        Assert.StartsWith("back-off ", status.State!.Waiting!.Message, StringComparison.Ordinal);
        Assert.Contains("boom", cluster.Nodes.Log(ns, pods[0].Metadata.Name!, "server"), StringComparison.Ordinal);
        Assert.False(ClusterFixture.Ready(pods[0]));
    }

    [Fact]
    public async Task Killed_process_is_started_again_and_counted()
    {
        var ns = await cluster.NamespaceAsync(ct);
        await cluster.Client.CreateAsync(ClusterFixture.Server(ns, "web", 1), ct);
        var pod = (await cluster.PodsWhenAsync(ns, all => all.Count == 1 && all.All(ClusterFixture.Ready)))[0];

        Assert.True(cluster.Nodes.Failures.KillProcesses(ns, pod.Metadata.Name!));

        pod = (await cluster.PodsWhenAsync(ns, all => all is [{ Status.ContainerStatuses: [{ RestartCount: 1, Ready: true }] }]))[0];
        Assert.Equal(137, pod.Status!.ContainerStatuses![0].LastState!.Terminated!.ExitCode);
    }

    [Fact]
    public async Task Unknown_image_is_reported_as_a_failed_pull()
    {
        var ns = await cluster.NamespaceAsync(ct);
        await cluster.Client.CreateAsync(ClusterFixture.Server(ns, "web", 1, container => container with { Image = "registry.example:5000/nobody/knows:1" }), ct);

        await cluster.PodsWhenAsync(ns, all => all is [{ Status: { Phase: "Pending", ContainerStatuses: [{ State.Waiting: { Reason: "ErrImagePull", Message: { } message } }] } }] && message.Contains("registry.example:5000/nobody/knows:1", StringComparison.Ordinal));
        await cluster.PodsWhenAsync(ns, all => all is [{ Status.ContainerStatuses: [{ State.Waiting.Reason: "ImagePullBackOff" }] }]);
    }

    [Fact]
    public async Task Deleted_pod_leaves_the_service_at_once_and_gets_its_grace_period()
    {
        var ns = await cluster.NamespaceAsync(ct);
        await cluster.Client.CreateAsync(WebService(ns), ct);
        await cluster.Client.CreateAsync(ClusterFixture.Server(ns, "web", 1, container => container with { Lifecycle = new() { PreStop = new() { Sleep = new() { Seconds = 2 } } } }), ct);
        var pod = (await cluster.PodsWhenAsync(ns, all => all.Count == 1 && all.All(ClusterFixture.Ready)))[0];
        await Eventually.TrueAsync(async c => (await ReadyAddressesAsync(ns, c)).Contains(pod.Status!.PodIP!), ClusterFixture.Patience, () => "the pod in the slice");

        await cluster.Client.DeleteAsync<Pod>(pod.Key(), null, ct);

        await Eventually.TrueAsync(
            async c => (await cluster.Client.ListAsync<EndpointSlice>(ns, null, c)).Items.SelectMany(slice => slice.Endpoints)
                .Any(endpoint => endpoint.Addresses.Contains(pod.Status!.PodIP!) && endpoint.Conditions is { Ready: false, Serving: true, Terminating: true }),
            ClusterFixture.Patience, () => "the endpoint terminating");
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        Assert.Equal("ok", await http.GetStringAsync(new Uri($"http://{pod.Status!.PodIP}:8080/health"), ct));
        await cluster.PodsWhenAsync(ns, all => all.All(other => other.Metadata.Uid != pod.Metadata.Uid));
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetStringAsync(new Uri($"http://{pod.Status!.PodIP}:8080/health"), ct));
    }

    [Fact]
    public async Task Container_gets_its_variables_volumes_and_a_token_that_works()
    {
        var ns = await cluster.NamespaceAsync(ct);
        await cluster.Client.CreateAsync(new ConfigMap { Metadata = new() { Name = "settings", Namespace = ns }, Data = new Dictionary<string, string> { ["plan.json"] = "{\"a\":1}", ["level"] = "high" } }, ct);
        Container Configured(Container container) => container with
        {
            VolumeMounts = [new() { Name = "plan", MountPath = "/etc/llmops/plan" }],
            Env =
            [
                new() { Name = "LEVEL", ValueFrom = new() { ConfigMapKeyRef = new() { Name = "settings", Key = "level" } } },
                new() { Name = "ADDRESS", ValueFrom = new() { FieldRef = new() { FieldPath = "status.podIP" } } },
                new() { Name = "PLAN", Value = "/etc/llmops/plan/plan.json" },
                new() { Name = "BOTH", Value = "$(LEVEL):$(APP)" },
                new() { Name = "APP", ValueFrom = new() { FieldRef = new() { FieldPath = "metadata.labels['app']" } } },
            ],
        };
        var deployment = ClusterFixture.Server(ns, "web", 1, Configured);
        var spec = deployment.Spec!.Template!.Spec! with { Volumes = [new() { Name = "plan", ConfigMap = new() { Name = "settings" } }] };
        await cluster.Client.CreateAsync(deployment with { Spec = deployment.Spec with { Template = deployment.Spec.Template with { Spec = spec } } }, ct);
        var pod = (await cluster.PodsWhenAsync(ns, all => all.Count == 1 && all.All(ClusterFixture.Ready)))[0];

        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new($"http://{pod.Status!.PodIP}:8080") };
        Task<string> Env(string name) => http.GetStringAsync(new Uri($"/env/{name}", UriKind.Relative), ct);
        Assert.Equal("high", await Env("LEVEL"));
        Assert.Equal(pod.Status.PodIP, await Env("ADDRESS"));
        Assert.Equal("high:$(APP)", await Env("BOTH"));
        Assert.Equal("{\"a\":1}", await http.GetStringAsync(new Uri($"/file?path={await Env("PLAN")}", UriKind.Relative), ct));

        var token = await http.GetStringAsync(new Uri($"/file?path={await Env("LLMOPS_SERVICE_ACCOUNT_PATH")}/token", UriKind.Relative), ct);
        var review = new JsonObject { ["apiVersion"] = "authentication.k8s.io/v1", ["kind"] = "TokenReview", ["spec"] = new JsonObject { ["token"] = token } };
        using var answer = await cluster.Client.RawAsync(HttpMethod.Post, "/apis/authentication.k8s.io/v1/tokenreviews", new StringContent(review.ToJsonString(), null, "application/json"), ct);
        var user = JsonNode.Parse(await answer.Content.ReadAsStringAsync(ct))?["status"]?["user"]?["username"]?.GetValue<string>();
        Assert.Equal($"system:serviceaccount:{ns}:default", user);
    }

    [Fact]
    public async Task Autoscaler_follows_a_metric_of_the_pods()
    {
        var ns = await cluster.NamespaceAsync(ct);
        await cluster.Client.CreateAsync(ClusterFixture.Server(ns, "web", 1), ct);
        var pod = (await cluster.PodsWhenAsync(ns, all => all.Count == 1 && all.All(ClusterFixture.Ready)))[0];
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        await http.GetStringAsync(new Uri($"http://{pod.Status!.PodIP}:8080/set/30"), ct);
        await cluster.Client.CreateAsync(Autoscaler(ns), ct);

        // 30 on one pod with a target of 10: three pods, which then have 30, 0 and 0: an average of 10, where it stays.
        await cluster.PodsWhenAsync(ns, all => all.Count(ClusterFixture.Ready) == 3);

        await http.GetStringAsync(new Uri($"http://{pod.Status!.PodIP}:8080/set/0"), ct);
        await cluster.PodsWhenAsync(ns, all => all.Count == 1);
        HorizontalPodAutoscaler? autoscaler = null;
        await Eventually.TrueAsync(
            async c => (autoscaler = await cluster.Client.GetAsync<HorizontalPodAutoscaler>(new(ns, "web"), c))?.Status is { CurrentReplicas: 1, DesiredReplicas: 1 }, ClusterFixture.Patience, () => $"{autoscaler?.Status}");
        Assert.Contains(autoscaler!.Status!.Conditions!, condition => condition is { Type: "ScalingActive", Status: "True" });
    }

    private static bool Unschedulable(Pod pod) => pod.Status?.Conditions?.Any(c => c is { Type: "PodScheduled", Status: "False", Reason: "Unschedulable" }) == true;

    private async Task AvailableAsync(string ns, string name, int replicas)
    {
        Deployment? deployment = null;
        await Eventually.TrueAsync(
            async c => (deployment = await cluster.Client.GetAsync<Deployment>(new(ns, name), c))?.Status?.AvailableReplicas == replicas
                && deployment.Status.Conditions!.Any(condition => condition is { Type: "Progressing", Reason: "NewReplicaSetAvailable" }),
            ClusterFixture.Patience, () => $"{deployment?.Status}");
    }

    private async Task<HashSet<string>> ReadyAddressesAsync(string ns, CancellationToken cancellation) =>
        [.. (await cluster.Client.ListAsync<EndpointSlice>(ns, new() { LabelSelector = "kubernetes.io/service-name=web" }, cancellation)).Items
            .SelectMany(slice => slice.Endpoints).Where(endpoint => endpoint.Conditions?.Ready == true).SelectMany(endpoint => endpoint.Addresses)];

    private static Service WebService(string ns) => new()
    {
        Metadata = new() { Name = "web", Namespace = ns },
        Spec = new() { Selector = new Dictionary<string, string> { ["app"] = "web" }, Ports = [new() { Name = "http", Port = 80, TargetPort = "http" }] },
    };

    private static Job Job(string ns, int exitCode) => new()
    {
        Metadata = new() { Name = "once", Namespace = ns },
        Spec = new()
        {
            BackoffLimit = 1,
            Template = new() { Spec = new() { RestartPolicy = "Never", Containers = [new() { Name = "main", Image = "test/server", Args = ["--exit-code", $"{exitCode}"] }] } },
        },
    };

    private static HorizontalPodAutoscaler Autoscaler(string ns) => new()
    {
        Metadata = new() { Name = "web", Namespace = ns },
        Spec = new()
        {
            ScaleTargetRef = new() { ApiVersion = "apps/v1", Kind = "Deployment", Name = "web" },
            MinReplicas = 1,
            MaxReplicas = 4,
            Metrics = [new() { Type = "Pods", Pods = new() { Metric = new() { Name = "test_running" }, Target = new() { Type = "AverageValue", AverageValue = "10" } } }],
            Behavior = new() { ScaleDown = new() { StabilizationWindowSeconds = 0 } },
        },
    };
}
