namespace LlmOps.Kubernetes;

/// <summary>Which group of processes, and how its members show that they are there.</summary>
public sealed record MembershipOptions
{
    /// <summary>Namespace of the leases.</summary>
    public required string Namespace { get; init; }

    /// <summary>Name of the group: a DNS label, and the beginning of the names of its members' leases.</summary>
    public required string Group { get; init; }

    /// <summary>Key of the label by which the leases of the group are found; its value is the group.</summary>
    public required string GroupLabel { get; init; }

    /// <summary>Who this process is, unique in the group.</summary>
    public required string Identity { get; init; }

    /// <summary>How long after its last renewal that was seen a member counts as there. Default: 15 s.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Between two renewals, each followed by a look at the others. Default: 2 s.</summary>
    public TimeSpan RenewPeriod { get; init; } = TimeSpan.FromSeconds(2);
}
