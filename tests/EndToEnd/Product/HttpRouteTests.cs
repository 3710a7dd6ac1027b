using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Demo.Stories;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using Xunit;

namespace LlmOps.EndToEnd.Product;

/// <summary>Requests that pass no gateway of ours: the real HTTPRoute CRD on the real API server, and a small data plane that obeys it.</summary>
[Collection(ProductCollection.Name)]
public sealed class HttpRouteTests(ProductFixture product)
{
    private const string Name = "chat";

    [GatewayApiFact]
    public async Task A_canary_behind_a_route_is_promoted_and_the_next_one_taken_back_without_a_failed_request()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        var ct = limit.Token;
        await using var scene = await ServeAsync(Deployment("v1"), replicas: 2, ct);
        var (ns, recorder) = (scene.Namespace, scene.Recorder);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var users = RouteUsers.AskAsync(scene.Plane.Address, Name, stop.Token);
        await product.Kubectl.ApplyTextAsync(Deployment("v2"), ns, ct);
        var promoted = await recorder.WaitAsync("v2 to be promoted and v1 gone", s => s is { Candidate: null, Retiring: null, Stable.Revision: "v2" }, ProductFixture.Patience, ct);
        Assert.Equal((100, 0, "keep"), await WeightsAsync(ns, ct));
        Assert.True(promoted.Status!.History![0].CandidateRequests >= 40, $"{promoted.Status.History[0].CandidateRequests} requests were counted");
        Assert.All(promoted.Status.Rollout!.Evidence!.Where(row => row.Candidate.Requests + row.Stable.Requests > 0), row => Assert.True(row.OfEngine));

        await product.Kubectl.ApplyTextAsync(Deployment("v1"), ns, ct);
        await recorder.WaitAsync("v1 to hold half of the requests", s => s is { Candidate.Weight: 50, Rollout.HoldStartedAt: not null }, ProductFixture.Patience, ct);
        await product.Kubectl.ApplyTextAsync(Deployment("v2"), ns, ct);
        await recorder.WaitAsync("v1 to be gone again", s => s is { Candidate: null, Retiring: null, Rollout.Phase: "Reverted" }, ProductFixture.Patience, ct);
        await scene.UntilAcceptedAsync(ct);
        Assert.Equal((100, 0, "keep"), await WeightsAsync(ns, ct));

        await RouteUsers.AssertNoneFailedAsync(users, stop);
    }

    [GatewayApiFact]
    public async Task A_release_bakes_behind_a_route_and_takes_over_without_a_failed_request()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        var ct = limit.Token;
        await using var scene = await ServeAsync(Deployment("v1"), replicas: 2, ct);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var users = RouteUsers.AskAsync(scene.Plane.Address, Name, stop.Token);

        await product.Kubectl.ApplyTextAsync(Deployment("v2", more: "bake: 5s"), scene.Namespace, ct);
        var baking = await scene.Recorder.WaitAsync("v2 to bake", s => s.Rollout is { Phase: "Baking", HoldStartedAt: not null }, ProductFixture.Patience, ct);
        Assert.Equal((5, 95, "keep"), await WeightsAsync(scene.Namespace, ct));
        Assert.Equal((2, 2), (baking.Status!.Stable!.ReadyReplicas, baking.Status.Candidate!.ReadyReplicas));
        var promoted = await scene.Recorder.WaitAsync("v2 to be promoted and v1 gone", s => s is { Candidate: null, Retiring: null, Stable.Revision: "v2" }, ProductFixture.Patience, ct);
        Assert.True(promoted.Status!.History![0].FinishedAt - baking.Status.Rollout!.HoldStartedAt >= TimeSpan.FromSeconds(5), $"it baked from {baking.Status.Rollout.HoldStartedAt} to {promoted.Status.History[0].FinishedAt}");
        Assert.Equal((100, 0, "keep"), await WeightsAsync(scene.Namespace, ct));
        await RouteUsers.AssertNoneFailedAsync(users, stop);
    }

    [GatewayApiFact]
    public async Task Replicas_change_hands_behind_a_route_without_a_failed_request()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        var ct = limit.Token;
        // Both nodes of the scarce product: four GPUs, all of them stable's.
        await product.Client.MergePatchAsync<Node>(new ObjectKey(string.Empty, ProductFixture.ScarceNodes[1].Name), new JsonObject { ["spec"] = new JsonObject { ["unschedulable"] = false } }, ct: ct);
        await using var scene = await ServeAsync(Scarce("v1"), replicas: 4, ct);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var users = RouteUsers.AskAsync(scene.Plane.Address, Name, stop.Token);

        await product.Kubectl.ApplyTextAsync(Scarce("v2"), scene.Namespace, ct);
        var given = await scene.Recorder.WaitAsync("stable to have given two replicas", s => s.Rollout?.Capacity is { Plan: CapacityPlans.TakeFromStable, GivenReplicas: 2 }, ProductFixture.Patience, ct);
        // Before the second replica went, the route sent its requests to the candidate.
        Assert.Equal((33, 2), (given.Status!.Candidate!.Weight, given.Status.Stable!.Replicas));
        await scene.Recorder.WaitAsync("v2 to serve with all replicas and v1 to be gone", s => s is { Candidate: null, Retiring: null, Stable: { Revision: "v2", ReadyReplicas: 4 } }, ProductFixture.Patience, ct);
        Assert.Equal((100, 0, "keep"), await WeightsAsync(scene.Namespace, ct));
        await RouteUsers.AssertNoneFailedAsync(users, stop);
    }

    private static string Scarce(string revision) => Deployment(revision, replicas: 4, steps: "[{weight: 50, hold: 3s, minRequests: 40}]")
        .Replace("gpu: {count: 1}", $"gpu: {{count: 1, product: {ProductFixture.ScarceProduct}}}", StringComparison.Ordinal);

    /// <summary>A first release that the route leads to.</summary>
    private async Task<RoutedScene<HttpRoute>> ServeAsync(string deployment, int replicas, CancellationToken ct)
    {
        await product.Kubectl.ApplyAsync(GatewayApiFactAttribute.Crd, null, ct);
        return await RoutedScene<HttpRoute>.ServeAsync(product, Name, deployment, replicas, Route, Shares, AcceptAsync, ct);
    }

    private static IEnumerable<(string Service, int Weight)> Shares(HttpRoute route) =>
        (route.Spec?.Rules ?? []).Take(1).SelectMany(rule => rule.BackendRefs ?? []).Select(backend => (backend.Name, backend.Weight ?? 1));

    private static string Deployment(string revision, int replicas = 2, string steps = "[{weight: 50, hold: 5s, minRequests: 40}]", string more = "") => $$$"""
        apiVersion: llmops.dev/v1alpha1
        kind: LlmDeployment
        metadata: {name: {{{Name}}}}
        spec:
          model: {source: hf://acme/support-7b, revision: {{{revision}}}}
          engine: {type: vLLM, maxModelLen: 8192, drainSeconds: 5}
          resources: {gpu: {count: 1}}
          replicas: {{{replicas}}}
          traffic: {httpRoute: {name: {{{Name}}}}}
          rollout:
            steps: {{{steps}}}
            scaleDownDelay: 2s
            {{{more}}}
        """;

    private const string Route = $$$"""
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: {{{Name}}}}
        spec:
          parentRefs: [{name: public}]
          rules:
          - name: chat
            matches: [{path: {type: PathPrefix, value: /v1}}]
            filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-owner, value: keep}]}}]
            backendRefs:
            - {name: {{{Name}}}-stable, port: 8000, weight: 100}
            - {name: {{{Name}}}-candidate, port: 8000, weight: 0}
        """;

    private async Task<(int Stable, int Candidate, string? Owner)> WeightsAsync(string ns, CancellationToken ct)
    {
        var route = JsonNode.Parse(await product.Kubectl.RunAsync(ct, "-n", ns, "get", "httproute", Name, "-o", "json"))!;
        var rule = route["spec"]!["rules"]![0]!;
        return ((int)rule["backendRefs"]![0]!["weight"]!, (int)rule["backendRefs"]![1]!["weight"]!, (string?)rule["filters"]![0]!["requestHeaderModifier"]!["set"]![0]!["value"]);
    }

    /// <summary>Accepts an HTTPRoute at its generation.</summary>
    private async Task AcceptAsync(HttpRoute route, CancellationToken ct)
    {
        JsonObject Condition(string type) => new()
        {
            ["type"] = type,
            ["status"] = "True",
            ["reason"] = type,
            ["message"] = string.Empty,
            ["observedGeneration"] = route.Metadata.Generation,
            ["lastTransitionTime"] = "2026-01-01T00:00:00Z",
        };
        var told = route.Status?.Parents?.SelectMany(parent => parent.Conditions ?? []).Select(condition => condition.ObservedGeneration).DefaultIfEmpty().Min();
        if (told == route.Metadata.Generation)
            return;
        var parents = new JsonArray([.. (route.Spec?.ParentRefs ?? []).Select(parent => (JsonNode)new JsonObject
        {
            ["parentRef"] = new JsonObject { ["group"] = "gateway.networking.k8s.io", ["kind"] = "Gateway", ["name"] = parent.Name },
            ["controllerName"] = "test.dev/data-plane",
            ["conditions"] = new JsonArray(Condition("Accepted"), Condition("ResolvedRefs")),
        })]);
        try
        {
            await product.Client.MergePatchAsync<HttpRoute>(route.Key(), new JsonObject { ["status"] = new JsonObject { ["parents"] = parents } }, "status", "data-plane", ct);
        }
        catch (Exception e) when (e is KubernetesException or OperationCanceledException)
        {
            // Gone, or the test is over.
        }
    }
}

/// <summary>A test that needs the CRDs of Gateway API: skipped, with the reason, where they do not lie beside the repository.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class GatewayApiFactAttribute : FactAttribute
{
    public GatewayApiFactAttribute()
    {
        if (!RealApiServerFactAttribute.IsAvailable)
            Skip = new RealApiServerFactAttribute().Skip;
        else if (!System.IO.File.Exists(Crd))
            Skip = "the CRDs of Gateway API are not beside the repository (../shared/data/gateway-api)";
    }

    public static string Crd { get; } = Path.Combine(Workspace.Repository, "..", "shared", "data", "gateway-api", "httproutes.yaml");
}
