using System.Collections.Concurrent;

namespace LlmOps.Testing;

/// <summary>
/// Who may do what, as RBAC has it: nobody is bound until rules are given to them, and then everything else is answered with 403. Also what the real server
/// asks beside the request itself: <c>create</c> where an apply makes a new object, <c>update</c> on the finalizers of an owner whose deletion is blocked
/// (OwnerReferencesPermissionEnforcement), and for Roles and RoleBindings all that they grant.
/// </summary>
/// <remarks>Thread safe.</remarks>
public sealed class AccessControl
{
    private readonly ConcurrentQueue<(Func<ApiRequest, bool> Who, IReadOnlyList<AccessRule> Rules)> bounds = new();
    private readonly ConcurrentDictionary<AccessRule, string> used = new();
    private readonly ConcurrentQueue<string> refused = new();

    /// <summary>Rules that let a request through, each with the first such request.</summary>
    public IReadOnlyDictionary<AccessRule, string> Used => used;

    /// <summary>What was refused, with the request.</summary>
    public IReadOnlyCollection<string> Refused => refused;

    /// <summary>From now on, those whose requests these are may do what the rules say, and nothing else.</summary>
    public void Restrict(Func<ApiRequest, bool> who, IReadOnlyList<AccessRule> rules) => bounds.Enqueue((who, rules));

    /// <summary>The 403's message where the request needs what its sender may not do; null where all is well.</summary>
    internal string? Check(ApiRequest request, AccessRule needed)
    {
        foreach (var (who, rules) in bounds)
        {
            if (!who(request))
                continue;
            if (rules.FirstOrDefault(rule => rule.Covers(needed)) is { } rule)
            {
                used.TryAdd(rule, request.ToString());
                continue;
            }

            refused.Enqueue($"{request}: {needed}");
            return $"cannot {needed}";
        }

        return null;
    }
}
