using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace LlmOps.EngineEmulator.Tests;

/// <summary>An OpenAI client that keeps what it saw.</summary>
internal sealed class EngineClient(Uri address) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = address, Timeout = TimeSpan.FromSeconds(30) };

    public static JsonObject Chat(string question, string? system = null, string model = "m")
    {
        var messages = new JsonArray();
        if (system is not null)
            messages.Add(new JsonObject { ["role"] = "system", ["content"] = system });
        messages.Add(new JsonObject { ["role"] = "user", ["content"] = question });
        return new JsonObject { ["model"] = model, ["messages"] = messages };
    }

    public Task<HttpResponseMessage> GetAsync(string path) => _http.GetAsync(new Uri(path, UriKind.Relative));

    public Task<string> TextAsync(string path) => _http.GetStringAsync(new Uri(path, UriKind.Relative));

    public async Task<(HttpStatusCode Status, JsonNode? Body)> PostAsync(string path, JsonNode body)
    {
        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await _http.PostAsync(new Uri(path, UriKind.Relative), content);
        return (response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync()));
    }

    /// <summary>The answer to one question.</summary>
    public async Task<string> AskAsync(string question, string? system = null, string model = "m")
    {
        var (status, body) = await PostAsync("/v1/chat/completions", Chat(question, system, model));
        Assert.Equal(HttpStatusCode.OK, status);
        return (string)body!["choices"]![0]!["message"]!["content"]!;
    }

    /// <summary>Streams a request; gives each event's data until the stream ends.</summary>
    public async IAsyncEnumerable<string> StreamAsync(string path, JsonObject body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body.ToJsonString()) };
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("data:", StringComparison.Ordinal))
                yield return line[5..].TrimStart();
        }
    }

    public async Task<List<string>> StreamedChatAsync(string question, bool usage = false)
    {
        var body = Chat(question);
        body["stream"] = true;
        if (usage)
            body["stream_options"] = new JsonObject { ["include_usage"] = true };
        var events = new List<string>();
        await foreach (var data in StreamAsync("/v1/chat/completions", body))
            events.Add(data);
        return events;
    }

    public void Dispose() => _http.Dispose();
}
