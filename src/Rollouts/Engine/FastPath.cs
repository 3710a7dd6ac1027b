namespace LlmOps.Rollouts.Engine;

/// <summary>
/// Faults that need no statistics. With traffic one is enough, since stable answered the same request: gateways count them only there, so a client's own fault never is one.
/// Without, all ready pods must refuse the operator's own request.
/// </summary>
internal static class FastPath
{
    /// <summary>Why the candidate cannot serve at all; null where nothing says so.</summary>
    public static Problem? Find(Situation situation, Course course)
    {
        var rollout = course.Rollout;
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
                : RefusesWarmUp(situation, course)
                    ? new(RolloutReasons.CandidateUnauthorized, $"all ready pods of release {rollout.ReleaseHash} refused the warm-up request as unauthorized: check that spec.engine.apiKeySecretRef names the API key that they were started with")
                    : null;
    }

    /// <summary>
    /// Only before the first request: afterwards gateways know better, since they see whether stable refuses as well. Pods that are stable's own are not the candidate's fault,
    /// and what was seen when the rollout began was seen of another one's pods.
    /// </summary>
    private static bool RefusesWarmUp(Situation situation, Course course) =>
        !course.SharesPods && course.Rollout.MaxWeight == 0 && course.Rollout.StartedAt < situation.Now && situation.PodsOf(course.Candidate) is { Ready: > 0 } pods && pods.Unauthorized >= pods.Ready;
}
