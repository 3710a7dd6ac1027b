namespace LlmOps.LocalCluster;

/// <summary>How to start a <see cref="ControlPlane"/>.</summary>
public sealed record ControlPlaneOptions
{
    /// <summary>Where etcd's data, certificates and logs go. Null: a fresh folder, removed at the end. A given folder is kept, and reused when it holds data.</summary>
    public string? DataDirectory { get; init; }

    /// <summary>Further flags of the server, such as <c>--token-auth-file=FILE</c> or <c>-v=2</c>.</summary>
    public IReadOnlyList<string> ExtraArguments { get; init; } = [];

    /// <summary>Set for etcd and the server on top of what is inherited, such as <c>GOGC</c>; null removes a variable.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>How long one start may take before it is given up. Default 60 seconds; a start takes 1 to 2 on an idle machine.</summary>
    public TimeSpan ReadyTimeout { get; init; } = TimeSpan.FromSeconds(60);
}

/// <summary>Whether the local control plane can be had here.</summary>
/// <param name="IsAvailable">Whether <see cref="ControlPlane.StartAsync"/> can be expected to work.</param>
/// <param name="IsBuilt">Whether the binaries are there; else the first start takes about 3 minutes.</param>
/// <param name="Reason">Why, in words for a person.</param>
public sealed record ControlPlaneAvailability(bool IsAvailable, bool IsBuilt, string Reason);

/// <summary>The local control plane cannot be built or does not start; the message says what to do.</summary>
public sealed class ControlPlaneException : Exception
{
    public ControlPlaneException(string message)
        : base(message)
    {
    }
}
