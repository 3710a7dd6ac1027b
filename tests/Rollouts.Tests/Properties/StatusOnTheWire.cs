using System.Text.Json;
using LlmOps.Api;
using LlmOps.Operator.Applying;
using LlmOps.Operator.Gathering;

namespace LlmOps.Rollouts.Tests.Properties;

/// <summary>A state as an operator leaves it to the next one: written to status, read from it.</summary>
internal static class StatusOnTheWire
{
    private static readonly LlmDeployment Deployment = new()
    {
        Metadata = new() { Name = "bot", Namespace = "default" },
        Spec = new() { Model = new() { Source = "hf://org/model" }, Engine = new() { Type = EngineTypes.VLlm } },
    };

    public static RolloutState ThereAndBack(RolloutPlan plan, RolloutState state, EquatableArray<ServingTarget> targets, DateTimeOffset? deadline, DateTimeOffset now)
    {
        var gathered = new Gathered
        {
            Deployment = Deployment,
            Spec = new(plan, null, []),
            State = state,
            Releases = new ReleaseBook([], null),
            Runs = [],
            Observation = new Observation { NewRolloutId = "ffffffff" },
        };
        var decision = new Decision { Next = state, Pods = targets, Deadline = deadline, Reason = RolloutReasons.NoRollout, Message = "as before" };
        var wire = JsonSerializer.SerializeToUtf8Bytes(StatusBuilder.Build(gathered, decision, null, now), ApiJson.Default.LlmDeploymentStatus);
        return RolloutStateReader.Read(JsonSerializer.Deserialize(wire, ApiJson.Default.LlmDeploymentStatus));
    }
}
