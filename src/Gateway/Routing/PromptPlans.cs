using LlmOps.Api;
using LlmOps.Gateway.Prompts;
using LlmOps.Kubernetes;

namespace LlmOps.Gateway.Routing;

/// <summary>Compiled prompts by name. Not thread safe.</summary>
internal sealed class PromptPlans
{
    private readonly Dictionary<ObjectKey, PromptVersion> versions = [];
    private readonly Dictionary<ObjectKey, (PromptPlan? Plan, PromptProblem? Problem)> plans = [];

    /// <summary>Deleted while they served.</summary>
    private readonly HashSet<ObjectKey> deleted = [];

    /// <summary>Takes over a change; true where routes that use the prompt must be made anew.</summary>
    /// <param name="prompt">Name of the prompt.</param>
    /// <param name="after">Null where it is deleted.</param>
    /// <param name="inUse">A prompt that serves goes on serving after its deletion: the running release is not thrown away.</param>
    public bool Apply(ObjectKey prompt, PromptVersion? after, bool inUse)
    {
        if (after is null && inUse)
        {
            deleted.Add(prompt);
            return false;
        }

        deleted.Remove(prompt);
        if (after is not null && versions.TryGetValue(prompt, out var known) && known.Metadata.Uid == after.Metadata.Uid && known.Metadata.Generation == after.Metadata.Generation && after.Metadata.Generation is not null)
            return false;
        plans.Remove(prompt);
        if (after is null)
            versions.Remove(prompt);
        else
            versions[prompt] = after;
        return true;
    }

    /// <summary>Lets go of deleted prompts that serve no more.</summary>
    public void Sweep(Predicate<ObjectKey> isInUse)
    {
        foreach (var prompt in deleted)
        {
            if (isInUse(prompt))
                continue;
            // Allowed while it is enumerated.
            deleted.Remove(prompt);
            versions.Remove(prompt);
            plans.Remove(prompt);
        }
    }

    /// <summary>The prompt ready to render, or why it cannot be.</summary>
    public (PromptPlan? Plan, PromptProblem? Problem) Find(ObjectKey prompt)
    {
        if (!versions.TryGetValue(prompt, out var version))
            return (null, new($"PromptVersion {prompt.Name} does not exist", IsInvalid: false));
        if (!plans.TryGetValue(prompt, out var plan))
        {
            var compilation = PromptRenderer.Compile(version.Spec);
            plan = compilation.Prompt is { } compiled
                ? (new PromptPlan(compiled, version.Spec), null)
                : (null, new($"PromptVersion {prompt.Name} is not valid: {compilation.Problems[0]}", IsInvalid: true));
            plans.Add(prompt, plan);
        }

        return plan;
    }
}

/// <summary>Why a prompt cannot be used.</summary>
/// <param name="Message">A sentence's second half, such as <c>PromptVersion x does not exist</c>.</param>
/// <param name="IsInvalid">No template of it can be rendered, ever. Else it is not known here, which a late watch can be the reason of.</param>
internal sealed record PromptProblem(string Message, bool IsInvalid);
