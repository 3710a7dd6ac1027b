using System.Collections.Concurrent;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Resources;

namespace LlmOps.Operator.Gathering;

/// <summary>The releases of one LlmDeployment that are known: their snapshots, and the one that the spec asks for now.</summary>
internal sealed class ReleaseBook
{
    private readonly Dictionary<string, ReleaseRecord> byRelease = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ReleaseRecord> byServing = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string From, string To), IReadOnlyList<string>> changes = new();

    /// <param name="revisions">ControllerRevisions of the LlmDeployment.</param>
    /// <param name="desired">The release of the spec, if it can be resolved.</param>
    public ReleaseBook(IReadOnlyList<ControllerRevision> revisions, DesiredRelease? desired)
    {
        Revisions = revisions;
        NextRevision = revisions.Select(revision => revision.Revision).DefaultIfEmpty().Max() + 1;
        foreach (var revision in revisions.OrderBy(revision => revision.Revision))
        {
            if (HashOf(revision) is not { } hash || ReleaseRecord.Read(revision) is not { } record)
                continue;
            byRelease.TryAdd(hash, record);
            // The oldest release of a serving hash started its pods: its template is the one that runs.
            if (revision.Metadata.Labels!.TryGetValue(Labels.Serving, out var serving))
                byServing.TryAdd(serving, record);
        }

        if (desired is null)
            return;
        var own = byServing.TryGetValue(desired.Hashes.Serving, out var running) ? desired.Record with { Template = running.Template } : desired.Record;
        Desired = desired with { Record = own };
        byRelease.TryAdd(desired.Hashes.Release, own);
        byServing.TryAdd(desired.Hashes.Serving, own);
    }

    public IReadOnlyList<ControllerRevision> Revisions { get; }

    /// <summary>Number of the next snapshot.</summary>
    public long NextRevision { get; }

    /// <summary>The release of the spec, on the pod template that runs where its serving hash runs already.</summary>
    public DesiredRelease? Desired { get; }

    /// <summary>Hash of the release that a ControllerRevision is the snapshot of.</summary>
    public static string? HashOf(ControllerRevision revision) => revision.Metadata.Labels?.GetValueOrDefault(Labels.Release);

    public ReleaseRecord? Release(string hash) => byRelease.GetValueOrDefault(hash);

    public ReleaseRecord? Serving(string servingHash) => byServing.GetValueOrDefault(servingHash);

    /// <summary>What one release changes of another, in sentences; null where one of them is not known.</summary>
    /// <param name="from">Hash of the release before.</param>
    /// <param name="to">Hash of the release after.</param>
    public IReadOnlyList<string>? Changes(string from, string to) => Release(from)?.Release is { } before && Release(to)?.Release is { } after
        ? changes.GetOrAdd((from, to), _ => [.. ReleaseChanges.Describe(before, after)])
        : null;
}
