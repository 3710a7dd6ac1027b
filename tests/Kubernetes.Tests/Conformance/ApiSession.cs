using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.Kubernetes.Tests.Conformance;

/// <summary>An answer: status code and JSON.</summary>
internal sealed record ApiReply(int Code, JsonObject Json)
{
    public string ResourceVersion => (string)Json["metadata"]!["resourceVersion"]!;

    public long Generation => (long)Json["metadata"]!["generation"]!;

    public string Uid => (string)Json["metadata"]!["uid"]!;

    public string? Reason => (string?)Json["reason"];

    public IReadOnlyList<JsonObject> Items => [.. Json["items"]!.AsArray().Select(static i => i!.AsObject())];

    public IReadOnlyList<string> Names => [.. Items.Select(static i => (string)i["metadata"]!["name"]!)];

    public IReadOnlyList<(string Reason, string Field)> Causes =>
        [.. (Json["details"]?["causes"] as JsonArray ?? []).Select(static c => ((string)c!["reason"]!, (string?)c["field"] ?? string.Empty))];
}

/// <summary>Raw requests, so that a test sees exactly what is on the wire.</summary>
internal sealed class ApiSession(KubernetesClient client)
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan CrdPatience = TimeSpan.FromSeconds(60);

    public Task<ApiReply> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    public Task<ApiReply> PostAsync(string path, JsonObject body) => SendAsync(HttpMethod.Post, path, body);

    public Task<ApiReply> PutAsync(string path, JsonObject body) => SendAsync(HttpMethod.Put, path, body);

    public Task<ApiReply> DeleteAsync(string path, JsonObject? options = null) => SendAsync(HttpMethod.Delete, path, options);

    public Task<ApiReply> MergePatchAsync(string path, JsonObject patch) => SendAsync(HttpMethod.Patch, path, patch, "application/merge-patch+json");

    public Task<ApiReply> JsonPatchAsync(string path, JsonArray patch) => SendAsync(HttpMethod.Patch, path, patch, "application/json-patch+json");

    public Task<ApiReply> ApplyAsync(string path, JsonObject body, string manager, bool force = false) =>
        SendAsync(HttpMethod.Patch, $"{path}?fieldManager={manager}&force={(force ? "true" : "false")}", body, "application/apply-patch+yaml");

    /// <summary>Creates, and expects that it works.</summary>
    public async Task<ApiReply> CreatedAsync(string path, JsonObject body)
    {
        var reply = await PostAsync(path, body);
        Assert.True(reply.Code == 201, $"POST {path}: {reply.Code} {reply.Json.ToJsonString()}");
        return reply;
    }

    public async Task<ApiReply> SendAsync(HttpMethod method, string path, JsonNode? body = null, string contentType = "application/json")
    {
        using var content = body is null ? null : new StringContent(body.ToJsonString(), Encoding.UTF8, new MediaTypeHeaderValue(contentType));
        using var answer = await client.RawAsync(method, path, content, CancellationToken.None);
        var text = await answer.Content.ReadAsStringAsync();
        var json = text.StartsWith('{') ? JsonNode.Parse(text)!.AsObject() : new JsonObject { ["text"] = text };
        return new ApiReply((int)answer.StatusCode, json);
    }

    /// <summary>Registers a CustomResourceDefinition and waits until its kind is served.</summary>
    public async Task InstallCrdAsync(JsonObject crd)
    {
        await CreatedAsync("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd);
        var spec = crd["spec"]!;
        var path = $"/apis/{spec["group"]}/{spec["versions"]![0]!["name"]}/{spec["names"]!["plural"]}";
        await Eventually.TrueAsync(async _ => (await GetAsync(path)).Code == 200, CrdPatience, () => $"{path} is served");
    }

    /// <summary>Waits until the object is not there any more: collectors of the real server take a moment.</summary>
    public Task GoneAsync(string path) =>
        Eventually.TrueAsync(async _ => (await GetAsync(path)).Code == 404, Patience, () => $"{path} is gone");

    public Task<OpenWatch> WatchAsync(string pathAndQuery) => OpenWatch.StartAsync(client, pathAndQuery);
}

/// <summary>One line of a watch.</summary>
internal sealed record WatchLine(string Type, JsonObject Object)
{
    public string Name => (string?)Object["metadata"]?["name"] ?? string.Empty;

    public string? ResourceVersion => (string?)Object["metadata"]?["resourceVersion"];

    public string TypeAndName => $"{Type} {Name}";
}

/// <summary>A watch, read line by line.</summary>
internal sealed class OpenWatch : IDisposable
{
    private readonly HttpResponseMessage answer;
    private readonly StreamReader reader;

    private OpenWatch(HttpResponseMessage answer, StreamReader reader) => (this.answer, this.reader) = (answer, reader);

    public static async Task<OpenWatch> StartAsync(KubernetesClient client, string pathAndQuery)
    {
        var answer = await client.RawAsync(HttpMethod.Get, pathAndQuery, null, CancellationToken.None);
        return new OpenWatch(answer, new StreamReader(await answer.Content.ReadAsStreamAsync()));
    }

    public int Code => (int)answer.StatusCode;

    /// <summary>The next event; null at the end of the stream.</summary>
    /// <exception cref="OperationCanceledException">Nothing came within the patience of a test.</exception>
    public async Task<WatchLine?> NextAsync()
    {
        using var deadline = new CancellationTokenSource(ApiSession.Patience);
        var line = await reader.ReadLineAsync(deadline.Token);
        if (line is null)
            return null;
        using var document = JsonDocument.Parse(line);
        return new WatchLine(document.RootElement.GetProperty("type").GetString()!, JsonObject.Create(document.RootElement.GetProperty("object").Clone())!);
    }

    /// <summary>The next so many events that are no bookmarks, as <c>TYPE name</c>.</summary>
    public async Task<IReadOnlyList<string>> NextChangesAsync(int count)
    {
        var changes = new List<string>();
        while (changes.Count < count && await NextAsync() is { } line)
        {
            if (line.Type != "BOOKMARK")
                changes.Add(line.TypeAndName);
        }

        return changes;
    }

    public void Dispose()
    {
        reader.Dispose();
        answer.Dispose();
    }
}
