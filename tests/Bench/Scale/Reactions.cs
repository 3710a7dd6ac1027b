using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Bench.Scale;

/// <summary>
/// Changes specs and watches what the operator does about it. A reaction is the time from the moment a watch shows the changed spec, or its writer has the
/// answer, whichever is earlier, to the moment a watch shows the first object that the operator wrote for it: the snapshot of the new release.
/// </summary>
internal sealed class Reactions : IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    private readonly ScaleBed bed;
    private readonly TimeProvider time;
    private readonly ConcurrentDictionary<ObjectKey, Change> changes = new();
    private readonly ConcurrentDictionary<ObjectKey, TaskCompletionSource<long>> bare = new();

    /// <summary>Part of each revision: an earlier run may have left others in the cluster.</summary>
    private readonly string run = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));

    public Reactions(ScaleBed bed, TimeProvider time)
    {
        (this.bed, this.time) = (bed, time);
        bed.Deployments.Changed += OnDeployment;
        bed.Revisions.Changed += OnRevision;
    }

    /// <summary>Writes another revision of the model into the spec, and waits for the reaction.</summary>
    /// <param name="i">Number of the LlmDeployment.</param>
    /// <param name="revision">Number of the revision.</param>
    /// <param name="ct">Ends the wait.</param>
    /// <param name="step">The only step that its rollout has from now on. Null: its steps stay.</param>
    /// <returns>Milliseconds.</returns>
    public async Task<double> ChangeAsync(int i, int revision, CancellationToken ct, JsonObject? step = null)
    {
        var key = KeyOf(i);
        var change = changes[key] = new($"{run}{revision:x32}");
        await PatchAsync(key, change.Revision, step is null ? null : new JsonArray(step), ct);
        change.Seen(time.GetTimestamp());
        var reacted = await change.Reacted.Task.WaitAsync(ct);
        return Math.Max(0, time.GetElapsedTime(change.SeenAt, reacted).TotalMilliseconds);
    }

    /// <summary>
    /// The same where nothing else happens: the rollout that the change begins waits for an approval before anything is asked of its candidate, and is taken back
    /// before this returns, so that the next change finds the cluster as this one did.
    /// </summary>
    /// <returns>Milliseconds.</returns>
    public async Task<double> ChangeAloneAsync(int i, int revision, CancellationToken ct)
    {
        var took = await ChangeAsync(i, revision, ct, new() { ["approve"] = new JsonObject() });
        await UntilAsync(i, status => status.Rollout is { Reason: Reasons.AwaitingApproval }, ct);
        await TakeBackAsync(i, ct);
        return took;
    }

    /// <summary>Asks for the release that serves again, with the steps that all have, and waits until there is no other.</summary>
    public async Task TakeBackAsync(int i, CancellationToken ct)
    {
        var key = KeyOf(i);
        var steps = JsonSerializer.SerializeToNode(ScaleObjects.Deployment(i, bed.Size), ApiJson.Default.LlmDeployment)!["spec"]!["rollout"]!["steps"]!;
        changes.TryRemove(key, out _);
        var written = await PatchAsync(key, bed.Deployments.Store.Get(key)!.Status!.Stable!.Revision, steps.DeepClone(), ct);
        await UntilAsync(i, status => status.Candidate is null && status.ObservedGeneration >= written.Metadata.Generation, ct);
    }

    /// <summary>Waits for a status.</summary>
    public async Task UntilAsync(int i, Predicate<LlmDeploymentStatus> condition, CancellationToken ct)
    {
        while (bed.Deployments.Store.Get(KeyOf(i)) is not { Status: { } status } || !condition(status))
            await Task.Delay(Look, time, ct);
    }

    /// <summary>The yardstick: a small object made by the bench itself, from the request to the moment that the same watch shows it.</summary>
    /// <returns>Milliseconds.</returns>
    public async Task<double> BareWriteAsync(int i, CancellationToken ct)
    {
        var key = new ObjectKey(KeyOf(i).Namespace, $"yardstick-{run}-{i}");
        var shown = bare[key] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var start = time.GetTimestamp();
        await bed.Client.CreateAsync(new ControllerRevision { Metadata = new() { Name = key.Name, Namespace = key.Namespace }, Revision = 1 }, ct);
        var took = time.GetElapsedTime(start, await shown.Task.WaitAsync(ct)).TotalMilliseconds;
        await bed.Client.DeleteAsync<ControllerRevision>(key, ct: ct);
        return took;
    }

    /// <summary>Until the release that <see cref="ChangeAsync"/> asked for has been promoted.</summary>
    public Task PromotedAsync(int i, CancellationToken ct) => changes[KeyOf(i)].Promoted.Task.WaitAsync(ct);

    /// <summary>Whether nothing that <see cref="ChangeAsync"/> asked for is under way.</summary>
    public bool IsPromoted(int i) => !changes.TryGetValue(KeyOf(i), out var change) || change.Promoted.Task.IsCompleted;

    /// <summary>How many of the changes have not been promoted, and what the first of them waits for.</summary>
    public (int Count, string? First) Unfinished()
    {
        var waiting = changes.Where(change => !change.Value.Promoted.Task.IsCompleted).Select(change => change.Key).ToList();
        return (waiting.Count, waiting.Count == 0 ? null : $"{waiting[0]}: {bed.Deployments.Store.Get(waiting[0])?.Status?.Rollout?.Message}");
    }

    public void Dispose()
    {
        bed.Deployments.Changed -= OnDeployment;
        bed.Revisions.Changed -= OnRevision;
    }

    private Task<LlmDeployment> PatchAsync(ObjectKey key, string? revision, JsonNode? steps, CancellationToken ct)
    {
        var spec = new JsonObject { ["model"] = new JsonObject { ["revision"] = revision } };
        if (steps is not null)
            spec["rollout"] = new JsonObject { ["steps"] = steps };
        return bed.Client.MergePatchAsync<LlmDeployment>(key, new JsonObject { ["spec"] = spec }, fieldManager: "bench", ct: ct);
    }

    private ObjectKey KeyOf(int i) => ScaleObjects.KeyOf(i, bed.Size);

    private void OnDeployment(LlmDeployment? before, LlmDeployment? after)
    {
        if (after is null || !changes.TryGetValue(after.Key(), out var change) || after.Spec.Model.Revision != change.Revision)
            return;
        change.Seen(time.GetTimestamp());
        if (after.Status is { Candidate: null, Stable: { } stable } && stable.Revision == change.Revision)
            change.Promoted.TrySetResult();
    }

    private void OnRevision(ControllerRevision? before, ControllerRevision? after)
    {
        if (before is not null || after is null)
            return;
        if (bare.TryGetValue(after.Key(), out var shown))
            shown.TrySetResult(time.GetTimestamp());
        if (after.Metadata.OwnerReferences is not [var owner, ..])
            return;
        if (changes.TryGetValue(new(after.Metadata.Namespace!, owner.Name), out var change))
            change.Reacted.TrySetResult(time.GetTimestamp());
    }

    private sealed class Change(string revision)
    {
        private long seenAt;

        public string Revision { get; } = revision;

        public long SeenAt => Volatile.Read(ref seenAt);

        public TaskCompletionSource<long> Reacted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Promoted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Seen(long at) => Interlocked.CompareExchange(ref seenAt, at, 0);
    }
}
