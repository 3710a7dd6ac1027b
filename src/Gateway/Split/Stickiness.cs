namespace LlmOps.Gateway.Split;

/// <summary>What stays with one track while a rollout runs: <c>spec.traffic.stickiness</c>.</summary>
internal enum Stickiness
{
    /// <summary>Header <see cref="GatewayHeaders.Session"/>, else the body's <c>user</c>, else each request by itself.</summary>
    Session,

    /// <summary>The body's <c>user</c>, else each request by itself.</summary>
    User,

    /// <summary>Each request by itself.</summary>
    Request,
}
