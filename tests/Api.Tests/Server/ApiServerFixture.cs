using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.Api.Tests.Server;

/// <summary>A real API server with the CRDs of this repository, shared by the tests of <see cref="ApiServerCollection"/>.</summary>
public sealed class ApiServerFixture : IAsyncLifetime
{
    private ControlPlane plane = null!;
    private KubernetesClient client = null!;

    public async Task InitializeAsync()
    {
        plane = await ControlPlane.StartAsync();
        client = new(KubernetesClientConfiguration.Load(plane.KubeconfigPath));
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "crds"), "*.yaml").Order(StringComparer.Ordinal))
        {
            var (status, body) = await SendAsync(HttpMethod.Post, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?fieldValidation=Strict", await File.ReadAllTextAsync(file), "application/yaml");
            Assert.True(status == HttpStatusCode.Created, $"{file}: {body}");
        }

        foreach (var plural in new[] { "llmdeployments", "promptversions", "evalgates", "evalruns", "rolloutrecords", "rolloutactions" })
        {
            await Eventually.TrueAsync(
                async _ => (await SendAsync(HttpMethod.Get, $"/apis/llmops.dev/v1alpha1/{plural}")).Status == HttpStatusCode.OK,
                TimeSpan.FromSeconds(30),
                () => $"{plural} are served");
        }
    }

    public async Task DisposeAsync()
    {
        client?.Dispose();
        if (plane is not null)
            await plane.DisposeAsync();
    }

    /// <summary>Creates an object in the default namespace with strict field validation.</summary>
    public Task<(HttpStatusCode Status, JsonNode Body)> CreateAsync(string plural, JsonNode @object, bool dryRun = true) =>
        SendAsync(HttpMethod.Post, $"/apis/llmops.dev/v1alpha1/namespaces/default/{plural}?fieldValidation=Strict{(dryRun ? "&dryRun=All" : string.Empty)}", @object.ToJsonString());

    /// <summary>Patches an object by a JSON merge patch.</summary>
    public Task<(HttpStatusCode Status, JsonNode Body)> PatchAsync(string plural, string name, string patch) =>
        SendAsync(HttpMethod.Patch, $"/apis/llmops.dev/v1alpha1/namespaces/default/{plural}/{name}?fieldValidation=Strict", patch, "application/merge-patch+json");

    /// <summary>Runs kubectl and returns what it printed.</summary>
    public async Task<string> KubectlAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(await Tools.KubectlPathAsync(), ["--kubeconfig", plane.KubeconfigPath, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"kubectl {string.Join(' ', arguments)}: {await error}");
        return output;
    }

    /// <summary>Sends anything.</summary>
    public async Task<(HttpStatusCode Status, JsonNode Body)> SendAsync(HttpMethod method, string path, string? body = null, string contentType = "application/json")
    {
        using var content = body is null ? null : new StringContent(body, Encoding.UTF8) { Headers = { ContentType = new MediaTypeHeaderValue(contentType) } };
        using var response = await client.RawAsync(method, path, content, CancellationToken.None);
        var text = await response.Content.ReadAsStringAsync();
        return (response.StatusCode, text.StartsWith('{') ? JsonNode.Parse(text)! : JsonValue.Create(text));
    }
}

/// <summary>One API server for all tests of this name.</summary>
[CollectionDefinition(Name)]
public sealed class ApiServerCollection : ICollectionFixture<ApiServerFixture>
{
    public const string Name = "API server";
}
