using LlmOps.Api;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Applying;

/// <summary>Says in a condition how a person goes on: a command to copy. Not part of what the engine keeps.</summary>
internal static class ActionHint
{
    /// <summary>The message of a rollout, with the command where it waits for a person.</summary>
    public static string Append(LlmDeployment deployment, Rollout rollout) => rollout.Reason switch
    {
        Reasons.AwaitingApproval => $"{rollout.Message}. To approve: {Command(deployment, "Approve", rollout.ReleaseHash)}",
        Reasons.AwaitingDecision => $"{rollout.Message}. To take it over all the same: {Command(deployment, "Promote", rollout.ReleaseHash)}; to give it up, the same with Abort",
        _ => rollout.Message,
    };

    private static string Command(LlmDeployment deployment, string action, string release) =>
        $$$"""echo '{"apiVersion":"{{{ApiGroup.ApiVersion}}}","kind":"{{{RolloutAction.ResourceKind.Kind}}}","metadata":{"generateName":"{{{action.ToLowerInvariant()}}}-"},"spec":{"deployment":"{{{deployment.Metadata.Name}}}","action":"{{{action}}}","release":"{{{release}}}"}}' | kubectl create -n {{{deployment.Metadata.Namespace}}} -f -""";
}
