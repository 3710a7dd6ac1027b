using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Gateway;

/// <summary>Everything that the gateway asks of the API server: it only reads. config/rbac is generated from it.</summary>
public static class GatewayPermissions
{
    private static readonly string[] Read = ["list", "watch"];

    /// <summary>The table.</summary>
    public static IReadOnlyList<Permission> All { get; } =
    [
        new(ApiGroup.Name, "llmdeployments", Read, "Routing table: releases and their weights"),
        new(ApiGroup.Name, "promptversions", Read, "Prompts to render"),
        new(string.Empty, "secrets", ["get"], "API keys of engines, by the names that the operator wrote into status; never listed or watched"),
        new("discovery.k8s.io", "endpointslices", Read, "Addresses of engine pods"),
    ];
}
