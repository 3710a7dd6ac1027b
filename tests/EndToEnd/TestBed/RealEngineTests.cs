using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LlmOps.LocalCluster;
using LlmOps.LocalCluster.Processes;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.EndToEnd.TestBed;

public sealed class RealEngineTests
{
    [Fact]
    public async Task Real_engine_loads_the_tiny_model_and_answers_a_chat()
    {
        Assert.True(RealEngine.Probe().IsAvailable, RealEngine.Probe().Reason);
        var engine = await RealEngine.PrepareAsync();
        var port = LoopbackPorts.Take(1)[0];
        await using var server = await ChildProcess.StartAsync(new()
        {
            Executable = engine.Executable,
            Arguments = [.. engine.Arguments, "-m", engine.ModelPath, "--host", "127.0.0.1", "--port", $"{port}", "--metrics", "-np", "1", "-c", "512", "--no-webui"],
            Environment = engine.Environment.ToDictionary(pair => pair.Key, pair => (string?)pair.Value),
            LogFile = Path.GetTempFileName(),
        });
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        await Eventually.TrueAsync(
            async ct => (await client.GetAsync("/health", ct)).IsSuccessStatusCode || server.Exited.IsCompleted, TimeSpan.FromSeconds(20), () => server.LogTail());

        using var answer = await client.PostAsJsonAsync("/v1/chat/completions", new { model = "tiny", max_tokens = 4, messages = new[] { new { role = "user", content = "hello" } } });

        var body = await answer.Content.ReadFromJsonAsync<JsonNode>();
        Assert.True(body!["usage"]!["completion_tokens"]!.GetValue<int>() is > 0 and <= 4, body.ToJsonString());
        File.Delete(server.LogFile);
    }
}
