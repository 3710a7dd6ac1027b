namespace LlmOps.Gateway;

/// <summary>Headers that the gateway reads or writes.</summary>
internal static class GatewayHeaders
{
    /// <summary>Request: names the session that stays with one track.</summary>
    public const string Session = "x-llmops-session";

    /// <summary>Response: <c>namespace/name</c> of the LlmDeployment.</summary>
    public const string Deployment = "x-llmops-deployment";

    /// <summary>Response: hash of the release that answered.</summary>
    public const string Release = "x-llmops-release";

    /// <summary>Response: track of the release that answered.</summary>
    public const string Track = "x-llmops-track";
}
