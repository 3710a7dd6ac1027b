using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using LlmOps.LocalCluster.Nodes;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.EndToEnd.TestBed;

/// <summary>The engines' images as pods: one image name, one program behind it.</summary>
public sealed class EngineImageTests
{
    [Fact]
    public async Task Engines_of_the_default_catalog_answer_chats_as_pods()
    {
        await using var plane = await ControlPlane.StartAsync();
        var configuration = KubernetesClientConfiguration.Load(plane.KubeconfigPath);
        await using var nodes = await NodeSimulator.StartAsync(configuration, new() { LongestProbePeriod = TimeSpan.FromMilliseconds(200) });
        using var client = new KubernetesClient(configuration);
        (string Name, int Port, string Image, string[] Arguments)[] engines =
        [
            ("vllm", 8000, "vllm/vllm-openai:v0.18.0", ["acme/support-7b", "--revision", "v1", "--served-model-name", "m", "--port", "8000"]),
            ("tgi", 8080, "ghcr.io/huggingface/text-generation-inference:3.3", ["--model-id", "acme/support-7b", "--revision", "v1", "--port", "8080"]),
            ("llamacpp", 8081, "ghcr.io/ggml-org/llama.cpp:server-b6402", ["--hf-repo", "org/model", "--alias", "m", "--host", "0.0.0.0", "--port", "8081", "--metrics"]),
        ];
        await Eventually.TrueAsync(async ct => await client.GetAsync<ServiceAccount>(new("default", "default"), ct) is not null, ClusterFixture.Patience, () => "the default account");
        foreach (var (name, port, image, arguments) in engines)
            await client.CreateAsync(Engine(name, port, image, arguments), CancellationToken.None);

        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        foreach (var (name, port, _, _) in engines)
        {
            Pod? pod = null;
            await Eventually.TrueAsync(
                async ct => ClusterFixture.Ready((pod = await client.GetAsync<Pod>(new("default", name), ct))!), ClusterFixture.Patience, () => $"{name}: {pod?.Status}\n{nodes.Log("default", name, "engine")}");
            using var answer = await http.PostAsJsonAsync(
                new Uri($"http://{pod!.Status!.PodIP}:{port}/v1/chat/completions"), new { model = name == "tgi" ? "tgi" : "m", max_tokens = 4, messages = new[] { new { role = "user", content = "hello" } } });
            var body = await answer.Content.ReadAsStringAsync();
            Assert.True(JsonNode.Parse(body)?["usage"]?["completion_tokens"]?.GetValue<int>() > 0, $"{name}: {body}");
        }
    }

    private static Pod Engine(string name, int port, string image, string[] arguments) => new()
    {
        Metadata = new() { Name = name, Namespace = "default" },
        Spec = new()
        {
            Containers =
            [
                new()
                {
                    Name = "engine",
                    Image = image,
                    Args = arguments,
                    Ports = [new() { Name = "http", Number = port }],
                    ReadinessProbe = new() { HttpGet = new() { Path = "/health", Port = "http" }, PeriodSeconds = 1 },
                },
            ],
        },
    };
}
