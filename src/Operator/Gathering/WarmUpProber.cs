using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using LlmOps.Kubernetes;

namespace LlmOps.Operator.Gathering;

/// <summary>How many of some ready pods answered a warm-up request, and why the others did not.</summary>
/// <param name="Unauthorized">Those whose last answer was that the credentials are wrong.</param>
/// <param name="Failure">The last failure, as a sentence; null where none failed.</param>
internal sealed record WarmUpFacts(int WarmedUp, int Unauthorized, string? Failure);

/// <summary>
/// Sends each ready pod one generation of one token before it gets requests: health endpoints say that a process lives, not that it generates
/// (vllm-project/vllm#36960), and the first answer of a pod is slow. Guarantees: never blocks and never throws; each pod that answered is not asked
/// again; one that failed is asked again after <see cref="RetryAfter"/>; whoever asked is woken when an answer is there.
/// </summary>
/// <param name="wake">Called with the LlmDeployment whose facts changed.</param>
/// <param name="lifetime">Ends requests that run.</param>
internal sealed class WarmUpProber(EngineCaller engines, Action<ObjectKey> wake, TimeProvider time, CancellationToken lifetime)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    /// <summary>A first generation may compile kernels.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<string, Outcome> outcomes = new(StringComparer.Ordinal);

    /// <summary>What is known of these pods; starts what is missing.</summary>
    public WarmUpFacts Observe(ObjectKey deployment, IEnumerable<Pod> readyPods, EngineAccess access, string servedName)
    {
        var (warmedUp, unauthorized) = (0, 0);
        string? failure = null;
        foreach (var pod in readyPods)
        {
            if (pod.Metadata.Uid is not { } uid || pod.Status?.PodIP is not { Length: > 0 })
                continue;
            if (!outcomes.TryGetValue(uid, out var outcome) || (outcome is { State: ProbeState.Failed } && time.GetElapsedTime(outcome.EndedAt) >= RetryAfter))
                Start(deployment, uid, pod, access, servedName, outcome);
            else if (outcome.State is ProbeState.Answered)
                warmedUp++;
            if (outcome is not { Failure: { } message })
                continue;
            failure = $"pod {pod.Metadata.Name} is ready and does not generate: {message.Text}";
            unauthorized += message.IsUnauthorized ? 1 : 0;
        }

        return new(warmedUp, unauthorized, failure);
    }

    /// <summary>Forgets a pod that is gone.</summary>
    public void Forget(string? podUid)
    {
        if (podUid is not null)
            outcomes.TryRemove(podUid, out _);
    }

    private void Start(ObjectKey deployment, string uid, Pod pod, EngineAccess access, string servedName, Outcome? before)
    {
        // The failure is kept until there is a better answer, so that the message does not flicker.
        outcomes[uid] = new(ProbeState.Running, before?.Failure, 0);
        _ = Task.Run(() => RunAsync(deployment, uid, pod, access, servedName), CancellationToken.None);
    }

    private async Task RunAsync(ObjectKey deployment, string uid, Pod pod, EngineAccess access, string servedName)
    {
        Failure? failure;
        try
        {
            failure = await GenerateAsync(pod, access, servedName);
        }
        catch (Exception e)
        {
            // Whatever it is, it is a fact about the pod and no reason to end.
            failure = new(e is OperationCanceledException ? $"no answer in {Timeout.TotalSeconds:0} s" : e is HttpRequestException ? "connection failed" : e.Message);
        }

        if (lifetime.IsCancellationRequested || !outcomes.ContainsKey(uid))
            return;
        outcomes[uid] = new(failure is null ? ProbeState.Answered : ProbeState.Failed, failure, time.GetTimestamp());
        wake(deployment);
    }

    private async Task<Failure?> GenerateAsync(Pod pod, EngineAccess access, string servedName)
    {
        using var timeout = new CancellationTokenSource(Timeout, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, lifetime);
        var name = JsonEncodedText.Encode(servedName);
        const string ChatPath = "/v1/chat/completions", TextPath = "/v1/completions";
        var chat = await engines.PostAsync(pod, access, ChatPath, $$"""{"model":"{{name}}","messages":[{"role":"user","content":"ping"}],"max_tokens":1}""", stop.Token);
        // A model without a chat template refuses chat and still generates.
        return chat.Status is HttpStatusCode.BadRequest or HttpStatusCode.NotFound or HttpStatusCode.UnprocessableEntity
            ? Judge(TextPath, await engines.PostAsync(pod, access, TextPath, $$"""{"model":"{{name}}","prompt":"ping","max_tokens":1}""", stop.Token), access)
            : Judge(ChatPath, chat, access);
    }

    private static Failure? Judge(string path, EngineAnswer answer, EngineAccess access) => answer switch
    {
        { Problem: { } problem } => new(problem),
        { IsUnauthorized: true } when access.ApiKey is { } key => new($"{path} answered {(int)answer.Status!} to key {key.Key} of Secret {key.Name}: the engine was started with another one", true),
        { IsUnauthorized: true } => new($"{path} answered {(int)answer.Status!}: name the engine's API key in spec.engine.apiKeySecretRef", true),
        { IsSuccess: false } => new($"{path} answered {(int)answer.Status!}"),
        _ => answer.Text.Contains("\"choices\"", StringComparison.Ordinal) ? null : new($"{path} answered without choices"),
    };

    private enum ProbeState
    {
        Running,
        Answered,
        Failed,
    }

    /// <param name="Text">A clause.</param>
    private sealed record Failure(string Text, bool IsUnauthorized = false);

    private sealed record Outcome(ProbeState State, Failure? Failure, long EndedAt);
}
