using LlmOps.Kubernetes;

namespace LlmOps.LocalCluster.Nodes.Kubelet;

/// <summary>What is known of a container at one moment: the source of its status.</summary>
internal sealed record ContainerSnapshot
{
    public required string Name { get; init; }

    public required string? Image { get; init; }

    public ContainerState State { get; init; } = Waiting("ContainerCreating");

    public ContainerState? LastState { get; init; }

    public int RestartCount { get; init; }

    public bool Started { get; init; }

    public bool Ready { get; init; }

    /// <summary>It ran at least once.</summary>
    public bool HasRun { get; init; }

    /// <summary>It ended and will not be started again.</summary>
    public bool HasEnded { get; init; }

    public static ContainerState Waiting(string reason, string? message = null) => new() { Waiting = new() { Reason = reason, Message = message } };

    public ContainerStatus ToStatus() => new()
    {
        Name = Name,
        Image = Image,
        ImageID = HasRun ? $"simulated://{Image}" : string.Empty,
        RestartCount = RestartCount,
        Started = Started,
        Ready = Ready,
        State = State,
        LastState = LastState,
    };
}
