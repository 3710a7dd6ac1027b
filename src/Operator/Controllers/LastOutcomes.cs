using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;

namespace LlmOps.Operator.Controllers;

/// <summary>
/// How the last look at each of the other objects ended, so that a person can see why: PromptVersions, EvalGates, EvalRuns and RolloutActions. Keeps the <c>capacity</c>
/// that were looked at last. Thread safe.
/// </summary>
/// <param name="time">Clock of the outcomes.</param>
/// <param name="capacity">Most objects that are kept, 1 or more. Default: 1,000, of a kilobyte each.</param>
internal sealed class LastOutcomes(TimeProvider time, int capacity = LastDecisions.DefaultCapacity)
{
    private const int LongestMessage = 2048;

    private readonly Lock sync = new();
    private readonly Dictionary<(string Kind, ObjectKey Key), LinkedListNode<LastOutcome>> byKey = [];

    /// <summary>The one that was looked at longest ago comes first.</summary>
    private readonly LinkedList<LastOutcome> order = new();

    /// <summary>A reconcile whose outcomes are kept, for as long as the object is there.</summary>
    /// <param name="kind">The kind of the objects.</param>
    /// <param name="reconcile">The reconcile.</param>
    /// <param name="tell">What is known of an object after it.</param>
    /// <param name="basis">What an object is looked at together with, and how that was seen before it.</param>
    public Func<ObjectKey, CancellationToken, Task<ReconcileResult>> Of<T>(
        WatchedKind<T> kind, Func<ObjectKey, CancellationToken, Task<ReconcileResult>> reconcile, Func<T, Outcome> tell, Func<T, IEnumerable<string>> basis)
        where T : class, IResource<T> => async (key, ct) =>
    {
        if (kind.Store.Get(key) is not { } before)
        {
            Forget(T.ResourceKind.Kind, key);
            return await reconcile(key, ct);
        }

        var basedOn = basis(before).ToList();
        try
        {
            var result = await reconcile(key, ct);
            Keep(before, tell(kind.Store.Get(key) ?? before), basedOn, result.RequeueAfter);
            return result;
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            Keep(before, new("Failed", e.GetType().Name, e.Message), basedOn, null);
            throw;
        }
    };

    /// <param name="kind">Name of the kind, in any case.</param>
    /// <param name="key">Name of the object.</param>
    public LastOutcome? Find(string kind, ObjectKey key)
    {
        lock (sync)
            return byKey.GetValueOrDefault((kind.ToUpperInvariant(), key))?.Value;
    }

    private void Keep<T>(T obj, Outcome outcome, IReadOnlyList<string> basedOn, TimeSpan? requeueAfter)
        where T : class, IResource<T>
    {
        var (kind, key) = (T.ResourceKind.Kind, obj.Key());
        var last = new LastOutcome(
            kind, key.Namespace, key.Name, time.GetUtcNow(), obj.Metadata.ResourceVersion, basedOn, outcome.What, outcome.Reason,
            outcome.Message is { } message ? Excerpt.Of(message, LongestMessage) : null, requeueAfter?.TotalSeconds);
        lock (sync)
        {
            Drop(kind, key);
            byKey[(kind.ToUpperInvariant(), key)] = order.AddLast(last);
            if (byKey.Count > capacity)
                Drop(order.First!.Value.Kind, new(order.First.Value.Namespace, order.First.Value.Name));
        }
    }

    private void Forget(string kind, ObjectKey key)
    {
        lock (sync)
            Drop(kind, key);
    }

    private void Drop(string kind, ObjectKey key)
    {
        if (byKey.Remove((kind.ToUpperInvariant(), key), out var node))
            order.Remove(node);
    }
}

/// <summary>What came out.</summary>
/// <param name="What">A word or two, such as the verdict of an EvalRun.</param>
internal sealed record Outcome(string What, string? Reason, string? Message);

/// <summary>How a look at an object ended, and what was seen.</summary>
/// <param name="ResourceVersion">Version of the object that was looked at.</param>
/// <param name="BasedOn">What it was looked at together with, each with its version.</param>
internal sealed record LastOutcome(
    string Kind, string Namespace, string Name, DateTimeOffset At, string? ResourceVersion, IReadOnlyList<string> BasedOn, string Outcome, string? Reason, string? Message, double? RequeueAfterSeconds);
