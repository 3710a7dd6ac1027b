using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace LlmOps.Bench.Scale;

/// <summary>Puts objects where the API server keeps them: a hundred times as fast as through it. Over etcd's JSON gateway.</summary>
internal sealed class EtcdWriter(Uri etcd) : IDisposable
{
    private const int Writers = 16;

    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = etcd };

    /// <summary>Every key that there is.</summary>
    public async Task<IReadOnlyList<string>> KeysAsync(CancellationToken ct)
    {
        var answer = await PostAsync("/v3/kv/range", new() { ["key"] = Encode("\0"), ["range_end"] = Encode("\0"), ["keys_only"] = true }, ct);
        return [.. (answer["kvs"]?.AsArray() ?? []).Select(kv => Encoding.UTF8.GetString(Convert.FromBase64String((string)kv!["key"]!)))];
    }

    /// <summary>Puts values, each in a transaction of its own: objects of one resource version are not told apart by watches.</summary>
    public Task PutAsync(IEnumerable<(string Key, string Value)> objects, CancellationToken ct) => Parallel.ForEachAsync(
        objects,
        new ParallelOptions { MaxDegreeOfParallelism = Writers, CancellationToken = ct },
        async (one, token) => await PostAsync("/v3/kv/put", new() { ["key"] = Encode(one.Key), ["value"] = Encode(one.Value) }, token));

    public void Dispose() => http.Dispose();

    private async Task<JsonObject> PostAsync(string path, JsonObject body, CancellationToken ct)
    {
        using var answer = await http.PostAsJsonAsync(path, body, ct);
        if (!answer.IsSuccessStatusCode)
            throw new InvalidOperationException($"etcd answered {(int)answer.StatusCode} to {path}: {await answer.Content.ReadAsStringAsync(ct)}");
        return (await answer.Content.ReadFromJsonAsync<JsonObject>(ct))!;
    }

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
