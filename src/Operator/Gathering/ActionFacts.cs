using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Gathering;

/// <summary>What people ask of one LlmDeployment by RolloutActions. Pure.</summary>
internal static class ActionFacts
{
    /// <summary>Actions without an answer, oldest first. Times of creation are whole seconds; versions tell apart what came in the same one.</summary>
    public static EquatableArray<RequestedAction> Pending(IEnumerable<RolloutAction> actions) => actions
        .Where(action => action.Status?.Phase is null && !action.IsDeleting())
        .OrderBy(action => action.Metadata.CreationTimestamp)
        .ThenBy(action => action.Metadata.ResourceVersion?.Length)
        .ThenBy(action => action.Metadata.ResourceVersion, StringComparer.Ordinal)
        .Select(Request).OfType<RequestedAction>().ToEquatableArray();

    /// <summary>Releases that the LlmDeployment could go back to.</summary>
    /// <param name="findPrompt">The PromptVersion of a name, or null.</param>
    public static EquatableArray<KnownRelease> Known(IEnumerable<ControllerRevision> revisions, Func<string, PromptVersion?> findPrompt)
    {
        var known = new List<KnownRelease>();
        foreach (var revision in revisions.OrderBy(revision => revision.Revision))
        {
            if (ReleaseBook.HashOf(revision) is not { } hash || Resources.ReleaseRecord.Read(revision)?.Release is not { } snapshot)
                continue;
            var hashes = ReleaseHashing.Compute(snapshot);
            // A snapshot of another content than its name says was edited by hand.
            if (hashes.Release == hash)
                known.Add(new(new Release(hashes.Release, hashes.Serving, hashes.Prompt), Problem(hash, snapshot, findPrompt)));
        }

        return known.ToEquatableArray();
    }

    /// <summary>Whether this version of the operator knows what is asked.</summary>
    public static bool IsKnown(RolloutAction action) => Enum.TryParse<ActionKind>(action.Spec.Action, out _);

    private static RequestedAction? Request(RolloutAction action) => Enum.TryParse<ActionKind>(action.Spec.Action, out var kind) && action.Metadata.Uid is { } uid
        ? new(uid, action.Metadata.Name!, kind, action.Spec.Release, action.Spec.Step, action.Spec.RequestedBy, action.Spec.Reason, action.Metadata.CreationTimestamp ?? DateTimeOffset.UnixEpoch)
        : null;

    private static string? Problem(string hash, ReleaseSnapshot snapshot, Func<string, PromptVersion?> findPrompt)
    {
        if (snapshot.Prompt?.Name is not { } name)
            return null;
        return findPrompt(name) is { } prompt && !prompt.IsDeleting() && PromptContent.Hash(prompt.Spec) == snapshot.PromptContentHash
            ? null
            : $"PromptVersion {name} of release {hash} does not exist any more: create it again with the same content";
    }
}
