using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Applying;
using LlmOps.Operator.Gathering;

namespace LlmOps.Operator.Controllers;

/// <summary>Says of one PromptVersion whether it can be used and who uses it, and holds it back from deletion while a release that serves or is tried uses it.</summary>
internal sealed class PromptVersionReconciler(KubernetesClient client, ClusterView cluster, TimeProvider time)
{
    private const int MostUses = 256;

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken ct)
    {
        if (cluster.PromptVersions.Store.Get(key) is not { } prompt)
            return ReconcileResult.Done;
        var uses = Uses(key);
        prompt = await HoldAsync(prompt, uses.Count > 0, ct);
        if (prompt.IsDeleting() && uses.Count == 0)
            return ReconcileResult.Done;
        await client.WriteStatusAsync(cluster.PromptVersions, prompt, prompt with { Status = Status(prompt, uses) }, ct);
        return ReconcileResult.Done;
    }

    private List<PromptUse> Uses(ObjectKey key) => (
        from deployment in cluster.LlmDeployments.Store.ListByIndex(Indexes.Prompt, Indexes.Value(key.Namespace, key.Name), deployment => Indexes.PromptsOf(deployment).Contains(Indexes.Value(key.Namespace, key.Name)))
        from used in PromptFacts.Uses(deployment)
        where used.Prompt == key.Name
        orderby used.Use.Deployment, used.Use.Track
        select used.Use).Take(MostUses).ToList();

    /// <summary>Sets or takes away the finalizer. The version that was read goes with it, so that nobody else's finalizer is lost.</summary>
    private async Task<PromptVersion> HoldAsync(PromptVersion prompt, bool isUsed, CancellationToken ct)
    {
        var finalizers = prompt.Metadata.Finalizers ?? [];
        var isHeld = finalizers.Contains(Finalizers.PromptInUse);
        // An object that is being deleted takes no new finalizer.
        if (isHeld == isUsed || (isUsed && prompt.IsDeleting()))
            return prompt;
        var wanted = isUsed ? finalizers.Append(Finalizers.PromptInUse) : finalizers.Where(finalizer => finalizer != Finalizers.PromptInUse);
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["resourceVersion"] = prompt.Metadata.ResourceVersion,
                ["finalizers"] = new JsonArray([.. wanted.Select(finalizer => (JsonNode)JsonValue.Create(finalizer)!)]),
            },
        };
        try
        {
            var written = await client.MergePatchAsync<PromptVersion>(prompt.Key(), patch, fieldManager: ApiGroup.OperatorFieldManager, ct: ct);
            cluster.PromptVersions.Store.Note(written);
            return written;
        }
        catch (KubernetesException e) when (e.IsNotFound)
        {
            return prompt;
        }
    }

    private PromptVersionStatus Status(PromptVersion prompt, List<PromptUse> uses)
    {
        var check = PromptValidation.Check(prompt.Spec);
        var before = prompt.Status;
        Rollouts.Problem? problem = check.Problems.Count > 0
            ? new(Reasons.PromptInvalid, $"{string.Join("; ", check.Problems)}. Create a corrected version: a PromptVersion never changes")
            : prompt.IsDeleting()
                ? new(Reasons.PromptNotFound, $"is deleted as soon as {string.Join(", ", uses.Select(use => use.Deployment).Distinct())} no longer uses it: name another version there")
                : null;
        var now = time.GetUtcNow();
        return new PromptVersionStatus
        {
            ObservedGeneration = prompt.Metadata.Generation,
            ContentHash = $"sha256:{PromptContent.Hash(prompt.Spec)}",
            Stage = Stage(before?.Stage, uses),
            UsedBy = uses.Count > 0 ? uses : null,
            Conditions = new ConditionSet(before?.Conditions, prompt.Metadata.Generation, now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond)))
                .Set(ConditionTypes.Ready, problem is null, problem?.Reason ?? Reasons.Valid, problem?.Message ?? (check.Warnings.Count > 0 ? string.Join("; ", check.Warnings) : "can be used"))
                .SetStalled(problem)
                .Conditions,
        };
    }

    private static string Stage(string? before, List<PromptUse> uses) =>
        uses.Exists(use => use.Track == Tracks.Stable) ? PromptStages.Production
        : uses.Count > 0 ? PromptStages.Candidate
        : before is PromptStages.Production or PromptStages.Archived ? PromptStages.Archived
        : PromptStages.Draft;
}

/// <summary>Values of <see cref="PromptVersionStatus.Stage"/>.</summary>
internal static class PromptStages
{
    public const string Draft = "Draft";
    public const string Candidate = "Candidate";
    public const string Production = "Production";
    public const string Archived = "Archived";
}
