using LlmOps.Gateway.Metering;
using LlmOps.Gateway.Picking;
using LlmOps.Gateway.Prompts;

namespace LlmOps.Gateway.Routing;

/// <summary>A release that requests can be sent to, with everything resolved.</summary>
internal sealed class ReleaseTarget
{
    public required string Release { get; init; }

    /// <summary>One of <c>Api.Tracks</c>.</summary>
    public required string Track { get; init; }

    /// <summary>The engine's name of the model as a JSON string, with quotes.</summary>
    public required ReadOnlyMemory<byte> ServedNameJson { get; init; }

    /// <summary>Null where the release has no prompt.</summary>
    public PromptPlan? Prompt { get; init; }

    /// <summary>Why the prompt cannot be used; null where it can, or there is none.</summary>
    public PromptProblem? PromptProblem { get; init; }

    /// <summary>What the engines ask for; null where they ask for nothing, or clients send it themselves.</summary>
    public EngineKey? ApiKey { get; init; }

    /// <summary>Ready endpoints.</summary>
    public required EngineEndpoint[] Endpoints { get; init; }

    public required ReleaseState State { get; init; }

    public required ReleaseMeter Meter { get; init; }
}
