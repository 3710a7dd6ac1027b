namespace LlmOps.Kubernetes;

/// <summary>What a credential plugin is told, and what it answers. https://kubernetes.io/docs/reference/config-api/client-authentication.v1/</summary>
internal sealed record ExecCredential
{
    public required string ApiVersion { get; init; }

    public required string Kind { get; init; }

    public ExecCredentialSpec? Spec { get; init; }

    public ExecCredentialStatus? Status { get; init; }
}

internal sealed record ExecCredentialSpec
{
    /// <summary>Whether it may ask its user. Never: an operator has none.</summary>
    public required bool Interactive { get; init; }

    /// <summary>Only where the kubeconfig says <c>provideClusterInfo</c>.</summary>
    public ExecCredentialCluster? Cluster { get; init; }
}

internal sealed record ExecCredentialCluster
{
    public required string Server { get; init; }

    public string? TlsServerName { get; init; }

    /// <summary>PEM, in base 64.</summary>
    public byte[]? CertificateAuthorityData { get; init; }

    public string? ProxyUrl { get; init; }
}

internal sealed record ExecCredentialStatus
{
    public DateTimeOffset? ExpirationTimestamp { get; init; }

    public string? Token { get; init; }

    /// <summary>PEM.</summary>
    public string? ClientCertificateData { get; init; }

    /// <summary>PEM.</summary>
    public string? ClientKeyData { get; init; }

    /// <summary>Never what is in it: this could end up in logs.</summary>
    public override string ToString() => $"credentials until {ExpirationTimestamp?.ToString("u") ?? "they are refused"}";
}
