using LlmOps.Api;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;

namespace LlmOps.Operator.Tests.Faults;

/// <summary>A way in which a request to the API server goes wrong.</summary>
/// <param name="Name">As in the names of tests.</param>
/// <param name="Hits">Requests that can go wrong in this way.</param>
internal sealed record Injection(string Name, Func<FaultEffect> Effect, Func<ApiRequest, bool> Hits)
{
    /// <summary>What a server asks for that sheds load.</summary>
    public static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    public static IReadOnlyList<Injection> All { get; } =
    [
        new("409", () => FaultEffect.Status(409, "Conflict", "the object has been modified"), request => request.IsWrite),
        new("429 with Retry-After", () => FaultEffect.Status(429, "TooManyRequests", "slow down", RetryAfter), _ => true),
        new("500", () => FaultEffect.Status(500, "InternalError", "etcdserver: leader changed"), _ => true),
        new("503", () => FaultEffect.Status(503, "ServiceUnavailable", "apiserver is shutting down"), _ => true),
        new("404 of a server that does not know our kinds yet", () => FaultEffect.Status(404, "NotFound", "the server could not find the requested resource"), request => request.Group == ApiGroup.Name),
        new("connection reset", () => FaultEffect.ResetBefore, _ => true),
        new("hung response", () => FaultEffect.HangBefore(new FaultGate()), _ => true),
        new("answer that never comes of a write that is done", () => FaultEffect.HangAfter(new FaultGate()), request => request.IsWrite),
        new("slow response", () => FaultEffect.Delay(TimeSpan.FromSeconds(3)), _ => true),
        new("response cut in the middle", () => FaultEffect.CutAnswer, _ => true),
    ];

    public override string ToString() => Name;

    /// <summary>Whether this can happen to a request of the operator.</summary>
    public bool IsAbout(ApiRequest request) => TestWorld.IsFromOperator(request) && Hits(request);
}
