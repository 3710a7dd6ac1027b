using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Operator.Resources;

/// <summary>Metadata of what the operator owns.</summary>
internal static class OwnedMetadata
{
    /// <summary>Metadata of an object that belongs to an LlmDeployment.</summary>
    public static ObjectMeta Of(LlmDeployment owner, string name, string? servingHash = null) => new()
    {
        Name = name,
        Namespace = owner.Metadata.Namespace,
        Labels = Labels(owner.Metadata.Name!, servingHash),
        OwnerReferences = [owner.ControllerReference()],
    };

    /// <summary>Metadata of an object that belongs to an EvalRun.</summary>
    public static ObjectMeta Of(EvalRun owner, string name) => new()
    {
        Name = name,
        Namespace = owner.Metadata.Namespace,
        Labels = RunLabels(owner),
        OwnerReferences = [owner.ControllerReference()],
    };

    /// <summary>Labels of the objects of an LlmDeployment, and with a serving hash of its pods.</summary>
    public static Dictionary<string, string> Labels(string deployment, string? servingHash = null)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [Api.Labels.ManagedBy] = Api.Labels.ManagedByValue,
            [Api.Labels.AppName] = ObjectNames.LabelValue(deployment),
            [Api.Labels.Deployment] = ObjectNames.LabelValue(deployment),
        };
        if (servingHash is not null)
            labels[Api.Labels.Serving] = servingHash;
        return labels;
    }

    /// <summary>Labels of the objects of an EvalRun and of its pods. The deployment label is left out: the Service selects by it.</summary>
    public static Dictionary<string, string> RunLabels(EvalRun run) => new(StringComparer.Ordinal)
    {
        [Api.Labels.ManagedBy] = Api.Labels.ManagedByValue,
        [Api.Labels.EvalRun] = ObjectNames.LabelValue(run.Metadata.Name!),
    };

    /// <summary>What selects the pods of one serving hash.</summary>
    public static Dictionary<string, string> PodSelector(string deployment, string servingHash) => new(StringComparer.Ordinal)
    {
        [Api.Labels.Deployment] = ObjectNames.LabelValue(deployment),
        [Api.Labels.Serving] = servingHash,
    };
}
