using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using LlmOps.Kubernetes;

namespace LlmOps.Operator.Gathering;

/// <summary>How many of some ready pods answered a warm-up request, and why the others did not.</summary>
/// <param name="Failure">The last failure, as a sentence; null where none failed.</param>
internal sealed record WarmUpFacts(int WarmedUp, string? Failure);

/// <summary>
/// Sends each ready pod one generation of one token before it gets requests: health endpoints say that a process lives, not that it generates
/// (vllm-project/vllm#36960), and the first answer of a pod is slow. Guarantees: never blocks and never throws; each pod that answered is not asked
/// again; one that failed is asked again after <see cref="RetryAfter"/>; whoever asked is woken when an answer is there.
/// </summary>
/// <param name="wake">Called with the LlmDeployment whose facts changed.</param>
/// <param name="lifetime">Ends requests that run.</param>
internal sealed class WarmUpProber(HttpClient http, Action<ObjectKey> wake, TimeProvider time, CancellationToken lifetime)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    /// <summary>A first generation may compile kernels.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<string, Outcome> outcomes = new(StringComparer.Ordinal);

    /// <summary>What is known of these pods; starts what is missing.</summary>
    public WarmUpFacts Observe(ObjectKey deployment, IEnumerable<Pod> readyPods, int port, string servedName)
    {
        var warmedUp = 0;
        string? failure = null;
        foreach (var pod in readyPods)
        {
            if (pod.Metadata.Uid is not { } uid || pod.Status?.PodIP is not { Length: > 0 } address)
                continue;
            if (!outcomes.TryGetValue(uid, out var outcome) || (outcome is { State: ProbeState.Failed } && time.GetElapsedTime(outcome.EndedAt) >= RetryAfter))
                Start(deployment, uid, address, port, servedName, outcome);
            else if (outcome.State is ProbeState.Answered)
                warmedUp++;
            if (outcome is { Failure: { } message })
                failure = $"pod {pod.Metadata.Name} is ready and does not generate: {message}";
        }

        return new(warmedUp, failure);
    }

    /// <summary>Forgets a pod that is gone.</summary>
    public void Forget(string? podUid)
    {
        if (podUid is not null)
            outcomes.TryRemove(podUid, out _);
    }

    private void Start(ObjectKey deployment, string uid, string address, int port, string servedName, Outcome? before)
    {
        // The failure is kept until there is a better answer, so that the message does not flicker.
        outcomes[uid] = new(ProbeState.Running, before?.Failure, 0);
        _ = Task.Run(() => RunAsync(deployment, uid, address, port, servedName), CancellationToken.None);
    }

    private async Task RunAsync(ObjectKey deployment, string uid, string address, int port, string servedName)
    {
        string? failure;
        try
        {
            failure = await GenerateAsync(address, port, servedName);
        }
        catch (Exception e)
        {
            // Whatever it is, it is a fact about the pod and no reason to end.
            failure = e is OperationCanceledException ? $"no answer in {Timeout.TotalSeconds:0} s" : e is HttpRequestException ? "connection failed" : e.Message;
        }

        if (lifetime.IsCancellationRequested || !outcomes.ContainsKey(uid))
            return;
        outcomes[uid] = new(failure is null ? ProbeState.Answered : ProbeState.Failed, failure, time.GetTimestamp());
        wake(deployment);
    }

    private async Task<string?> GenerateAsync(string address, int port, string servedName)
    {
        using var timeout = new CancellationTokenSource(Timeout, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, lifetime);
        var name = JsonEncodedText.Encode(servedName);
        var chat = await PostAsync(address, port, "/v1/chat/completions", $$"""{"model":"{{name}}","messages":[{"role":"user","content":"ping"}],"max_tokens":1}""", stop.Token);
        // A model without a chat template refuses chat and still generates.
        return chat.Status is HttpStatusCode.BadRequest or HttpStatusCode.NotFound or HttpStatusCode.UnprocessableEntity
            ? (await PostAsync(address, port, "/v1/completions", $$"""{"model":"{{name}}","prompt":"ping","max_tokens":1}""", stop.Token)).Failure
            : chat.Failure;
    }

    private async Task<(HttpStatusCode Status, string? Failure)> PostAsync(string address, int port, string path, string body, CancellationToken ct)
    {
        var host = address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address;
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await http.PostAsync(new Uri($"http://{host}:{port}{path}"), content, ct);
        var text = await response.Content.ReadAsStringAsync(ct);
        if (!response.IsSuccessStatusCode)
            return (response.StatusCode, $"{path} answered {(int)response.StatusCode}");
        return (response.StatusCode, text.Contains("\"choices\"", StringComparison.Ordinal) ? null : $"{path} answered without choices");
    }

    private enum ProbeState
    {
        Running,
        Answered,
        Failed,
    }

    private sealed record Outcome(ProbeState State, string? Failure, long EndedAt);
}
