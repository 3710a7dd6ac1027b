using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.EndToEnd.Product;

/// <summary>The pods of one serving hash, and how the emulated engines in them behave.</summary>
internal static class Engines
{
    private const int Port = 8000;

    /// <summary>Those that are there now and are to stay: a release that was tried before may have had the same engines, and be on its way out.</summary>
    public static async Task<IReadOnlyList<Pod>> ListAsync(KubernetesClient client, string ns, string servingHash, CancellationToken ct) =>
        [.. (await client.ListAsync<Pod>(ns, new() { LabelSelector = $"{Labels.Serving}={servingHash}" }, ct)).Items.Where(pod => pod.Metadata.DeletionTimestamp is null)];

    /// <summary>Changes how they behave from now on: body of the emulator's <c>/admin/behaviour</c>.</summary>
    /// <exception cref="InvalidOperationException">None has an address.</exception>
    public static async Task ChangeAsync(IEnumerable<Pod> pods, JsonObject behaviour, CancellationToken ct)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(10) };
        var addresses = pods.Select(pod => pod.Status?.PodIP).OfType<string>().ToList();
        if (addresses.Count == 0)
            throw new InvalidOperationException("there are no engines to change");
        foreach (var address in addresses)
        {
            using var answer = await http.PostAsJsonAsync($"http://{address}:{Port}/admin/behaviour", behaviour, ct);
            answer.EnsureSuccessStatusCode();
        }
    }
}
