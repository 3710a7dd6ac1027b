namespace LlmOps.Rollouts.Engine;

/// <summary>
/// Faults that need no statistics: one is enough, since stable answered the same request. Gateways count them only there, so a client's own fault never is one.
/// </summary>
internal static class FastPath
{
    /// <summary>Why the candidate cannot serve at all; null where nothing says so.</summary>
    public static Problem? Find(Rollout rollout)
    {
        var (renderFailures, unauthorized) = (0L, 0L);
        foreach (var row in rollout.Evidence)
        {
            renderFailures += row.Candidate.RenderFailures;
            unauthorized += row.Candidate.Unauthorized;
        }

        return renderFailures > 0
            ? new(RolloutReasons.PromptCannotRender, $"the prompt of release {rollout.ReleaseHash} could not be rendered for {renderFailures} requests that stable answered: compare its variables with those that clients send")
            : unauthorized > 0
                ? new(RolloutReasons.CandidateUnauthorized, $"the engine of release {rollout.ReleaseHash} refused {unauthorized} requests as unauthorized that stable answered: check its API key")
                : null;
    }
}
