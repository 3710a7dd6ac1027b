using System.Text.Json.Nodes;
using LlmOps.Kubernetes;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.EndToEnd.Product;

/// <summary>Requests that come by a VirtualService, on the real API server: a CRD of its kind, and a small data plane that obeys it and writes no status, as Istio by default.</summary>
[Collection(ProductCollection.Name)]
public sealed class VirtualServiceTests(ProductFixture product)
{
    private const string Name = "mesh";

    [RealApiServerFact]
    public async Task A_canary_behind_a_VirtualService_is_promoted_without_a_failed_request()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        var ct = limit.Token;
        await product.Kubectl.ApplyTextAsync(MinimalCrd.Of(VirtualService.ResourceKind), null, ct);
        await using var scene = await RoutedScene<VirtualService>.ServeAsync(product, Name, Deployment("v1"), replicas: 2, Route, Shares, (_, _) => Task.CompletedTask, ct);
        var (ns, recorder) = (scene.Namespace, scene.Recorder);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var users = RouteUsers.AskAsync(scene.Plane.Address, Name, stop.Token);

        await product.Kubectl.ApplyTextAsync(Deployment("v2"), ns, ct);
        await recorder.WaitAsync("v2 to hold half of the requests", s => s is { Candidate.Weight: 50, Rollout.HoldStartedAt: not null }, ProductFixture.Patience, ct);
        var promoted = await recorder.WaitAsync("v2 to be promoted and v1 gone", s => s is { Candidate: null, Retiring: null, Stable.Revision: "v2" }, ProductFixture.Patience, ct);
        Assert.True(promoted.Status!.History![0].CandidateRequests >= 40, $"{promoted.Status.History[0].CandidateRequests} requests were counted");

        var http = JsonNode.Parse(await product.Kubectl.RunAsync(ct, "-n", ns, "get", "virtualservice", Name, "-o", "json"))!["spec"]!["http"]![0]!;
        Assert.Equal((100, 0, "keep"), ((int)http["route"]![0]!["weight"]!, (int)http["route"]![1]!["weight"]!, (string?)http["headers"]!["request"]!["set"]!["x-owner"]));
        await RouteUsers.AssertNoneFailedAsync(users, stop);
    }

    private static string Deployment(string revision) => $$$"""
        apiVersion: llmops.dev/v1alpha1
        kind: LlmDeployment
        metadata: {name: {{{Name}}}}
        spec:
          model: {source: hf://acme/support-7b, revision: {{{revision}}}}
          engine: {type: vLLM, maxModelLen: 8192, drainSeconds: 5}
          resources: {gpu: {count: 1}}
          replicas: 2
          traffic: {virtualService: {name: {{{Name}}}}}
          rollout:
            steps: [{weight: 50, hold: 3s, minRequests: 40}]
            scaleDownDelay: 2s
        """;

    private const string Route = $$$$"""
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: {{{{Name}}}}}
        spec:
          hosts: [chat.example.com]
          http:
          - headers: {request: {set: {x-owner: keep}}}
            route:
            - {destination: {host: {{{{Name}}}}-stable}, weight: 100}
            - {destination: {host: {{{{Name}}}}-candidate}}
        """;

    private static IEnumerable<(string Service, int Weight)> Shares(VirtualService route) =>
        (route.Spec?.Http ?? []).Take(1).SelectMany(http => http.Route ?? []).Select(to => (to.Destination!.Host!, to.Weight ?? 0));
}
