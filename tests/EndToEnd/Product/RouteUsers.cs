using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace LlmOps.EndToEnd.Product;

/// <summary>Users whose requests come by a route.</summary>
internal static class RouteUsers
{
    /// <summary>Ten users that ask one question after the other.</summary>
    public static async Task<(int Asked, IReadOnlyCollection<string> Failures)> AskAsync(Uri address, string model, CancellationToken ct)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(30) };
        var failures = new ConcurrentQueue<string>();
        var asked = 0;
        await Task.WhenAll(Enumerable.Range(0, 10).Select(async _ =>
        {
            while (!ct.IsCancellationRequested)
            {
                // A request that has begun is waited for: an end of the test is no failure.
                if (await AskOnceAsync(http, address, model, CancellationToken.None) is { } failure)
                    failures.Enqueue(failure);
                Interlocked.Increment(ref asked);
            }
        }));
        return (asked, failures);
    }

    /// <summary>Waits for a first answer.</summary>
    public static async Task UntilAnsweredAsync(Uri address, string model, CancellationToken ct)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        await Testing.Eventually.TrueAsync(async _ => await AskOnceAsync(http, address, model, ct) is null, ProductFixture.Patience, () => $"{model} is reachable", ct);
    }

    public static async Task AssertNoneFailedAsync(Task<(int Asked, IReadOnlyCollection<string> Failures)> users, CancellationTokenSource stop)
    {
        await stop.CancelAsync();
        var (asked, failures) = await users;
        Assert.Empty(failures);
        Assert.True(asked > 300, $"only {asked} requests were made");
    }

    private static async Task<string?> AskOnceAsync(HttpClient http, Uri address, string model, CancellationToken ct)
    {
        var body = new JsonObject
        {
            ["model"] = model,
            ["max_tokens"] = 16,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "How do I reset my password?" }),
        };
        try
        {
            using var response = await http.PostAsJsonAsync(new Uri(address, "/v1/chat/completions"), body, ct);
            return response.IsSuccessStatusCode ? null : $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync(ct)}";
        }
        catch (HttpRequestException e)
        {
            return e.Message;
        }
    }
}
