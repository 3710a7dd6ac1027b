using System.Text.Json.Nodes;
using Xunit;

namespace LlmOps.Kubernetes.Tests.Conformance;

/// <summary>
/// What our code relies on in an API server, as tests that run against the in-process server and against the real one, so
/// that the first cannot drift from the second. Each test has a namespace of its own.
/// </summary>
public abstract partial class ApiServerConformance(ConformanceCluster cluster) : IAsyncLifetime
{
    private string Ns { get; } = cluster.NextNamespace();

    private KubernetesClient Client => cluster.Client;

    private ApiSession Api => new(cluster.Client);

    private string ConfigMaps => $"/api/v1/namespaces/{Ns}/configmaps";

    private string WidgetsPath => Widgets.Collection(Ns);

    public async Task InitializeAsync() => await Api.CreatedAsync("/api/v1/namespaces", new JsonObject
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Namespace",
        ["metadata"] = new JsonObject { ["name"] = Ns },
    });

    public Task DisposeAsync() => Task.CompletedTask;

    private string Widget(string name) => Widgets.Path(Ns, name);

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();

    private static JsonObject ConfigMap(string name, string data = "{}", string? labels = null, string? extra = null) => Json(
        $$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{name}}"{{(labels is null ? string.Empty : ",\"labels\":" + labels)}}{{(extra is null ? string.Empty : "," + extra)}}},"data":{{data}}}""");

    private static void AssertJson(string expected, JsonNode? actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), $"expected {expected}\nactual   {actual?.ToJsonString()}");
}

/// <summary>The suite on the server of tests/Testing.</summary>
public sealed class InProcessConformanceTests(InProcessCluster cluster) : ApiServerConformance(cluster), IClassFixture<InProcessCluster>;

/// <summary>The suite on the real API server.</summary>
[RequiresRealApiServer]
public sealed class RealApiServerConformanceTests(RealCluster cluster) : ApiServerConformance(cluster), IClassFixture<RealCluster>;
