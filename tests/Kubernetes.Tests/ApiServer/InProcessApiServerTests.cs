using System.Text.Json.Nodes;
using LlmOps.Kubernetes.Tests.Conformance;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.Kubernetes.Tests.ApiServer;

/// <summary>A server of its own for each test, on a clock of its own.</summary>
public abstract class InProcessApiServerTests : IAsyncLifetime
{
    private protected ManualTime Time { get; } = new();

    private protected InProcessApiServer Server { get; private set; } = null!;

    private protected KubernetesClient Client { get; private set; } = null!;

    private protected ApiSession Api => new(Client);

    public async Task InitializeAsync()
    {
        Server = await InProcessApiServer.StartAsync(new InProcessApiServerOptions { Time = Time });
        Client = new KubernetesClient(Server.Configuration);
    }

    public async Task DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
    }

    private protected const string ConfigMaps = "/api/v1/namespaces/default/configmaps";

    private protected static JsonObject Map(string name, string value = "1") => JsonNode.Parse(
        $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{name}}}"},"data":{"k":"{{{value}}}"}}""")!.AsObject();
}
